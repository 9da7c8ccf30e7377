/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A packet of a known flow: inline, once for each family. */
#pragma once

#include "dataplane/core/egress.h"
#include "dataplane/core/translate.h"

/* A packet that changes nothing in its flow but when it was last seen. */
always_inline bool is_steady(const struct abi_flow *flow, enum abi_flow_direction direction,
			     uint8_t tcp_flags)
{
	if (flow->state == ABI_FLOW_TCP_ESTABLISHED)
		return (tcp_flags & (TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST)) == 0 &&
		       (direction == ABI_FLOW_FROM_CLIENT || flow->flags & ABI_FLOW_ANSWERED);
	return flow->state == ABI_FLOW_UDP && (flow->flags & ABI_FLOW_STREAM);
}

/* Sends a packet on by its flow's record, whatever the state; its verdict. */
always_inline uint8_t forward(struct engine *engine, struct flow_table *table,
			      struct packet *packet, const struct headers *headers, uint32_t ref,
			      uint32_t now, uint8_t family)
{
	enum abi_flow_direction direction = flow_ref_direction(ref);
	struct abi_flow *flow = flow_table_record(table, flow_ref_record(ref));
	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	bool steady = is_steady(flow, direction, headers->tcp_flags);
	const struct way *way;
	struct way scratch;

	if (unlikely(service == NULL || backend == NULL)) {
		if (flow->state == ABI_FLOW_DIRECT)
			return engine_run_direct(engine, table, ref, headers, now);
		engine_end_flow(engine, table, flow_ref_record(ref));
		return VERDICT_NONE;
	}
	if (direction == ABI_FLOW_FROM_CLIENT) {
		if (unlikely(!steady || backend->state == ABI_BACKEND_DOWN) &&
		    !engine_reconsider(engine, table, flow_ref_record(ref), backend, headers, now))
			return VERDICT_NONE;
		way = &backend->way;
	} else {
		way = egress_to_client(engine, table, flow, &scratch);
	}
	uint8_t verdict = egress_judge(way, headers);
	if (unlikely(verdict != VERDICT_NONE)) {
		engine_count_drop(engine, flow);
		return verdict;
	}
	if (direction == ABI_FLOW_FROM_CLIENT &&
	    unlikely(!hops_is_from(table, flow->client_hop, packet)))
		engine_refresh_hop(engine, table, flow, packet, now);
	translate_packet(packet, headers, flow, direction, way, family);
	if (unlikely(!steady))
		engine_advance(engine, table, flow_ref_record(ref), direction, headers->tcp_flags,
			       now);
	else if (flow->last_seen != now)
		__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	engine_count(engine, flow, direction, headers->ip_length);
	return direction == ABI_FLOW_FROM_CLIENT ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_CLIENT;
}
