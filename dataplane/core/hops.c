/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/hops.h"

#include "dataplane/core/wire.h"

/* Places, from the one its hash names on, at which a hop may lie. */
#define HOP_WINDOW 32

static bool may_learn(const struct engine *engine, const struct packet *packet, uint32_t be_client,
		      uint32_t neighbour)
{
	const struct engine_port *port = &engine->ports[packet->in_port];

	if (port->learn_from_anyone || neighbour != ABI_NONE)
		return true;
	const struct abi_route *route = snapshot_find_route(engine->snapshot, be_client);
	return route != NULL && route->next_hop == ABI_NONE && route->port == packet->in_port;
}

static uint32_t first_place(const struct packet *packet)
{
	uint64_t key = 0;

	memcpy(&key, packet->data + ETHERNET_SOURCE, 6);
	key ^= (uint64_t)packet->in_port << 48 ^ (uint64_t)packet->vlan << 52;
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32) % ABI_FLOW_HOPS;
}

bool hops_is_from(const struct flow_table *table, uint16_t hop, const struct packet *packet)
{
	const struct abi_flow_hop *place = &table->hops[hop];

	return hop != HOP_NONE && place->used && place->port == packet->in_port &&
	       place->vlan == packet->vlan &&
	       memcmp(place->mac, packet->data + ETHERNET_SOURCE, sizeof(place->mac)) == 0;
}

/* The hop's place, or else one that no flow names; HOP_NONE: neither. */
static uint16_t find_place(const struct flow_table *table, const struct packet *packet)
{
	uint32_t first = first_place(packet);
	uint16_t free_place = HOP_NONE;

	for (unsigned i = 0; i < HOP_WINDOW; i++) {
		uint16_t place = (uint16_t)((first + i) % ABI_FLOW_HOPS);
		if (place == HOP_NONE)
			continue;
		if (hops_is_from(table, place, packet))
			return place;
		if (free_place == HOP_NONE && table->hop_users[place] == 0)
			free_place = place;
	}
	return free_place;
}

uint16_t hops_learn(struct engine *engine, const struct packet *packet, uint32_t be_client)
{
	const struct snapshot *snapshot = engine->snapshot;
	const uint8_t *mac = packet->data + ETHERNET_SOURCE;

	if (engine->ports[packet->in_port].reply_by_route)
		return HOP_NONE;
	uint32_t neighbour = snapshot_find_mac(snapshot, packet->in_port, packet->vlan, mac);
	if (!may_learn(engine, packet, be_client, neighbour))
		return HOP_NONE;

	uint16_t place = find_place(engine->flows, packet);
	if (place == HOP_NONE)
		return HOP_NONE;
	struct abi_flow_hop *hop = &engine->flows->hops[place];
	hop->port = packet->in_port;
	hop->vlan = packet->vlan;
	memcpy(hop->mac, mac, sizeof(hop->mac));
	hop->next_hop = neighbour;
	hop->next_hop_epoch = neighbour == ABI_NONE ? 0 : snapshot->next_hops[neighbour]->epoch;
	hop->used = 1;
	return place;
}

void hops_assign(struct flow_table *table, struct abi_flow *flow, uint16_t hop)
{
	if (flow->client_hop == hop)
		return;
	if (flow->client_hop != HOP_NONE)
		table->hop_users[flow->client_hop]--;
	if (hop != HOP_NONE)
		table->hop_users[hop]++;
	__atomic_store_n(&flow->client_hop, hop, __ATOMIC_RELAXED);
}
