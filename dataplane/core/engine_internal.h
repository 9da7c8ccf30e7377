/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The parts of the packet path, shared by engine*.c and burst.c; `now` is in
 * ticks. What is done with every packet is in burst.c and inline; the rest is
 * not, so that it does not stand in the way.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/parse.h"

#define always_inline static inline __attribute__((always_inline))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* A packet on its way through a burst. */
struct work {
	struct headers headers;
	uint64_t hash; /* of the tuple */
	uint32_t ref;  /* of the flow it most likely belongs to; FLOW_NONE: of none */
};

/* Counters have one writer; readers see them whole. */
static inline void counter_add(uint64_t *counter, uint64_t amount)
{
	__atomic_store_n(counter, *counter + amount, __ATOMIC_RELAXED);
}

static inline struct flow_table *engine_table(const struct engine *engine, uint8_t family)
{
	return engine->flows[family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];
}

/* What the record's indexes mean now; NULL when they mean something else than when it was made. */
static inline const struct service_rule *engine_service_of(const struct snapshot *snapshot,
							   const struct abi_flow *flow)
{
	if (unlikely(flow->service >= snapshot->service_count))
		return NULL;
	const struct service_rule *rule = &snapshot->service_rules[flow->service];
	return likely(rule->epoch == flow->service_epoch) ? rule : NULL;
}

static inline const struct backend_rule *engine_backend_of(const struct snapshot *snapshot,
							   const struct abi_flow *flow)
{
	if (unlikely(flow->backend >= snapshot->backend_count))
		return NULL;
	const struct backend_rule *rule = &snapshot->backend_rules[flow->backend];
	return likely(rule->epoch == flow->backend_epoch) ? rule : NULL;
}

/* The packet's share in the counters of a service and a backend. */
static inline void engine_count(struct engine *engine, const struct abi_flow *flow,
				enum abi_flow_direction direction, uint32_t ip_length)
{
	struct abi_traffic *service = &engine->counters->services[flow->service];
	struct abi_traffic *backend = &engine->counters->backends[flow->backend];
	bool in = direction == ABI_FLOW_FROM_CLIENT;

	counter_add(in ? &service->packets_in : &service->packets_out, 1);
	counter_add(in ? &service->bytes_in : &service->bytes_out, ip_length);
	counter_add(in ? &backend->packets_in : &backend->packets_out, 1);
	counter_add(in ? &backend->bytes_in : &backend->bytes_out, ip_length);
}

/* A packet that nothing plain was found of: its verdict, or VERDICT_NONE when it is of a flow. */
uint8_t engine_read_unusual(struct engine *engine, const struct packet *packet,
			    struct headers *headers);

/* A packet of a known flow, as the burst does it. VERDICT_NONE: the flow has been ended, the packet
 * is to be treated as one without. */
uint8_t engine_run_flow(struct engine *engine, struct packet *packet, const struct headers *headers,
			uint32_t ref, uint32_t now);

/*
 * The packets of no flow, packets[fresh[0]], packets[fresh[1]] ...: gives each
 * its verdict and makes new flows where it may.
 */
void engine_run_fresh(struct engine *engine, struct packet *packets, struct work *works,
		      const uint8_t *fresh, unsigned count, uint32_t now);

/* Fragments and ICMP errors. */
uint8_t engine_run_other(struct engine *engine, const struct headers *headers);

/*
 * Before a client's packet goes on by its record: one that begins a new
 * connection restarts it, or ends it where the backend takes no new ones;
 * false: it was ended.
 */
bool engine_reconsider(struct engine *engine, struct flow_table *table, uint32_t record,
		       const struct backend_rule *backend, const struct headers *headers,
		       uint32_t now);

/* What a packet that may change its flow's state leaves in the record, and in the timers. */
void engine_advance(struct engine *engine, struct flow_table *table, uint32_t record,
		    enum abi_flow_direction direction, uint8_t tcp_flags, uint32_t now);

/* Follows a client whose packets come another way now. */
void engine_refresh_hop(struct engine *engine, struct flow_table *table, struct abi_flow *flow,
			const struct packet *packet, uint32_t now);

/* A direct connection's packet. */
uint8_t engine_run_direct(struct engine *engine, struct flow_table *table, uint32_t ref,
			  const struct headers *headers, uint32_t now);

/* Makes the record, arms its timer and counts it; where the table is full the half-open connection
 * that is due first gives way. FLOW_NONE: no room. */
uint32_t engine_start_flow(struct engine *engine, struct flow_table *table,
			   const struct abi_flow6 *flow);
/* Ends a flow whose timer is not armed, or (engine_end_flow) is. */
void engine_end_due_flow(struct engine *engine, struct flow_table *table, uint32_t record);
void engine_end_flow(struct engine *engine, struct flow_table *table, uint32_t record);

/* Arms the timer of a record that is in no slot, by its state and last_seen. */
void engine_arm(struct engine *engine, struct flow_table *table, uint32_t record);

/* A packet of the flow that is dropped. */
void engine_count_drop(struct engine *engine, const struct abi_flow *flow);
