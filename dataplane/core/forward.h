/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A packet that changes nothing in its flow but when it was last seen: inline,
 * once for each family. Whatever is unusual is left to engine_run_flow(). No
 * branch asks for the direction, which is a coin's throw and would mislead the
 * processor: what differs by it is chosen by masks.
 */
#pragma once

#include "dataplane/core/egress.h"
#include "dataplane/core/translate.h"

/* Whether the flow is in a state that goes on with such packets. */
always_inline bool is_steady(const struct abi_flow *flow, enum abi_flow_direction direction,
			     uint8_t tcp_flags)
{
	bool known = (unsigned)direction <= (flow->flags & ABI_FLOW_ANSWERED);
	uint8_t unusual = tcp_flags & (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST);

	if (likely(flow->state == ABI_FLOW_TCP_ESTABLISHED))
		return known & (unusual == 0);
	return known & (flow->state == ABI_FLOW_UDP) & ((flow->flags & ABI_FLOW_STREAM) != 0);
}

/* The packet's verdict, or VERDICT_NONE: it is not as plain as that, and nothing was done. */
always_inline uint8_t forward(struct engine *engine, const struct flow_table *table,
			      struct packet *packet, const struct headers *headers,
			      struct abi_flow *flow, enum abi_flow_direction direction,
			      uint32_t now, uint8_t family)
{
	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	if (unlikely(service == NULL) || engine_is_fenced(engine, service))
		return VERDICT_NONE;
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	if (unlikely(backend == NULL))
		return VERDICT_NONE;
	const struct flow_hop_way *hop = &table->hop_ways[flow->client_hop];
	const struct way *way = direction == ABI_FLOW_FROM_CLIENT ? &backend->way : &hop->way;
	/* Of a client: that it came as before. To it: that the way is known. */
	uint64_t there =
		(hop->key ^ hops_key(packet)) | (uint64_t)(hop->outer_vlan ^ packet->outer_vlan);
	uint64_t back = hop->era ^ engine->era;
	uint64_t is_watched = backend->watched >> direction & 1;
	uint64_t to_client = -(uint64_t)direction;

	if (unlikely(((there & ~to_client) | (back & to_client) | is_watched) != 0) ||
	    unlikely(!is_steady(flow, direction, headers->tcp_flags)) ||
	    unlikely(headers->ip_length > way->mtu) || unlikely(headers->hop_limit <= 1))
		return VERDICT_NONE;
	translate_packet(packet, headers, flow, direction, way, family);
	if (flow->last_seen != now)
		__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	engine_count(engine, flow, direction, headers->ip_length);
	return (uint8_t)(ABI_VERDICT_TO_BACKEND + direction);
}
