/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The way out of a packet, and whether it may take it. */
#pragma once

#include "dataplane/core/engine_internal.h"
#include "dataplane/core/hops.h"

#include "dataplane/abi/verdicts.h"

/* VERDICT_NONE, or NO_NEXT_HOP, TTL_EXPIRED or TOO_BIG. Of an unknown way the MTU is 0. */
static inline uint8_t egress_judge(const struct way *way, const struct headers *headers)
{
	if (likely(headers->ip_length <= way->mtu && headers->hop_limit > 1))
		return VERDICT_NONE;
	if (!way->known)
		return ABI_VERDICT_NO_NEXT_HOP;
	return headers->hop_limit <= 1 ? ABI_VERDICT_TTL_EXPIRED : ABI_VERDICT_TOO_BIG;
}

/* The way to a flow's client where no hop is learned: Linux's route. */
void egress_by_route(const struct engine *engine, const struct abi_flow *flow, struct way *way);

/* The learned hop's way, made anew where the tables have changed. */
const struct way *egress_by_hop(const struct engine *engine, struct flow_table *table,
				uint16_t hop);

/* The way to a flow's client; `scratch` is room for one that is not kept. */
static inline const struct way *egress_to_client(const struct engine *engine,
						 struct flow_table *table,
						 const struct abi_flow *flow, struct way *scratch)
{
	if (likely(flow->client_hop != HOP_NONE)) {
		const struct flow_hop_way *hop = &table->hop_ways[flow->client_hop];

		if (likely(hop->era == engine->era))
			return &hop->way;
		return egress_by_hop(engine, table, flow->client_hop);
	}
	egress_by_route(engine, flow, scratch);
	return scratch;
}
