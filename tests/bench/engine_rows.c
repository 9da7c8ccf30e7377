/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/established.h"

#include "tests/bench/rows.h"
#include "tests/bench/samples.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>

#define TUPLES_MAX (8u << 20)
#define SAMPLED    (SAMPLES_BURSTS * PACKET_BURST)

static uint64_t step(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 32;
}

/* Sends one packet of each of the flows first .. first + count - 1; all must be sent on. */
static void send_all(struct bench_world *world, struct bench_tuple *tuples, unsigned count,
		     uint8_t tcp_flags)
{
	for (unsigned i = 0; i < count; i++) {
		tuples[i].tcp_flags = tcp_flags;
		bench_write(world, i, &tuples[i]);
	}
	bench_run(world, count);
	for (unsigned i = 0; i < count; i++)
		assert_true(world->packets[i].verdict <= ABI_VERDICT_TO_CLIENT);
}

void bench_establish(struct bench_world *world, uint32_t first, uint32_t count, void *tuples)
{
	uint8_t family = world->settings.family;

	for (uint32_t done = 0; done < count;) {
		unsigned burst = count - done < PACKET_BURST ? count - done : PACKET_BURST;
		struct bench_tuple clients[PACKET_BURST], replies[PACKET_BURST];

		for (unsigned i = 0; i < burst; i++)
			bench_client(world, first + done + i, &clients[i]);
		send_all(world, clients, burst, TCP_FLAG_SYN);
		for (unsigned i = 0; i < burst; i++)
			assert_true(bench_reply_of(world, i, &replies[i]));
		send_all(world, replies, burst, TCP_FLAG_SYN | TCP_FLAG_ACK);
		send_all(world, clients, burst, TCP_FLAG_ACK);
		for (unsigned i = 0; i < burst; i++) {
			size_t at = 2 * (size_t)(done + i);
			replies[i].tcp_flags = TCP_FLAG_ACK;
			memcpy(bench_tuple_at(tuples, family, at), &clients[i],
			       BENCH_TUPLE_SIZE(family));
			memcpy(bench_tuple_at(tuples, family, at + 1), &replies[i],
			       BENCH_TUPLE_SIZE(family));
		}
		done += burst;
	}
}

/* Draws the order of the packets: any flow of each `stride`, either direction. The first ones will
 * be samples. */
static void shuffle(struct established *row, void *all, uint32_t moving, uint32_t stride)
{
	uint8_t family = row->world->settings.family;
	size_t size = BENCH_TUPLE_SIZE(family);
	uint64_t random = 7;

	for (uint32_t i = 0; i < row->tuple_count; i++) {
		size_t drawn = (size_t)((step(&random) * 2 * moving) >> 32);
		drawn = drawn / 2 * stride * 2 + drawn % 2;
		memcpy(bench_tuple_at(row->tuples, family, i), bench_tuple_at(all, family, drawn),
		       size);
		if (i < SAMPLED)
			memcpy(bench_tuple_at(row->sampled, family, 2 * (size_t)i),
			       bench_tuple_at(all, family, drawn & ~(size_t)1), 2 * size);
	}
}

static inline void write_burst(struct established *row, uint32_t first, uint8_t family)
{
	for (unsigned i = 0; i < PACKET_BURST; i++)
		bench_write(row->world, i, bench_tuple_at(row->tuples, family, first + i));
}

void established_run(void *context, double *value, double *beside)
{
	struct established *row = context;
	struct bench_world *world = row->world;
	uint8_t family = world->settings.family;
	uint32_t mask = row->tuple_count - 1, first = row->next;
	uint64_t begun = measure_now_ns();

	for (uint32_t i = 0; i < row->packets; i += PACKET_BURST) {
		write_burst(row, (first + i) & mask, family);
		bench_run(world, PACKET_BURST);
		engine_age(&world->engine, world->now_ms);
	}
	uint64_t middle = measure_now_ns();
	for (uint32_t i = 0; i < row->packets; i += PACKET_BURST) {
		write_burst(row, (first + i) & mask, family);
		__asm__ volatile("" : : : "memory");
	}
	uint64_t end = measure_now_ns();
	world->now_ms += (middle - begun) / 1000000 + 1;
	row->next = (first + row->packets) & mask;
	*beside = (double)(end - middle) / row->packets;
	*value = (double)(middle - begun) / row->packets - *beside;
}

/* The first bursts of the order once more, with the model beside. */
uint32_t established_check(void *context, const char *name)
{
	struct established *row = context;
	uint8_t family = row->world->settings.family;
	struct samples *samples = samples_new(row->world, name);

	for (uint32_t first = 0; first < SAMPLED; first += PACKET_BURST) {
		samples_forget(samples);
		for (size_t i = first; i < first + PACKET_BURST; i++)
			samples_teach(samples, bench_tuple_at(row->sampled, family, 2 * i),
				      bench_tuple_at(row->sampled, family, 2 * i + 1));
		write_burst(row, first, family);
		samples_run(samples, PACKET_BURST);
	}
	return samples_end(samples);
}

static uint32_t tuple_count(uint32_t flows)
{
	uint32_t count = 1u << 20;

	while (count < 2 * flows && count < TUPLES_MAX)
		count *= 2;
	return count;
}

struct established *established_new(const struct measure *measure,
				    const struct bench_settings *settings, uint32_t flows,
				    uint32_t moving)
{
	struct established *row = calloc(1, sizeof(*row));
	size_t each = BENCH_TUPLE_SIZE(settings->family);
	size_t all_size = 2 * (size_t)flows * each;
	void *all = bench_memory(all_size);

	assert_non_null(row);
	row->world = bench_world_new(settings);
	row->tuple_count = tuple_count(moving);
	row->packets = measure->packets;
	bench_establish(row->world, 0, flows, all);
	row->tuples_size = (size_t)row->tuple_count * each;
	row->tuples = bench_memory(row->tuples_size);
	row->sampled = bench_memory(2 * (size_t)SAMPLED * each);
	shuffle(row, all, moving, flows / moving);
	bench_memory_free(all, all_size);
	return row;
}

void established_free(struct established *row)
{
	size_t each = BENCH_TUPLE_SIZE(row->world->settings.family);

	bench_memory_free(row->sampled, 2 * (size_t)SAMPLED * each);
	bench_memory_free(row->tuples, row->tuples_size);
	bench_world_free(row->world);
	free(row);
}

void bench_established(struct measure *measure, const struct bench_settings *settings,
		       const char *name, uint32_t flows)
{
	struct established *row = established_new(measure, settings, flows, flows);
	struct measure_row figures = {
		.name = name, .unit = "ns_per_packet", .flows = flows, .check = established_check};

	figures.bytes_per_flow = (double)bench_world_flow_bytes(row->world) / flows;
	if (flows >= 1000000)
		figures.load_ns = measure_load_ns();
	measure_row(measure, &figures, established_run, row);
	established_free(row);
}
