/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/engine.h"

#include "dataplane/core/classify.h"
#include "dataplane/core/engine_internal.h"
#include "dataplane/core/flow_state.h"
#include "dataplane/core/flow_timers.h"

/* The most work of one call of engine_age(): records looked at, and empty slots passed. */
#define AGE_RECORDS 64
#define AGE_SLOTS   1024

static uint8_t parse(const struct engine *engine, const struct packet *packet,
		     struct headers *headers)
{
	const struct engine_port *port = &engine->ports[packet->in_port];

	if (port->unsteered &&
	    classify_frame(engine->snapshot, port, packet->data, packet->length) == CLASSIFY_PASS)
		return ABI_VERDICT_TO_LINUX;
	return parse_headers(packet->data, packet->length, headers);
}

static uint8_t run_packet(struct engine *engine, struct packet *packet,
			  const struct headers *headers, uint64_t hash, uint32_t now)
{
	if (headers->kind != HEADERS_FLOW)
		return engine_run_other(engine, headers);

	uint32_t ref = flow_table_find(engine->flows, &headers->tuple, hash);
	if (ref != FLOW_NONE) {
		uint8_t verdict = engine_run_flow(engine, packet, headers, ref, now);
		if (verdict != VERDICT_NONE)
			return verdict;
	}
	return engine_run_new(engine, packet, headers, now);
}

/* The burst goes through in stages, so that the loads of its packets overlap. */
static void run_burst(struct engine *engine, struct packet *packets, unsigned count, uint32_t now)
{
	struct flow_table *flows = engine->flows;
	struct headers headers[PACKET_BURST];
	uint64_t hashes[PACKET_BURST];

	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(packets[i].data);

	for (unsigned i = 0; i < count; i++) {
		packets[i].verdict = parse(engine, &packets[i], &headers[i]);
		if (packets[i].verdict != VERDICT_NONE)
			continue;
		hashes[i] = flow_hash(flows->secret, &headers[i].tuple);
		flow_table_prefetch_bucket(flows, hashes[i]);
	}

	for (unsigned i = 0; i < count; i++)
		if (packets[i].verdict == VERDICT_NONE)
			flow_table_prefetch_record(flows, hashes[i]);

	for (unsigned i = 0; i < count; i++)
		if (packets[i].verdict == VERDICT_NONE)
			packets[i].verdict =
				run_packet(engine, &packets[i], &headers[i], hashes[i], now);
}

void engine_run(struct engine *engine, struct packet *packets, unsigned count, uint64_t now_ms)
{
	if (engine->snapshot == NULL) {
		for (unsigned i = 0; i < count; i++)
			packets[i].verdict = ABI_VERDICT_TO_LINUX;
	} else {
		run_burst(engine, packets, count, (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT));
	}
	for (unsigned i = 0; i < count; i++)
		counter_add(&engine->counters->verdicts[packets[i].verdict], 1);
}

/* A flow whose timer has come: over, or armed anew. */
static void age_flow(struct engine *engine, uint32_t record, uint32_t now)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct abi_flow *flow = &engine->flows->records[record];
	const struct abi_service *service = NULL;

	if (flow->state != ABI_FLOW_DIRECT) {
		service = engine_service_of(snapshot, flow);
		if (service == NULL || engine_backend_of(snapshot, flow) == NULL) {
			engine_end_due_flow(engine, record);
			return;
		}
	}
	uint32_t timeout = flow_state_timeout(flow, service);
	if (now - flow->last_seen >= timeout)
		engine_end_due_flow(engine, record);
	else
		flow_timers_arm(engine->flows, record, flow->last_seen + timeout);
}

void engine_age(struct engine *engine, uint64_t now_ms)
{
	uint32_t now = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT);
	uint32_t patience = AGE_SLOTS;

	if (engine->snapshot == NULL)
		return;
	for (unsigned i = 0; i < AGE_RECORDS; i++) {
		uint32_t record = flow_timers_next(engine->flows, now, &patience);
		if (record == FLOW_NONE)
			return;
		age_flow(engine, record, now);
	}
}
