/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The parts of the packet path, shared by engine*.c. Each returns the packet's
 * verdict; `now` is in ticks.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/flow_table.h"
#include "dataplane/core/parse.h"

/* Counters have one writer; readers see them whole. */
static inline void counter_add(uint64_t *counter, uint64_t amount)
{
	__atomic_store_n(counter, *counter + amount, __ATOMIC_RELAXED);
}

/* What the record's indexes mean now; NULL when they mean something else than when it was made. */
const struct abi_service *engine_service_of(const struct snapshot *snapshot,
					    const struct abi_flow *flow);
const struct abi_backend *engine_backend_of(const struct snapshot *snapshot,
					    const struct abi_flow *flow);

/*
 * A packet of the flow `ref` refers to. VERDICT_NONE: the flow has been ended,
 * the packet is to be treated as one without a flow.
 */
uint8_t engine_run_flow(struct engine *engine, struct packet *packet, const struct headers *headers,
			uint32_t ref, uint32_t now);

/* A TCP or UDP packet of no flow; makes a new one where it may. */
uint8_t engine_run_new(struct engine *engine, struct packet *packet, const struct headers *headers,
		       uint32_t now);

/* Fragments and ICMP errors. */
uint8_t engine_run_other(struct engine *engine, const struct headers *headers);

/* Makes the record, arms its timer and counts it; FLOW_NONE: no room. */
uint32_t engine_start_flow(struct engine *engine, const struct abi_flow *flow,
			   const struct abi_service *service);
/* Ends a flow whose timer is not armed, or (engine_end_flow) is. */
void engine_end_due_flow(struct engine *engine, uint32_t record);
void engine_end_flow(struct engine *engine, uint32_t record);

/* The packet's share in the counters of a service and a backend. */
void engine_count_in(struct engine *engine, const struct abi_flow *flow, uint32_t ip_length);
void engine_count_out(struct engine *engine, const struct abi_flow *flow, uint32_t ip_length);
void engine_count_drop(struct engine *engine, const struct abi_flow *flow);
