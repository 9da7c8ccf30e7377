/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/egress.h"

#include "dataplane/abi/verdicts.h"
#include "dataplane/core/flow_table.h"
#include "dataplane/core/hops.h"

/* By a next hop of the tables; false when its MAC is not known. */
static bool by_next_hop(const struct engine *engine, uint32_t index, struct egress *out)
{
	const struct snapshot *snapshot = engine->snapshot;

	if (index >= snapshot->next_hop_count || snapshot->next_hops[index] == NULL)
		return false;
	const struct abi_next_hop *next_hop = snapshot->next_hops[index];
	if (!next_hop->resolved || next_hop->port >= engine->port_count)
		return false;
	uint16_t port_mtu = engine->ports[next_hop->port].mtu;
	out->port = next_hop->port;
	out->vlan = next_hop->vlan;
	out->mtu = next_hop->mtu != 0 && next_hop->mtu < port_mtu ? next_hop->mtu : port_mtu;
	memcpy(out->mac, next_hop->mac, sizeof(out->mac));
	return true;
}

/* By a learned hop: with its neighbour's MAC of now, or the MAC learned. */
static bool by_hop(const struct engine *engine, uint16_t index, struct egress *out)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct abi_flow_hop *hop = &engine->flows->hops[index];

	if (index == HOP_NONE || hop->port >= engine->port_count)
		return false;
	if (hop->next_hop < snapshot->next_hop_count &&
	    snapshot->next_hops[hop->next_hop] != NULL &&
	    snapshot->next_hops[hop->next_hop]->epoch == hop->next_hop_epoch &&
	    by_next_hop(engine, hop->next_hop, out))
		return true;
	out->port = hop->port;
	out->vlan = hop->vlan;
	out->mtu = engine->ports[hop->port].mtu;
	memcpy(out->mac, hop->mac, sizeof(out->mac));
	return true;
}

static bool by_route(const struct engine *engine, uint32_t be_address, struct egress *out)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct abi_route *route = snapshot_find_route(snapshot, be_address);

	if (route == NULL)
		return false;
	uint32_t next_hop = route->next_hop;
	if (next_hop == ABI_NONE)
		next_hop = snapshot_find_neighbour(snapshot, route->port, be_address);
	return by_next_hop(engine, next_hop, out);
}

static uint8_t judge(const struct headers *headers, const struct egress *egress)
{
	if (headers->ttl <= 1)
		return ABI_VERDICT_TTL_EXPIRED;
	if (headers->ip_length > egress->mtu)
		return ABI_VERDICT_TOO_BIG;
	return VERDICT_NONE;
}

uint8_t egress_to_backend(const struct engine *engine, const struct abi_backend *backend,
			  const struct headers *headers, struct egress *out)
{
	if (!by_next_hop(engine, backend->next_hop, out))
		return ABI_VERDICT_NO_NEXT_HOP;
	return judge(headers, out);
}

uint8_t egress_to_client(const struct engine *engine, const struct abi_flow *flow,
			 const struct headers *headers, struct egress *out)
{
	if (!by_hop(engine, flow->client_hop, out) && !by_route(engine, flow->be_client, out))
		return ABI_VERDICT_NO_NEXT_HOP;
	return judge(headers, out);
}
