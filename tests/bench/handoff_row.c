/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What it costs to hand packets over: two workers, and every packet arrives at
 * the one that does not own its flow. Frames go over by the ring that the
 * dataplane uses, and come back to whoever wrote them by another one, as buffers
 * do by the pool.
 */
#include "tests/bench/lanes.h"
#include "tests/bench/rows.h"
#include "tests/unit/core/check.h"

#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>

#define RING_SIZE 1024
#define FRAMES    2048 /* of a worker: rings, and bursts in work */
#define BURSTS    (1u << 15)

/* A buffer, with what a driver says of it. */
struct buffer {
	struct packet packet;
	uint8_t frame[BENCH_FRAME_STRIDE] __attribute__((aligned(ABI_CACHE_LINE)));
};

/* Of a lane: what it sends the other by, and what it has of its own. */
struct post {
	struct rte_ring *there, *back; /* to the owner; buffers that come back from it */
	struct buffer *buffers;
	struct buffer *free[FRAMES];
	unsigned free_count;
};

static struct post *post_of(struct lanes *lanes, unsigned number)
{
	return lanes->lane[number].context;
}

/* As a driver would give them: buffers with a burst of packets of the other lane's flows. */
static unsigned receive(struct lanes *lanes, unsigned number, uint32_t burst,
			struct packet *packets)
{
	struct post *post = post_of(lanes, number);
	struct lane *other = &lanes->lane[number ^ 1];
	uint32_t first = burst * PACKET_BURST & (LANE_TUPLES - 1);
	unsigned left = PACKET_BURST;

	post->free_count +=
		rte_ring_sc_dequeue_burst(post->back, (void **)(post->free + post->free_count),
					  FRAMES - post->free_count, NULL);
	if (post->free_count < PACKET_BURST)
		return 0;
	while (left-- > 0) {
		struct buffer *buffer = post->free[--post->free_count];

		bench_write_frame(other->world, buffer->frame + PACKET_HEADROOM, &buffer->packet,
				  bench_tuple_at(other->tuples, 4, first + left));
		buffer->packet.cookie = buffer;
		packets[left] = buffer->packet;
	}
	return PACKET_BURST;
}

/* Has the engine say whose they are, and sends them there; true when they fitted. */
static void hand_over(struct lanes *lanes, unsigned number, struct packet *packets, unsigned count)
{
	struct bench_world *world = lanes->lane[number].world;
	struct post *post = post_of(lanes, number);
	void *buffers[PACKET_BURST];
	unsigned sent = 0;

	engine_run(&world->engine, packets, count, world->now_ms);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(packets[i].verdict, VERDICT_FOREIGN);
		buffers[i] = packets[i].cookie;
	}
	/* There are no more buffers than places: it always fits, soon. */
	while (sent < count)
		sent += rte_ring_sp_enqueue_burst(post->there, buffers + sent, count - sent, NULL);
}

static unsigned take_over(struct lanes *lanes, unsigned number)
{
	struct bench_world *world = lanes->lane[number].world;
	struct post *giver = post_of(lanes, number ^ 1);
	struct packet packets[PACKET_BURST];
	void *buffers[PACKET_BURST];
	unsigned count = rte_ring_sc_dequeue_burst(giver->there, buffers, PACKET_BURST, NULL);
	unsigned back = 0;

	for (unsigned i = 0; i < count; i++)
		packets[i] = ((struct buffer *)buffers[i])->packet;
	engine_run_owned(&world->engine, packets, count, world->now_ms);
	for (unsigned i = 0; i < count; i++)
		assert_true(packets[i].verdict <= ABI_VERDICT_TO_CLIENT);
	while (back < count)
		back += rte_ring_sp_enqueue_burst(giver->back, buffers + back, count - back, NULL);
	return count;
}

static void cross(struct lanes *lanes, unsigned number)
{
	uint32_t given = 0, taken = 0;

	while (given < BURSTS || taken < BURSTS * PACKET_BURST) {
		struct packet packets[PACKET_BURST];

		if (given < BURSTS && receive(lanes, number, given, packets) > 0) {
			hand_over(lanes, number, packets, PACKET_BURST);
			given++;
		}
		taken += take_over(lanes, number);
		engine_age(&lanes->lane[number].world->engine, lanes->lane[number].world->now_ms);
	}
}

/* The same work without the crossing: each lane's packets come to it. */
static void stay(struct lanes *lanes, unsigned number)
{
	struct lane *lane = &lanes->lane[number];

	for (uint32_t burst = 0; burst < BURSTS; burst++) {
		lane_write(lane, burst);
		engine_run_owned(&lane->world->engine, lane->world->packets, PACKET_BURST,
				 lane->world->now_ms);
		engine_age(&lane->world->engine, lane->world->now_ms);
	}
}

static struct rte_ring *ring_new(unsigned size)
{
	struct rte_ring *ring = bench_memory((size_t)rte_ring_get_memsize(size));

	assert_int_equal(rte_ring_init(ring, "", size, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return ring;
}

static struct post *post_new(void)
{
	struct post *post = calloc(1, sizeof(*post));

	post->there = ring_new(RING_SIZE);
	post->back = ring_new(2 * FRAMES);
	post->buffers = bench_memory(FRAMES * sizeof(struct buffer));
	for (unsigned i = 0; i < FRAMES; i++)
		post->free[post->free_count++] = &post->buffers[i];
	return post;
}

static void post_free(struct post *post)
{
	bench_memory_free(post->there, (size_t)rte_ring_get_memsize(RING_SIZE));
	bench_memory_free(post->back, (size_t)rte_ring_get_memsize(2 * FRAMES));
	bench_memory_free(post->buffers, FRAMES * sizeof(struct buffer));
	free(post);
}

/* Nanoseconds of both workers' time a packet. */
static double time_of(struct lanes *lanes, void (*work)(struct lanes *lanes, unsigned number))
{
	uint64_t took[LANES];

	lanes_work(lanes, 0, LANES, work, took);
	return (double)(took[0] + took[1]) / ((double)LANES * BURSTS * PACKET_BURST);
}

static void run(void *context, double *value, double *beside)
{
	*beside = time_of(context, stay);
	*value = time_of(context, cross) - *beside;
}

void bench_handoff(struct measure *measure, const struct bench_settings *settings, const char *name)
{
	struct lanes *lanes = lanes_new(measure, settings);
	struct measure_row figures = {
		.name = name, .unit = "ns_per_packet", .flows = LANES * LANE_FLOWS};

	for (unsigned i = 0; i < LANES; i++) {
		lanes->lane[i].context = post_new();
		lanes->lane[i].world->engine.foreign = UINT32_MAX;
	}
	measure_row(measure, &figures, run, lanes);
	/* Of both together, when all of it arrives at the wrong one. */
	fprintf(stderr, "%-36s %.1f million packets a second by two workers, %.1f without\n", "",
		2e3 / (figures.values[measure->runs / 2] + figures.beside[measure->runs / 2]),
		2e3 / figures.beside[measure->runs / 2]);
	for (unsigned i = 0; i < LANES; i++)
		post_free(post_of(lanes, i));
	lanes_free(lanes);
}
