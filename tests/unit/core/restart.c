/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/restart.h"

#include "dataplane/core/flow_timers.h"

#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

size_t restart_file_size(const struct world *world)
{
	const uint32_t capacities[FAMILY_COUNT] = {world->engine.flows[FAMILY_IPV4]->capacity,
						   world->engine.flows[FAMILY_IPV6]->capacity};

	return flow_file_size(1, capacities);
}

/* Working memory and counters as a process finds them that has just begun. */
static void begin_anew(struct world *world, struct abi_flows *file, uint32_t capacity)
{
	memset(world->counters, 0, sizeof(*world->counters));
	world->packets = 0;
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		free(world->flows_working[i]);
		world->flows_working[i] = zeroed(ABI_CACHE_LINE, flow_table_working_size(capacity));
		memset(world->flows_working[i], 0xa5, flow_table_working_size(capacity));
		world->engine.flows[i] =
			flow_table_open(world->flows_working[i], file, 0, i, world->now_ms);
	}
	world->engine.era = 0;
	world->engine.snapshot = NULL;
	engine_use(&world->engine, world->snapshot);
}

bool restart_from(struct world *world, void *bytes, size_t size, uint32_t capacity,
		  struct flow_recovery *recovery)
{
	const uint64_t secret[2] = {world->now_ms * 0x9e3779b97f4a7c15, size + 1};
	const uint32_t capacities[FAMILY_COUNT] = {capacity, capacity};
	struct engine *engine = &world->engine;
	struct flow_image image;
	char reason[128] = "";
	void *memory = bytes;

	if (!flow_image_open(&image, bytes, size, reason, sizeof(reason))) {
		assert_true(reason[0] != '\0');
		return false;
	}
	bool fits = flow_image_fits(&image, 1, capacities);
	if (!fits)
		memory = zeroed(4096, flow_file_size(1, capacities));
	begin_anew(world, flow_file_format(memory, 1, capacities, secret), capacity);
	*recovery = (struct flow_recovery){
		.snapshot = world->snapshot,
		.engines = &engine,
		.workers = 1,
		.from = fits ? NULL : &image,
		.now_ms = world->now_ms,
	};
	flow_recover(recovery);
	recovery->engines = NULL;
	recovery->from = NULL;
	if (world->flows_file != bytes)
		free(world->flows_file);
	world->flows_file = memory;
	return true;
}

struct flow_recovery restart(struct world *world)
{
	struct flow_recovery recovery;

	assert_true(restart_from(world, world->flows_file, restart_file_size(world),
				 world->engine.flows[FAMILY_IPV4]->capacity, &recovery));
	return recovery;
}

struct flow_recovery restart_with_room(struct world *world, uint32_t capacity)
{
	void *bytes = world->flows_file;
	struct flow_recovery recovery;

	assert_true(restart_from(world, bytes, restart_file_size(world), capacity, &recovery));
	assert_ptr_not_equal(world->flows_file, bytes);
	free(bytes);
	return recovery;
}

uint64_t restart_dropped(const struct flow_recovery *recovery)
{
	uint64_t dropped = 0;

	for (unsigned i = FLOW_ACCEPTED + 1; i < FLOW_REFUSAL_COUNT; i++)
		dropped += recovery->flows[i];
	return dropped;
}

/* Every record in use is found by both its tuples, and by nobody else's. */
static void audit_index(const struct flow_table *table)
{
	uint32_t entries = 0, used = 0;

	for (uint32_t i = 0; i < table->bucket_count; i++)
		entries += FLOW_BUCKET_ENTRIES -
			   (uint32_t)__builtin_popcount(flow_bucket_match(&table->buckets[i], 0));
	for (uint32_t i = 0; i < table->capacity; i++) {
		const struct abi_flow *flow = flow_table_record(table, i);

		assert_int_equal(flow->version & 1, 0);
		if (flow->state == ABI_FLOW_FREE)
			continue;
		used++;
		for (uint32_t direction = 0; direction < 2; direction++) {
			struct flow_tuple tuple =
				flow_tuple_of(flow, (enum abi_flow_direction)direction);
			assert_int_equal(
				flow_table_find(table, &tuple, flow_hash(table->secret, &tuple)),
				i << 1 | direction);
		}
	}
	assert_int_equal(entries, 2 * used);
	assert_int_equal(table->count, used);
}

/* Every free record is in the free list or untouched, once. */
static void audit_free(const struct flow_table *table)
{
	uint32_t listed = 0;

	assert_in_range(table->untouched, 0, table->capacity);
	for (uint32_t at = table->free_list; at != FLOW_NONE; at = table->links[at].next) {
		assert_true(at < table->untouched);
		assert_int_equal(flow_table_record(table, at)->state, ABI_FLOW_FREE);
		assert_true(++listed <= table->capacity);
	}
	for (uint32_t i = table->untouched; i < table->capacity; i++)
		assert_int_equal(flow_table_record(table, i)->state, ABI_FLOW_FREE);
	assert_int_equal(table->count + listed + table->capacity - table->untouched,
			 table->capacity);
}

static uint32_t audit_wheel(struct flow_table *table, const struct flow_wheel *wheel)
{
	uint32_t armed = 0;

	for (uint32_t slot = wheel->first; slot <= wheel->first + wheel->mask; slot++) {
		uint32_t previous = FLOW_LINK_HEAD | slot;

		for (uint32_t at = table->slots[slot]; at != FLOW_NONE;
		     at = table->links[at].next) {
			const struct abi_flow *flow = flow_table_record(table, at);

			assert_int_equal(table->links[at].previous, previous);
			assert_true(flow->state != ABI_FLOW_FREE);
			assert_ptr_equal(flow_timers_wheel(table, flow->state), wheel);
			previous = at;
			armed++;
		}
	}
	return armed;
}

static void audit_hops(const struct flow_table *table)
{
	uint32_t *users = calloc(ABI_FLOW_HOPS, sizeof(*users));

	assert_non_null(users);
	for (uint32_t i = 0; i < table->capacity; i++) {
		const struct abi_flow *flow = flow_table_record(table, i);

		if (flow->state != ABI_FLOW_FREE && flow->client_hop != 0) {
			assert_true(flow->client_hop < ABI_FLOW_HOPS);
			users[flow->client_hop]++;
		}
	}
	assert_memory_equal(users, table->hop_users, ABI_FLOW_HOPS * sizeof(*users));
	free(users);
}

static void check_count(const struct abi_traffic *traffic, uint64_t flows)
{
	if (traffic->flows_started - traffic->flows_ended != flows)
		fail_msg("%lu started and %lu ended, but there are %lu", traffic->flows_started,
			 traffic->flows_ended, flows);
}

static void audit_counters(const struct world *world)
{
	static uint64_t services[ABI_MAX_SERVICES], backends[ABI_MAX_BACKENDS];

	memset(services, 0, sizeof(services));
	memset(backends, 0, sizeof(backends));
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		const struct flow_table *table = world->engine.flows[family];

		for (uint32_t i = 0; i < table->capacity; i++) {
			const struct abi_flow *flow = flow_table_record(table, i);

			if (flow->state == ABI_FLOW_FREE || flow->state == ABI_FLOW_DIRECT)
				continue;
			services[flow->service]++;
			backends[flow->backend]++;
		}
	}
	for (unsigned i = 0; i < ABI_MAX_SERVICES; i++)
		check_count(&world->counters->services[i], services[i]);
	for (unsigned i = 0; i < ABI_MAX_BACKENDS; i++)
		check_count(&world->counters->backends[i], backends[i]);
}

void restart_audit(const struct world *world)
{
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		struct flow_table *table = world->engine.flows[family];

		audit_index(table);
		audit_free(table);
		assert_int_equal(audit_wheel(table, &table->timers) +
					 audit_wheel(table, &table->half_open) +
					 audit_wheel(table, &table->closing),
				 table->count);
		audit_hops(table);
	}
	audit_counters(world);
}
