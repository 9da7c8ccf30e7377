/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Whole connections, from the SYN to the expiry of their record; and SYNs that
 * never become one, while 1,000 connections go on.
 */
#include "tests/bench/rows.h"
#include "tests/bench/samples.h"
#include "tests/unit/core/check.h"

#define CONNECTIONS_A_RUN (1u << 18)
#define SYNS_A_RUN        (1u << 22)
#define SYN_TUPLES        (1u << 22)
#define KEPT              1000

struct connections {
	struct bench_world *world;
	uint32_t next;
};

/* What a connection of 8 packets sends, and who: handshake, question, answer, both ends. */
static const struct {
	bool from_client;
	uint8_t tcp_flags;
} script[] = {
	{true, TCP_FLAG_SYN},
	{false, TCP_FLAG_SYN | TCP_FLAG_ACK},
	{true, TCP_FLAG_ACK},
	{true, TCP_FLAG_ACK},
	{false, TCP_FLAG_ACK},
	{false, TCP_FLAG_ACK | TCP_FLAG_FIN},
	{true, TCP_FLAG_ACK | TCP_FLAG_FIN},
	{false, TCP_FLAG_ACK},
};

#define SCRIPT_STEPS (sizeof(script) / sizeof(script[0]))

/* Of the run that is checked, how far apart the bursts of connections are that the model sees. */
#define CONNECTIONS_SAMPLED_EACH (CONNECTIONS_A_RUN * SCRIPT_STEPS / PACKET_BURST / SAMPLES_BURSTS)

/* One connection in each frame of the burst, side by side. The model sees it, or is NULL. */
static void connect_burst(struct bench_world *world, const struct bench_tuple *clients,
			  struct samples *samples)
{
	struct bench_tuple ends[2][PACKET_BURST];

	memcpy(ends[1], clients, sizeof(ends[1]));
	if (samples)
		samples_forget(samples);
	for (unsigned step = 0; step < SCRIPT_STEPS; step++) {
		struct bench_tuple *from = ends[script[step].from_client];

		for (unsigned i = 0; i < PACKET_BURST; i++) {
			from[i].tcp_flags = script[step].tcp_flags;
			bench_write(world, i, &from[i]);
		}
		if (samples)
			samples_run(samples, PACKET_BURST);
		else
			bench_run(world, PACKET_BURST);
		engine_age(&world->engine, world->now_ms);
		for (unsigned i = 0; step == 0 && i < PACKET_BURST; i++)
			assert_true(bench_reply_of(world, i, &ends[0][i]));
	}
}

/*
 * The clock runs so that about as many connections end as begin. Returns the ns that went
 * into clients' tuples. The model sees some, or is NULL.
 */
static uint64_t connect_all(struct connections *row, struct samples *samples)
{
	struct bench_world *world = row->world;
	uint64_t outside = 0;

	for (uint32_t i = 0; i < CONNECTIONS_A_RUN; i += PACKET_BURST) {
		struct bench_tuple clients[PACKET_BURST];
		uint64_t before = measure_now_ns();

		for (unsigned j = 0; j < PACKET_BURST; j++)
			bench_client(world, row->next + j, &clients[j]);
		outside += measure_now_ns() - before;
		row->next += PACKET_BURST;
		bool is_sampled = i / PACKET_BURST % CONNECTIONS_SAMPLED_EACH == 0;
		connect_burst(world, clients, is_sampled ? samples : NULL);
		world->now_ms += (i & 1023) == 0 ? 64 : 0;
	}
	return outside;
}

static void run_connections(void *context, double *value, double *beside)
{
	struct connections *row = context;
	struct bench_world *world = row->world;
	struct flow_table *table = world->engine.flows[FAMILY_IPV4];
	uint64_t begun = measure_now_ns();
	uint64_t outside = connect_all(row, NULL);

	world->now_ms += 70000;
	while (table->count > 0)
		engine_age(&world->engine, world->now_ms);
	uint64_t end = measure_now_ns();
	*beside = 0;
	*value = CONNECTIONS_A_RUN * 1e9 / (double)(end - begun - outside);
	for (unsigned verdict = 2; verdict < ABI_VERDICT_COUNT; verdict++)
		assert_int_equal(world->engine.counters->verdicts[verdict], 0);
}

/* One run more, of which the model sees connections from the first to the last. */
static uint32_t check_connections(void *context, const char *name)
{
	struct connections *row = context;
	struct samples *samples = samples_new(row->world, name);

	connect_all(row, samples);
	return samples_end(samples);
}

void bench_connections(struct measure *measure, const struct bench_settings *settings,
		       const char *name)
{
	struct connections row = {.world = bench_world_new(settings)};
	struct measure_row figures = {
		.name = name, .unit = "per_second", .check = check_connections};

	measure_row(measure, &figures, run_connections, &row);
	bench_world_free(row.world);
}

struct flood {
	struct bench_world *world;
	void *syns; /* their tuples */
	uint32_t next;
	struct bench_tuple kept[2 * KEPT];
	uint64_t lost; /* packets of the kept ones that were not sent on */
};

static inline void write_syns(const struct flood *row, uint32_t first)
{
	for (unsigned i = 0; i < PACKET_BURST; i++)
		bench_write(row->world, i,
			    bench_tuple_at(row->syns, 4, (first + i) & (SYN_TUPLES - 1)));
}

/* A packet of one of the connections that are kept. */
static void use_kept(struct flood *row, uint32_t number)
{
	bench_write(row->world, 0, &row->kept[number % (2 * KEPT)]);
	bench_run(row->world, 1);
	row->lost += row->world->packets[0].verdict > ABI_VERDICT_TO_CLIENT;
}

/* The clock is the true one, as far as a millisecond goes. */
static void run_flood(void *context, double *value, double *beside)
{
	struct flood *row = context;
	struct bench_world *world = row->world;
	uint64_t begun_ms = world->now_ms, begun = measure_now_ns();

	for (uint32_t i = 0; i < SYNS_A_RUN; i += PACKET_BURST) {
		write_syns(row, row->next + i);
		bench_run(world, PACKET_BURST);
		engine_age(&world->engine, world->now_ms);
		if (i % 1024 == 0) {
			use_kept(row, i / 1024);
			world->now_ms = begun_ms + (measure_now_ns() - begun) / 1000000;
		}
	}
	uint64_t middle = measure_now_ns();
	for (uint32_t i = 0; i < SYNS_A_RUN; i += PACKET_BURST) {
		write_syns(row, row->next + i);
		__asm__ volatile("" : : : "memory");
	}
	uint64_t end = measure_now_ns();
	row->next += SYNS_A_RUN;
	*beside = 0;
	*value = SYNS_A_RUN * 1e9 / (double)((middle - begun) - (end - middle));
	assert_int_equal(row->lost, 0);
}

/* Beside each burst of SYNs the model sees so many of the tuples that are kept: in the end all. */
#define KEPT_A_STEP 8

_Static_assert(2 * KEPT / KEPT_A_STEP * (KEPT_A_STEP + PACKET_BURST) == SAMPLES, "that many steps");

/* Some connections that are kept, both directions of each, with the model beside. */
static void check_kept(struct flood *row, struct samples *samples, uint32_t first)
{
	for (uint32_t i = first; i < first + KEPT_A_STEP; i += 2)
		samples_teach(samples, &row->kept[i], &row->kept[i + 1]);
	for (uint32_t i = 0; i < KEPT_A_STEP; i++)
		bench_write(row->world, i, &row->kept[first + i]);
	samples_run(samples, KEPT_A_STEP);
}

/*
 * The flood goes on, with the table as full as it is. Which flow gives way to a SYN is the
 * engine's to choose; the SYN has to be sent on as any first packet, and those that are kept
 * as if there were no flood.
 */
static uint32_t check_flood(void *context, const char *name)
{
	struct flood *row = context;
	struct samples *samples = samples_new(row->world, name);
	const struct flow_table *table = row->world->engine.flows[FAMILY_IPV4];

	for (uint32_t i = 0; i < 2 * KEPT; i += KEPT_A_STEP) {
		samples_forget(samples);
		write_syns(row, row->next);
		samples_run(samples, PACKET_BURST);
		row->next += PACKET_BURST;
		check_kept(row, samples, i);
		engine_age(&row->world->engine, row->world->now_ms);
	}
	assert_int_equal(table->count, table->capacity);
	return samples_end(samples);
}

void bench_syn_flood(struct measure *measure, const struct bench_settings *settings,
		     const char *name)
{
	struct flood row = {.world = bench_world_new(settings)};
	struct measure_row figures = {
		.name = name, .unit = "per_second", .flows = KEPT, .check = check_flood};
	size_t size = (size_t)SYN_TUPLES * BENCH_TUPLE_SIZE(4);

	bench_establish(row.world, 0, KEPT, row.syns = bench_memory(size));
	for (unsigned i = 0; i < 2 * KEPT; i++)
		memcpy(&row.kept[i], bench_tuple_at(row.syns, 4, i), BENCH_TUPLE_SIZE(4));
	for (uint32_t i = 0; i < SYN_TUPLES; i++) {
		struct bench_tuple tuple;

		/* Each tuple is another flow. Their order in the table is the hash's, random. */
		bench_client(row.world, KEPT + i, &tuple);
		tuple.tcp_flags = TCP_FLAG_SYN;
		memcpy(bench_tuple_at(row.syns, 4, i), &tuple, BENCH_TUPLE_SIZE(4));
	}
	measure_row(measure, &figures, run_flood, &row);
	bench_memory_free(row.syns, size);
	bench_world_free(row.world);
}
