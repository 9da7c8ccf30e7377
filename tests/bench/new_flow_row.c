/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* First packets of flows, into a table that is already that full. */
#include "tests/bench/rows.h"
#include "tests/bench/samples.h"
#include "tests/unit/core/check.h"

#define NEW_FLOWS_A_RUN (1u << 18)

/* Of the run that is checked, how far apart the bursts are that the model sees. */
#define SAMPLED_EACH (NEW_FLOWS_A_RUN / PACKET_BURST / SAMPLES_BURSTS)

struct new_flow {
	struct bench_world *world;
	uint32_t next;
	void *tuples; /* of the flows of a run */
};

static void make_tuples(struct new_flow *row)
{
	uint8_t family = row->world->settings.family;

	for (uint32_t i = 0; i < NEW_FLOWS_A_RUN; i++) {
		struct bench_tuple tuple;

		bench_client(row->world, row->next + i, &tuple);
		tuple.tcp_flags = TCP_FLAG_SYN;
		memcpy(bench_tuple_at(row->tuples, family, i), &tuple, BENCH_TUPLE_SIZE(family));
	}
	row->next += NEW_FLOWS_A_RUN;
}

static inline void write_burst(const struct new_flow *row, uint32_t first, uint8_t family)
{
	for (unsigned i = 0; i < PACKET_BURST; i++)
		bench_write(row->world, i, bench_tuple_at(row->tuples, family, first + i));
}

/* The flows that a run made are over before the next: the table stays as full as it was. */
static void end_flows(struct bench_world *world, uint32_t keep)
{
	unsigned family = world->settings.family == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	struct flow_table *table = world->engine.flows[family];

	world->now_ms += 40000;
	while (table->count > keep)
		engine_age(&world->engine, world->now_ms);
}

static void run(void *context, double *value, double *beside)
{
	struct new_flow *row = context;
	struct bench_world *world = row->world;
	uint8_t family = world->settings.family;
	uint32_t before = world->engine.flows[family == 4 ? FAMILY_IPV4 : FAMILY_IPV6]->count;

	make_tuples(row);
	uint64_t begun = measure_now_ns();
	for (uint32_t i = 0; i < NEW_FLOWS_A_RUN; i += PACKET_BURST) {
		write_burst(row, i, family);
		bench_run(world, PACKET_BURST);
	}
	uint64_t middle = measure_now_ns();
	for (uint32_t i = 0; i < NEW_FLOWS_A_RUN; i += PACKET_BURST) {
		write_burst(row, i, family);
		__asm__ volatile("" : : : "memory");
	}
	uint64_t end = measure_now_ns();
	*beside = (double)(end - middle) / NEW_FLOWS_A_RUN;
	*value = (double)(middle - begun) / NEW_FLOWS_A_RUN - *beside;
	assert_int_equal(world->engine.flows[family == 4 ? FAMILY_IPV4 : FAMILY_IPV6]->count,
			 before + NEW_FLOWS_A_RUN);
	end_flows(world, before);
}

/* One run more, of which the model sees bursts from the first to the last. */
static uint32_t check(void *context, const char *name)
{
	struct new_flow *row = context;
	struct samples *samples = samples_new(row->world, name);

	make_tuples(row);
	for (uint32_t i = 0; i < NEW_FLOWS_A_RUN / PACKET_BURST; i++) {
		write_burst(row, i * PACKET_BURST, row->world->settings.family);
		if (i % SAMPLED_EACH == 0) {
			samples_forget(samples);
			samples_run(samples, PACKET_BURST);
		} else {
			bench_run(row->world, PACKET_BURST);
		}
	}
	return samples_end(samples);
}

void bench_new_flow(struct measure *measure, const struct bench_settings *settings,
		    const char *name, uint32_t flows)
{
	struct bench_settings larger = *settings;
	size_t tuples_size = (size_t)NEW_FLOWS_A_RUN * BENCH_TUPLE_SIZE(settings->family);
	size_t all_size = 2 * (size_t)flows * BENCH_TUPLE_SIZE(settings->family);
	struct measure_row figures = {
		.name = name, .unit = "ns_per_packet", .flows = flows, .check = check};
	struct new_flow row = {.next = flows, .tuples = bench_memory(tuples_size)};
	void *all = bench_memory(all_size);

	larger.capacity += NEW_FLOWS_A_RUN;
	row.world = bench_world_new(&larger);
	bench_establish(row.world, 0, flows, all);
	bench_memory_free(all, all_size);
	figures.load_ns = measure_load_ns();
	measure_row(measure, &figures, run, &row);
	bench_world_free(row.world);
	bench_memory_free(row.tuples, tuples_size);
}
