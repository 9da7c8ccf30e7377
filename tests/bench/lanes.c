/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/lanes.h"

#include "dataplane/core/owner.h"
#include "tests/bench/rows.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>

struct member {
	struct lanes *lanes;
	unsigned number;
	uint64_t took;
};

static void *run_member(void *argument)
{
	struct member *member = argument;
	struct lanes *lanes = member->lanes;

	measure_pin_to(lanes->measure, member->number);
	pthread_barrier_wait(&lanes->start);
	uint64_t begun = measure_now_ns();
	lanes->work(lanes, member->number);
	member->took = measure_now_ns() - begun;
	return NULL;
}

void lanes_work(struct lanes *lanes, unsigned first, unsigned count,
		void (*work)(struct lanes *lanes, unsigned number), uint64_t *took)
{
	struct member members[LANES];
	pthread_t threads[LANES];

	lanes->work = work;
	pthread_barrier_init(&lanes->start, NULL, count);
	for (unsigned i = 0; i < count; i++) {
		members[i] = (struct member){.lanes = lanes, .number = first + i};
		assert_int_equal(pthread_create(&threads[i], NULL, run_member, &members[i]), 0);
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		took[i] = members[i].took;
	}
	pthread_barrier_destroy(&lanes->start);
}

void lane_write(struct lane *lane, uint32_t burst)
{
	uint32_t first = burst * PACKET_BURST & (LANE_TUPLES - 1);

	for (unsigned i = 0; i < PACKET_BURST; i++)
		bench_write(lane->world, i, bench_tuple_at(lane->tuples, 4, first + i));
}

static void open_lane(struct lanes *lanes, uint32_t number, const struct bench_settings *settings)
{
	struct lane *lane = &lanes->lane[number];
	size_t all_size = 2 * (size_t)LANE_FLOWS * BENCH_TUPLE_SIZE(4);
	void *all = bench_memory(all_size);
	uint64_t random = 7 + number;

	lane->world = bench_world_new(settings);
	lane->world->engine.owner = lanes->owner;
	lane->world->engine.number = number;
	lane->tuples = bench_memory((size_t)LANE_TUPLES * BENCH_TUPLE_SIZE(4));
	bench_establish(lane->world, number * LANE_FLOWS, LANE_FLOWS, all);
	for (uint32_t i = 0; i < LANE_TUPLES; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		size_t drawn = (size_t)((random >> 32) * 2 * LANE_FLOWS >> 32);
		memcpy(bench_tuple_at(lane->tuples, 4, i), bench_tuple_at(all, 4, drawn),
		       BENCH_TUPLE_SIZE(4));
	}
	bench_memory_free(all, all_size);
}

struct lanes *lanes_new(const struct measure *measure, const struct bench_settings *settings)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));

	assert_non_null(lanes);
	lanes->measure = measure;
	lanes->owner = bench_owner_new(LANES);
	for (unsigned i = 0; i < LANES; i++)
		open_lane(lanes, i, settings);
	return lanes;
}

void lanes_free(struct lanes *lanes)
{
	for (unsigned i = 0; i < LANES; i++) {
		bench_world_free(lanes->lane[i].world);
		bench_memory_free(lanes->lane[i].tuples, (size_t)LANE_TUPLES * BENCH_TUPLE_SIZE(4));
	}
	free(lanes->owner);
	free(lanes);
}
