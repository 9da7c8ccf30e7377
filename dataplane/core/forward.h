/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A packet that changes nothing in its flow but when it was last seen: inline,
 * once for each family. What may be unusual is looked at without a branch each,
 * directions alternating at random would mislead the processor, and then, all
 * together, decides whether engine_run_flow() is to see to the packet.
 */
#pragma once

#include "dataplane/core/egress.h"
#include "dataplane/core/translate.h"

/* Whether the flow is in a state that goes on with such packets. */
always_inline bool is_steady(const struct abi_flow *flow, enum abi_flow_direction direction,
			     uint8_t tcp_flags)
{
	bool known = (unsigned)direction <= (flow->flags & ABI_FLOW_ANSWERED);
	bool tcp = flow->state == ABI_FLOW_TCP_ESTABLISHED &&
		   (tcp_flags & (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST)) == 0;

	return known && (tcp || (flow->state == ABI_FLOW_UDP && (flow->flags & ABI_FLOW_STREAM)));
}

/* The packet's verdict, or VERDICT_NONE: it is not as plain as that, and nothing was done. */
always_inline uint8_t forward(struct engine *engine, const struct flow_table *table,
			      struct packet *packet, const struct headers *headers,
			      struct abi_flow *flow, enum abi_flow_direction direction,
			      uint32_t now, uint8_t family)
{
	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	const struct flow_hop_way *hop = &table->hop_ways[flow->client_hop];
	bool from_client = direction == ABI_FLOW_FROM_CLIENT;

	if (unlikely(service == NULL || backend == NULL))
		return VERDICT_NONE;
	/* Of a client: that it came as before, and may go there. To it: that the way is known. */
	bool there = (hop->key == hops_key(packet)) & (backend->state != ABI_BACKEND_DOWN);
	bool back = (flow->client_hop != HOP_NONE) & (hop->era == engine->era);
	const struct way *way = from_client ? &backend->way : &hop->way;
	bool fits = (headers->ip_length <= way->mtu) & (headers->hop_limit > 1);

	if (unlikely(!(is_steady(flow, direction, headers->tcp_flags) &
		       (from_client ? there : back) & fits)))
		return VERDICT_NONE;
	translate_packet(packet, headers, flow, direction, way, family);
	if (flow->last_seen != now)
		__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	engine_count(engine, flow, direction, headers->ip_length);
	return (uint8_t)(ABI_VERDICT_TO_BACKEND + direction);
}
