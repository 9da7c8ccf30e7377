/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/egress.h"

static struct tables_limits limits_of(const struct engine *engine)
{
	return (struct tables_limits){engine->port_count, engine->ports, false};
}

/* With the neighbour's MAC of now, or the MAC learned. */
const struct way *egress_by_hop(const struct engine *engine, struct flow_table *table,
				uint16_t index)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct tables_limits limits = limits_of(engine);
	const struct abi_flow_hop *hop = &table->hops[index];
	struct flow_hop_way *kept = &table->hop_ways[index];
	struct way *way = &kept->way;

	*way = (struct way){0};
	kept->era = engine->era;
	if (hop->port >= engine->port_count)
		return way;
	if (hop->next_hop < snapshot->next_hop_count &&
	    snapshot->next_hops[hop->next_hop] != NULL &&
	    snapshot->next_hops[hop->next_hop]->epoch == hop->next_hop_epoch)
		snapshot_way(snapshot, &limits, hop->next_hop, way);
	if (way->known)
		return way;
	*way = (struct way){
		.port = hop->port,
		.vlan = hop->vlan,
		.outer_vlan = hop->outer_vlan,
		.mtu = engine->ports[hop->port].mtu,
		.known = 1,
	};
	memcpy(way->ethernet, hop->mac, 6);
	memcpy(way->ethernet + 6, engine->ports[hop->port].mac, 6);
	return way;
}

void egress_by_route(const struct engine *engine, const struct abi_flow *flow, struct way *way)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct tables_limits limits = limits_of(engine);
	struct flow_tuple tuple = flow_tuple_of(flow, ABI_FLOW_FROM_CLIENT);
	struct ip_address client = flow_tuple_source(&tuple);
	const struct abi_route *route = snapshot_find_route(snapshot, &client);
	uint32_t next_hop = ABI_NONE;

	if (route != NULL)
		next_hop = route->next_hop != ABI_NONE
				   ? route->next_hop
				   : snapshot_find_neighbour(snapshot, route->port, &client);
	snapshot_way(snapshot, &limits, next_hop, way);
}
