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
#include "dataplane/core/strays.h"
#include "dataplane/core/tags.h"

#define always_inline static inline __attribute__((__always_inline__))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* A packet on its way through a burst. */
struct work {
	struct headers headers;
	const struct flow_bucket *bucket; /* where the tuple's hash leads */
	uint32_t ref; /* of the flow it most likely belongs to; or one of those below */
	uint16_t tag;
} __attribute__((aligned(ABI_CACHE_LINE)));

/* No tag fits: of no flow, or of one that lies further on than its bucket. */
#define WORK_REF_NONE      FLOW_NONE
#define WORK_REF_ELSEWHERE (FLOW_NONE - 1)

/* Counters have one writer; readers see them whole. */
static inline void counter_add(uint64_t *counter, uint64_t amount)
{
	*counter += amount; /* one aligned store */
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

/* Whether this node may not serve it now. */
static inline bool engine_is_fenced(const struct engine *engine, const struct service_rule *service)
{
	return unlikely(engine->fenced >> service->group & 1);
}

/* Fetches what ending a flow will look at: the buckets of both its tuples. Inlined always: see
 * flow_table_prefetch_bucket(). */
always_inline void engine_prefetch_index(const struct flow_table *table,
					 const struct abi_flow *flow)
{
	for (unsigned direction = 0; direction < 2; direction++) {
		struct flow_tuple tuple = flow_tuple_of(flow, (enum abi_flow_direction)direction);

		flow_table_prefetch_bucket(table, flow_hash(table->secret, &tuple));
	}
}

/* The packet's share in the counters of a service and a backend. */
static inline void engine_count(struct engine *engine, const struct abi_flow *flow,
				enum abi_flow_direction direction, uint32_t ip_length)
{
	struct abi_direction *service = engine->counters->services[flow->service].directions;
	struct abi_direction *backend = engine->counters->backends[flow->backend].directions;

	counter_add(&service[direction].packets, 1);
	counter_add(&service[direction].bytes, ip_length);
	counter_add(&backend[direction].packets, 1);
	counter_add(&backend[direction].bytes, ip_length);
}

static inline void engine_count_drop(struct engine *engine, const struct abi_flow *flow)
{
	counter_add(&engine->counters->services[flow->service].drops, 1);
	counter_add(&engine->counters->backends[flow->backend].drops, 1);
}

/* A packet that nothing plain was found of: its verdict, or VERDICT_NONE when it is of a flow. */
uint8_t engine_read_unusual(struct engine *engine, struct packet *packet, struct headers *headers,
			    struct engine_foreign foreign);

/* A plain packet from a port that may give us what is not for it, or another worker's: its verdict,
 * or VERDICT_NONE when neither is so. */
uint8_t engine_judge_arrival(const struct engine *engine, struct packet *packet,
			     const struct headers *headers, struct engine_foreign foreign);

/* VERDICT_FOREIGN, and whose the packet is; VERDICT_NONE: this worker's, or anyone's. */
uint8_t engine_ask_for_owner(const struct engine *engine, struct packet *packet,
			     const struct headers *headers);

/* A packet of a known flow, whatever it does to it. VERDICT_NONE: the flow has been ended, the
 * packet is to be treated as one without. */
uint8_t engine_run_flow(struct engine *engine, struct packet *packet, const struct headers *headers,
			uint32_t ref, uint32_t now);

/*
 * The packets of no flow, packets[fresh[0]], packets[fresh[1]] ...: gives each
 * its verdict and makes new flows where it may. Those from `missing` ports may be of
 * another worker's flows.
 */
void engine_run_fresh(struct engine *engine, struct packet *packets, struct work *works,
		      const uint8_t *fresh, unsigned count, uint32_t now, uint32_t missing);

/* Fragments and ICMP errors. Fragments of flows of ours get VERDICT_FRAGMENT. */
uint8_t engine_run_other(struct engine *engine, struct packet *packet,
			 const struct headers *headers);

/* An ICMP error that has ports: sent on, where the packet inside is of a flow. */
uint8_t engine_run_icmp_error(struct engine *engine, struct packet *packet,
			      const struct headers *headers);

/* Whether a flow was taken over by another worker, though packets of such a tuple come here. */
static inline bool engine_is_stray(const struct engine *engine, uint64_t hash, uint32_t *worker)
{
	if (likely(engine->strays == NULL))
		return false;
	*worker = strays_find(engine->strays, hash);
	return *worker != STRAYS_NONE && *worker != engine->number;
}

/*
 * The verdict on a packet of TCP or UDP, no later fragment, that came to nothing by
 * `verdict`. Where that is TOO_BIG or TTL_EXPIRED and one may, its sender is told: then
 * the frame is the ICMP error, from `source`, and the verdict says so.
 */
uint8_t engine_tell(struct engine *engine, struct packet *packet, const struct headers *headers,
		    uint8_t verdict, const struct ip_address *source, uint16_t mtu, uint32_t now);

/* Those of a burst that got it. */
void engine_run_fragments(struct engine *engine, struct packet *packets, unsigned count,
			  uint32_t now);

/* The last thing done with a packet: counted, and as it came where it is not sent. */
static inline void engine_conclude(struct engine *engine, struct packet *packet)
{
	if (packet->verdict == VERDICT_FRAGMENT || packet->verdict == VERDICT_HELD)
		return;
	if (unlikely(packet->tags_size != 0) && !abi_verdict_is_sent(packet->verdict))
		tags_put_back(packet);
	if (packet->verdict != VERDICT_FOREIGN)
		counter_add(&engine->counters->verdicts[packet->verdict], 1);
}

/*
 * The verdict on a packet to a service that has no backend left: where one may, its sender is
 * told, by a TCP reset or "port unreachable", and the frame is that.
 */
uint8_t engine_refuse(struct engine *engine, struct packet *packet, const struct headers *headers,
		      uint32_t now);

/*
 * The verdict on a segment of a connection that is to be reset. Where one may, its sender is, in
 * place; and the other end, to which such a segment of `other` would have gone by `way`. NULL: that
 * end is left alone.
 */
uint8_t engine_reset(struct engine *engine, struct packet *packet, const struct headers *headers,
		     const struct flow_tuple *other, const struct way *way, uint32_t now);

/* Makes the record, arms its timer and counts it; where the table is full the half-open or closing
 * connection that is due first gives way. FLOW_NONE: no room. */
uint32_t engine_start_flow(struct engine *engine, struct flow_table *table,
			   const struct abi_flow6 *flow);
/* Ends a flow whose timer is not armed, or (engine_end_flow) is. */
void engine_end_due_flow(struct engine *engine, struct flow_table *table, uint32_t record);
void engine_end_flow(struct engine *engine, struct flow_table *table, uint32_t record);

/* Arms the timer of a record that is in no slot, by its state and last_seen. */
void engine_arm(struct engine *engine, struct flow_table *table, uint32_t record);
