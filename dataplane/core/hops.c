/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/hops.h"

#include "dataplane/core/wire.h"

/* Places, from the one its hash names on, at which a hop may lie. */
#define HOP_WINDOW 32

static bool may_learn(const struct engine *engine, const struct packet *packet,
		      const struct ip_address *client, uint32_t neighbour)
{
	const struct engine_port *port = &engine->ports[packet->in_port];

	if (port->learn_from_anyone || neighbour != ABI_NONE)
		return true;
	const struct abi_route *route = snapshot_find_route(engine->snapshot, client);
	return route != NULL && route->next_hop == ABI_NONE && route->port == packet->in_port;
}

static uint32_t first_place(uint64_t key)
{
	return (uint32_t)flow_hash_mix(key, 0x9e3779b97f4a7c15ull) & (ABI_FLOW_HOPS - 1);
}

/* The hop's place, or else one that no flow names; HOP_NONE: neither. */
static uint16_t find_place(const struct flow_table *table, uint64_t key, uint16_t outer_vlan)
{
	uint32_t first = first_place(key);
	uint16_t free_place = HOP_NONE;

	for (unsigned i = 0; i < HOP_WINDOW; i++) {
		uint16_t place = (uint16_t)((first + i) & (ABI_FLOW_HOPS - 1));
		if (place == HOP_NONE)
			continue;
		if (table->hop_ways[place].key == key &&
		    table->hop_ways[place].outer_vlan == outer_vlan)
			return place;
		if (free_place == HOP_NONE && table->hop_users[place] == 0)
			free_place = place;
	}
	return free_place;
}

static void write_hop(struct flow_table *table, uint16_t place, const struct packet *packet,
		      uint32_t neighbour, uint32_t epoch)
{
	struct abi_flow_hop *hop = &table->hops[place];

	hop->port = packet->in_port;
	hop->vlan = packet->vlan;
	hop->outer_vlan = packet->outer_vlan;
	memcpy(hop->mac, packet->data + ETHERNET_SOURCE, sizeof(hop->mac));
	hop->next_hop = neighbour;
	hop->next_hop_epoch = epoch;
	hop->used = 1;
	table->hop_ways[place] =
		(struct flow_hop_way){.key = hops_key(packet), .outer_vlan = packet->outer_vlan};
}

uint16_t hops_learn(struct engine *engine, struct flow_table *table, const struct packet *packet,
		    const struct ip_address *client)
{
	const struct snapshot *snapshot = engine->snapshot;
	const uint8_t *mac = packet->data + ETHERNET_SOURCE;

	if (engine->ports[packet->in_port].reply_by_route)
		return HOP_NONE;
	uint16_t place = find_place(table, hops_key(packet), packet->outer_vlan);
	/* A neighbour's, as these tables have been asked before. */
	if (place != HOP_NONE && hops_is_from(table, place, packet) &&
	    table->hop_ways[place].learned_era == engine->era &&
	    table->hops[place].next_hop != ABI_NONE)
		return place;
	uint32_t neighbour = snapshot_find_mac(snapshot, packet->in_port, packet->vlan,
					       packet->outer_vlan, mac, table->family);
	if (place == HOP_NONE || !may_learn(engine, packet, client, neighbour))
		return HOP_NONE;

	uint32_t epoch = neighbour == ABI_NONE ? 0 : snapshot->next_hops[neighbour]->epoch;
	const struct abi_flow_hop *hop = &table->hops[place];
	if (!hops_is_from(table, place, packet) || hop->next_hop != neighbour ||
	    hop->next_hop_epoch != epoch)
		write_hop(table, place, packet, neighbour, epoch);
	table->hop_ways[place].learned_era = engine->era;
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

/* hops_key() of the packets that come by it; 0: it cannot be one. */
static uint64_t key_of(const struct abi_flow_hop *hop, uint16_t port_count)
{
	uint64_t mac = 0;

	if (!hop->used || hop->port >= port_count || hop->vlan > 0xfff ||
	    (hop->outer_vlan & ~PACKET_OUTER_8021Q) > 0xfff)
		return 0;
	memcpy(&mac, hop->mac, sizeof(hop->mac));
	return mac << 16 | (uint64_t)hop->port << 12 | hop->vlan;
}

void hops_restore(struct flow_table *table, uint16_t port_count)
{
	for (uint32_t i = 0; i < ABI_FLOW_HOPS; i++)
		table->hop_ways[i] =
			(struct flow_hop_way){.key = key_of(&table->hops[i], port_count),
					      .outer_vlan = table->hops[i].outer_vlan};
}

void hops_sweep(struct flow_table *table)
{
	for (uint32_t i = 0; i < ABI_FLOW_HOPS; i++) {
		if (table->hop_users[i] != 0)
			continue;
		table->hops[i] = (struct abi_flow_hop){0};
		table->hop_ways[i] = (struct flow_hop_way){0};
	}
}

uint16_t hops_copy(struct flow_table *table, const struct abi_flow_hop *hop, uint16_t port_count)
{
	uint64_t key = key_of(hop, port_count);
	uint16_t place = key == 0 ? HOP_NONE : find_place(table, key, hop->outer_vlan);

	if (place != HOP_NONE && (table->hop_ways[place].key != key ||
				  table->hop_ways[place].outer_vlan != hop->outer_vlan)) {
		table->hops[place] = *hop;
		table->hop_ways[place] =
			(struct flow_hop_way){.key = key, .outer_vlan = hop->outer_vlan};
	}
	return place;
}
