/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Flows find their owner when the number of workers, or who owns what, is another than
 * before. Owners here go by the client's port.
 */
#include "tests/unit/core/restart.h"

#include <stdlib.h>
#include <string.h>

#define ROOM    64
#define FLOWS   24
#define WORKERS 3

/* Workers as a process has them that has just begun. */
struct crew {
	uint32_t workers;
	struct world *world; /* whose flows they take over */
	void *file;
	struct engine engines[WORKERS];
	struct engine *pointers[WORKERS];
	void *working[WORKERS][FAMILY_COUNT];
	uint32_t divisor; /* a client's port by this is its owner's number */
};

static uint32_t by_port(void *context, const struct flow_tuple tuples[2])
{
	const struct crew *crew = context;

	/* Both directions have the client's end, with dnat. */
	return be16toh(tuples[ABI_FLOW_FROM_CLIENT].ports.be_source) % crew->divisor;
}

/* Odd ports are nobody's. */
static uint32_t of_nobody(void *context, const struct flow_tuple tuples[2])
{
	(void)context;
	return be16toh(tuples[ABI_FLOW_FROM_CLIENT].ports.be_source) % 2 ? FLOW_OWNER_NONE : 0;
}

static void *zeroed(size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

/* On a file that they have already, or a new one. */
static struct crew *crew_new(struct world *world, uint32_t workers, void *file, uint32_t room)
{
	static const uint64_t secret[2] = {5, 6};
	const uint32_t capacities[FAMILY_COUNT] = {room, room};
	struct crew *crew = calloc(1, sizeof(*crew));

	assert_non_null(crew);
	*crew = (struct crew){.workers = workers, .world = world, .divisor = workers};
	crew->file = file != NULL ? file : zeroed(4096, flow_file_size(workers, capacities));
	struct abi_flows *head = flow_file_format(crew->file, workers, capacities, secret);
	for (uint32_t i = 0; i < workers; i++) {
		struct engine *engine = &crew->engines[i];

		*engine = world->engine;
		engine->counters = zeroed(ABI_CACHE_LINE, sizeof(*engine->counters));
		crew->pointers[i] = engine;
		for (unsigned family = 0; family < FAMILY_COUNT; family++) {
			crew->working[i][family] =
				zeroed(ABI_CACHE_LINE, flow_table_working_size(room));
			engine->flows[family] = flow_table_open(crew->working[i][family], head, i,
								family, world->now_ms);
		}
	}
	return crew;
}

/* Leaves its file to the caller. */
static void *crew_end(struct crew *crew)
{
	void *file = crew->file;

	for (uint32_t i = 0; i < crew->workers; i++) {
		free(crew->engines[i].counters);
		for (unsigned family = 0; family < FAMILY_COUNT; family++)
			free(crew->working[i][family]);
	}
	free(crew);
	return file;
}

static struct flow_recovery recover(struct crew *crew, const void *from, size_t size,
				    flow_owner *owner)
{
	struct flow_image image;
	char reason[128];
	struct flow_recovery recovery = {
		.snapshot = crew->world->snapshot,
		.engines = crew->pointers,
		.workers = crew->workers,
		.owner = owner,
		.owner_context = crew,
		.now_ms = crew->world->now_ms,
	};

	if (from != NULL) {
		assert_true(flow_image_open(&image, from, size, reason, sizeof(reason)));
		recovery.from = &image;
	}
	flow_recover(&recovery);
	recovery.from = NULL;
	return recovery;
}

/* Each worker's tables hold together. */
static void audit(struct crew *crew)
{
	struct world *world = crew->world;
	struct engine engine = world->engine;
	struct abi_counters_block *counters = world->counters;

	for (uint32_t i = 0; i < crew->workers; i++) {
		world->engine = crew->engines[i];
		world->counters = crew->engines[i].counters;
		restart_audit(world);
	}
	world->engine = engine;
	world->counters = counters;
}

static void begin_flows(struct world *world)
{
	for (uint16_t i = 0; i < FLOWS; i++) {
		for (unsigned j = 0; j < FAMILY_COUNT; j++) {
			struct frame_spec syn = syn_to(halves[j].dnat);

			syn.source_port = (uint16_t)(4000 + i);
			assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_TO_BACKEND);
		}
	}
}

static uint32_t count_of(const struct crew *crew, uint32_t worker)
{
	return crew->engines[worker].flows[FAMILY_IPV4]->count +
	       crew->engines[worker].flows[FAMILY_IPV6]->count;
}

/* A packet of each flow, to the worker that owns it. */
static void speak(struct crew *crew)
{
	struct world *world = crew->world;
	struct engine engine = world->engine;

	for (uint16_t i = 0; i < FLOWS; i++) {
		for (unsigned j = 0; j < FAMILY_COUNT; j++) {
			uint16_t port = (uint16_t)(4000 + i);
			struct frame_spec data = syn_to(halves[j].dnat);
			uint32_t owner = port % crew->divisor;

			data.source_port = port;
			data.flags = ACK;
			world->engine = crew->engines[owner];
			uint32_t before = count_of(crew, owner);
			assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
			crew->engines[owner] = world->engine;
			assert_int_equal(count_of(crew, owner), before);
			/* Its last hop came with it. */
			const struct flow_table *table = world->engine.flows[j];
			for (uint32_t record = 0; record < table->capacity; record++) {
				const struct abi_flow *flow = flow_table_record(table, record);

				if (flow->state != ABI_FLOW_FREE)
					assert_true(flow->client_hop != 0);
			}
		}
	}
	world->engine = engine;
}

/* One worker, then three, then three that own others, then one again. */
static void flows_follow_their_owners(void **state)
{
	struct world *world = world_new(ROOM);
	const uint32_t capacities[FAMILY_COUNT] = {ROOM, ROOM};
	const size_t size_of_three = flow_file_size(WORKERS, capacities);
	struct flow_image image;
	char reason[128];

	(void)state;
	begin_flows(world);
	struct crew *crew = crew_new(world, WORKERS, NULL, ROOM);
	struct flow_recovery recovery =
		recover(crew, world->flows_file, restart_file_size(world), by_port);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 2 * FLOWS);
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(count_of(crew, i), 2 * FLOWS / WORKERS);
	audit(crew);
	speak(crew);
	audit(crew);

	/* In place: half of worker 0's and 1's go to the other, all of 2's to them. */
	void *file = crew_end(crew);
	assert_true(flow_image_open(&image, file, size_of_three, reason, sizeof(reason)));
	assert_true(flow_image_fits(&image, WORKERS, capacities));
	crew = crew_new(world, WORKERS, file, ROOM);
	crew->divisor = 2;
	recovery = recover(crew, NULL, 0, by_port);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 2 * FLOWS);
	assert_int_equal(restart_dropped(&recovery), 0);
	assert_int_equal(count_of(crew, 0), FLOWS);
	assert_int_equal(count_of(crew, 1), FLOWS);
	assert_int_equal(count_of(crew, 2), 0);
	audit(crew);
	speak(crew);
	audit(crew);

	file = crew_end(crew);
	crew = crew_new(world, 1, NULL, ROOM);
	recovery = recover(crew, file, size_of_three, NULL);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 2 * FLOWS);
	audit(crew);
	speak(crew);
	free(file);
	free(crew_end(crew));
	world_free(world);
}

/* Killed when a record lay in its new table and was not freed in the old one yet. */
static void one_that_lies_in_two_tables_is_one(void **state)
{
	struct world *world = world_new(ROOM);

	(void)state;
	begin_flows(world);
	struct crew *crew = crew_new(world, 2, NULL, ROOM);
	recover(crew, world->flows_file, restart_file_size(world), by_port);
	struct abi_flow *mine = flow_table_record(crew->engines[0].flows[FAMILY_IPV4], 0);
	*flow_table_record(crew->engines[1].flows[FAMILY_IPV4], ROOM - 1) = *mine;
	void *file = crew_end(crew);

	crew = crew_new(world, 2, file, ROOM);
	struct flow_recovery recovery = recover(crew, NULL, 0, by_port);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 2 * FLOWS);
	assert_int_equal(recovery.flows[FLOW_TAKEN], 1);
	audit(crew);
	speak(crew);
	free(crew_end(crew));
	world_free(world);
}

/* Where no worker could have both directions; where the owner's table is full. */
static void what_nobody_can_have_is_dropped(void **state)
{
	struct world *world = world_new(ROOM);

	(void)state;
	begin_flows(world);
	struct crew *crew = crew_new(world, 2, NULL, ROOM);
	struct flow_recovery recovery =
		recover(crew, world->flows_file, restart_file_size(world), of_nobody);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], FLOWS);
	assert_int_equal(recovery.flows[FLOW_NO_OWNER], FLOWS);
	audit(crew);
	free(crew_end(crew));

	crew = crew_new(world, 2, NULL, 4);
	recovery = recover(crew, world->flows_file, restart_file_size(world), by_port);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 4 * 4);
	assert_int_equal(recovery.flows[FLOW_NO_ROOM], 2 * FLOWS - 4 * 4);
	audit(crew);
	free(crew_end(crew));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_follow_their_owners),
		cmocka_unit_test(one_that_lies_in_two_tables_is_one),
		cmocka_unit_test(what_nobody_can_have_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
