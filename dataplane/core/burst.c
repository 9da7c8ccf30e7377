/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What is done with every packet, in stages over the whole burst: headers are
 * read and buckets fetched; records are fetched; packets of known flows are
 * translated; the others are handed to engine_run_fresh(). While one packet's
 * line is on its way from memory the others are worked on.
 *
 * A packet of an established flow touches its own first line, a bucket, a
 * record (two lines, of IPv6), and, shared with other flows: the rules of its
 * service and its backend, the hop of its client, and a row of counters of each.
 *
 * This file is compiled once for each instruction set; meson.build says how.
 */
#include "dataplane/core/classify.h"
#include "dataplane/core/engine_burst.h"
#include "dataplane/core/forward.h"

/* Fetches the bucket that a packet's tuple leads to. */
always_inline void fetch_bucket(const struct engine *engine, struct work *work, uint8_t family)
{
	const struct flow_table *table = engine_table(engine, family);
	const struct flow_tuple *tuple = &work->headers.tuple;
	uint64_t hash = family == 4 ? flow_hash_ipv4(table->secret, tuple)
				    : flow_hash_ipv6(table->secret, tuple);

	work->tag = flow_table_tag(hash);
	work->bucket = &table->buckets[flow_table_bucket(table, hash)];
	__builtin_prefetch(work->bucket);
}

/* Reads a packet's headers and fetches its bucket; `unsteered` has a bit for each port. */
always_inline void begin(struct engine *engine, struct packet *packet, struct work *work,
			 uint32_t unsteered, struct engine_foreign foreign)
{
	uint8_t family = parse_plain(packet->data, packet->length, &work->headers);

	packet->verdict = VERDICT_NONE;
	if (unlikely(family == 0)) {
		packet->verdict = engine_read_unusual(engine, packet, &work->headers, foreign);
		family = work->headers.tuple.family;
	} else if (unlikely((unsteered | foreign.first) >> packet->in_port & 1)) {
		packet->verdict = engine_judge_arrival(engine, packet, &work->headers, foreign);
	}
	if (unlikely(packet->verdict != VERDICT_NONE))
		return;
	if (family == 4)
		fetch_bucket(engine, work, 4);
	else
		fetch_bucket(engine, work, 6);
}

always_inline struct abi_flow *record_of(const struct flow_table *table, uint32_t ref,
					 uint8_t family)
{
	size_t size = family == 4 ? sizeof(struct abi_flow) : sizeof(struct abi_flow6);

	return (struct abi_flow *)(void *)(table->records + flow_ref_record(ref) * size);
}

/* Looks into the bucket and fetches the record that its tag names. */
always_inline void look_up(const struct engine *engine, struct work *work, uint8_t family)
{
	const struct flow_table *table = engine_table(engine, family);
	uint32_t matches = flow_bucket_match(work->bucket, work->tag);

	if (unlikely(matches == 0)) {
		work->ref = WORK_REF_NONE;
		if (flow_bucket_is_passed(work->bucket, work->tag)) {
			work->ref = WORK_REF_ELSEWHERE;
			__builtin_prefetch(flow_table_next_bucket(table, work->bucket, work->tag));
		}
		return;
	}
	work->ref = work->bucket->refs[__builtin_ctz(matches)];
	const struct abi_flow *flow = record_of(table, work->ref, family);
	__builtin_prefetch(flow, 1);
	if (family == 6)
		__builtin_prefetch(flow + 1);
}

always_inline bool is_of(const struct abi_flow *flow, enum abi_flow_direction direction,
			 const struct flow_tuple *tuple, uint8_t family)
{
	bool same = (memcmp(&flow->ports[direction], &tuple->ports, sizeof(tuple->ports)) == 0) &&
		    (flow->protocol == tuple->protocol);

	if (family == 4)
		return same && (memcmp(&flow->addresses[direction], &tuple->ipv4,
				       sizeof(tuple->ipv4)) == 0);
	return same &&
	       (memcmp(&flow_ipv6_of(flow)[direction], &tuple->ipv6, sizeof(tuple->ipv6)) == 0);
}

/* A packet whose record was fetched: its verdict, or VERDICT_NONE when it is of no flow. */
always_inline uint8_t finish(struct engine *engine, struct packet *packet, struct work *work,
			     uint32_t now, uint8_t family)
{
	struct flow_table *table = engine_table(engine, family);
	const struct headers *headers = &work->headers;
	uint32_t ref = work->ref;

	if (unlikely(ref == WORK_REF_NONE))
		return VERDICT_NONE;
	if (likely(ref != WORK_REF_ELSEWHERE)) {
		struct abi_flow *flow = record_of(table, ref, family);
		enum abi_flow_direction direction = flow_ref_direction(ref);

		if (likely(is_of(flow, direction, &headers->tuple, family))) {
			uint8_t verdict = forward(engine, table, packet, headers, flow, direction,
						  now, family);
			if (likely(verdict != VERDICT_NONE))
				return verdict;
			/* An earlier packet of the burst may have ended it. */
			if (flow->state != ABI_FLOW_FREE)
				return engine_run_flow(engine, packet, headers, ref, now);
		}
	}
	ref = flow_table_find(table, &headers->tuple, flow_hash(table->secret, &headers->tuple));
	return ref == FLOW_NONE ? VERDICT_NONE : engine_run_flow(engine, packet, headers, ref, now);
}

void ENGINE_BURST(struct engine *engine, struct packet *packets, unsigned count, uint32_t now,
		  struct engine_foreign foreign)
{
	struct work works[PACKET_BURST];
	uint8_t fresh[PACKET_BURST];
	unsigned fresh_count = 0, others = 0;
	uint32_t sent[2] = {0, 0};
	uint32_t unsteered = 0;

	for (unsigned i = 0; i < engine->port_count; i++)
		unsteered |= (uint32_t)(engine->ports[i].unsteered != 0) << i;

	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(packets[i].data, 1);
	for (unsigned i = 0; i < count; i++)
		begin(engine, &packets[i], &works[i], unsteered, foreign);
	for (unsigned i = 0; i < count; i++) {
		if (unlikely(packets[i].verdict != VERDICT_NONE))
			continue;
		if (works[i].headers.tuple.family == 4)
			look_up(engine, &works[i], 4);
		else
			look_up(engine, &works[i], 6);
	}
	for (unsigned i = 0; i < count; i++) {
		struct packet *packet = &packets[i];

		if (unlikely(packet->verdict != VERDICT_NONE)) {
			others++;
			continue;
		}
		packet->verdict = works[i].headers.tuple.family == 4
					  ? finish(engine, packet, &works[i], now, 4)
					  : finish(engine, packet, &works[i], now, 6);
		if (likely(packet->verdict <= ABI_VERDICT_TO_CLIENT))
			sent[packet->verdict]++;
		else if (packet->verdict == VERDICT_NONE)
			fresh[fresh_count++] = (uint8_t)i;
		else
			others++;
	}
	if (fresh_count > 0)
		engine_run_fresh(engine, packets, works, fresh, fresh_count, now, foreign.missing);
	if (likely(others + fresh_count == 0)) {
		counter_add(&engine->counters->verdicts[ABI_VERDICT_TO_BACKEND], sent[0]);
		counter_add(&engine->counters->verdicts[ABI_VERDICT_TO_CLIENT], sent[1]);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		engine_conclude(engine, &packets[i]);
}
