/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the packet path asks with every packet, gathered from the objects into
 * rows of half a cache line: made once for each generation, by the main thread.
 */
#include "dataplane/abi/flows.h"
#include "dataplane/core/packet.h"
#include "dataplane/core/snapshot.h"

_Static_assert(ABI_OUTER_8021Q == PACKET_OUTER_8021Q, "a next hop names tags as a packet does");

void snapshot_way(const struct snapshot *snapshot, const struct tables_limits *limits,
		  uint32_t next_hop, struct way *way)
{
	*way = (struct way){0};
	if (next_hop >= snapshot->next_hop_count || snapshot->next_hops[next_hop] == NULL)
		return;
	const struct abi_next_hop *hop = snapshot->next_hops[next_hop];
	if (!hop->resolved || hop->port >= limits->port_count)
		return;
	memcpy(way->ethernet, hop->mac, 6);
	way->port = hop->port;
	way->vlan = hop->vlan;
	way->outer_vlan = hop->outer_vlan;
	way->mtu = hop->mtu;
	way->known = 1;
	if (limits->ports != NULL) {
		const struct engine_port *port = &limits->ports[hop->port];

		memcpy(way->ethernet + 6, port->mac, 6);
		if (hop->mtu == 0 || hop->mtu > port->mtu)
			way->mtu = port->mtu;
	}
}

/* Rounded up, and one more: last_seen was rounded down. */
static uint32_t ticks_of(uint32_t milliseconds)
{
	return (uint32_t)(((uint64_t)milliseconds + ABI_FLOW_TICK_MS - 1) >> ABI_FLOW_TICK_SHIFT) +
	       1;
}

/* While it is down: clients' datagrams and SYNs go to others; and what may be reset is, on both
 * sides. Its own packets are not looked at where no service wants that. */
static uint8_t watched_of(const struct abi_backend *backend, bool any_resets)
{
	if (backend->state != ABI_BACKEND_DOWN)
		return 0;
	return (uint8_t)(1u << ABI_FLOW_FROM_CLIENT | (unsigned)(backend->expired || any_resets)
							      << ABI_FLOW_FROM_BACKEND);
}

void snapshot_fill_rules(struct snapshot *snapshot, const struct tables_limits *limits)
{
	bool any_resets = false;

	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		const struct abi_service *service = snapshot->services[i];
		struct service_rule *rule = &snapshot->service_rules[i];

		if (service == NULL)
			continue;
		rule->epoch = service->epoch;
		rule->mss_clamp = service->mss_clamp;
		rule->group = service->group;
		if (service->group != 0)
			snapshot->groups |= 1ull << service->group;
		rule->resets = service->on_backend_down == ABI_BACKEND_DOWN_RESET;
		any_resets |= rule->resets;
		for (unsigned state = 0; state < ABI_TIMEOUT_COUNT; state++)
			rule->timeouts[state] = ticks_of(service->timeouts[state]);
	}
	for (uint32_t i = 0; i < snapshot->backend_count; i++) {
		const struct abi_backend *backend = snapshot->backends[i];
		struct backend_rule *rule = &snapshot->backend_rules[i];

		if (backend == NULL)
			continue;
		rule->epoch = backend->epoch;
		rule->state = backend->state;
		rule->expired = backend->expired;
		rule->watched = watched_of(backend, any_resets);
		snapshot_way(snapshot, limits, backend->next_hop, &rule->way);
	}
}

void snapshot_note_turned(struct snapshot *snapshot, const struct snapshot *before)
{
	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		struct service_rule *rule = &snapshot->service_rules[i];

		if (before == NULL || i >= before->service_count || rule->epoch == 0 ||
		    before->service_rules[i].epoch != rule->epoch)
			continue;
		rule->turned = before->service_rules[i].turned ||
			       before->services[i]->forwarding != snapshot->services[i]->forwarding;
		snapshot->any_turned |= rule->turned;
	}
}
