/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The end of flows, and of waiting: a bounded piece of work with every poll. Records that are
 * due are taken out of the wheels in batches, and fetched together, so that
 * they wait for memory once and not each for itself.
 */
#include "dataplane/core/engine_internal.h"
#include "dataplane/core/flow_state.h"
#include "dataplane/core/flow_timers.h"
#include "dataplane/core/fragments.h"

/* The most work of one call, of a wheel: batches of records beside one for each that flows begun
 * since the last call would fill, so that it keeps up with them; and empty slots passed. */
#define AGE_BATCHES 4
#define AGE_BATCH   16
#define AGE_SLOTS   1024

static bool is_over(const struct engine *engine, const struct abi_flow *flow, uint32_t now)
{
	const struct service_rule *service = NULL;

	if (flow->state != ABI_FLOW_DIRECT) {
		service = engine_service_of(engine->snapshot, flow);
		if (service == NULL || engine_backend_of(engine->snapshot, flow) == NULL)
			return true;
	}
	return now - flow->last_seen >= flow_state_timeout(flow, service);
}

static unsigned take_due(struct flow_table *table, struct flow_wheel *wheel, uint32_t now,
			 uint32_t *patience, uint32_t due[AGE_BATCH])
{
	unsigned count = 0;

	while (count < AGE_BATCH) {
		uint32_t record = flow_timers_next(table, wheel, now, patience);

		if (record == FLOW_NONE)
			break;
		__builtin_prefetch(flow_table_record(table, record), 1);
		due[count++] = record;
	}
	return count;
}

static void age_batch(struct engine *engine, struct flow_table *table, const uint32_t *due,
		      unsigned count, uint32_t now)
{
	uint32_t over[AGE_BATCH];
	unsigned over_count = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct abi_flow *flow = flow_table_record(table, due[i]);

		if (!is_over(engine, flow, now)) {
			engine_arm(engine, table, due[i]);
			continue;
		}
		engine_prefetch_index(table, flow);
		over[over_count++] = due[i];
	}
	counter_add(&engine->counters->aged, over_count);
	for (unsigned i = 0; i < over_count; i++)
		engine_end_due_flow(engine, table, over[i]);
}

static void age_wheel(struct engine *engine, struct flow_table *table, struct flow_wheel *wheel,
		      unsigned batches, uint32_t now)
{
	uint32_t patience = AGE_SLOTS;
	uint32_t due[AGE_BATCH];
	unsigned count = AGE_BATCH;

	for (unsigned i = 0; i < batches && count == AGE_BATCH; i++) {
		count = take_due(table, wheel, now, &patience, due);
		age_batch(engine, table, due, count, now);
	}
}

void engine_age(struct engine *engine, uint64_t now_ms)
{
	uint32_t now = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT);
	unsigned batches = AGE_BATCHES + engine->begun / AGE_BATCH;

	engine->begun = 0;
	fragments_age(engine->fragments, now);
	if (engine->snapshot == NULL)
		return;
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		struct flow_table *table = engine->flows[i];

		age_wheel(engine, table, &table->timers, batches, now);
		age_wheel(engine, table, &table->half_open, batches, now);
		age_wheel(engine, table, &table->closing, batches, now);
	}
}
