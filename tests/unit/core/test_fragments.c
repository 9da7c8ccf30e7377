/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The table of datagrams in pieces: what gives way to what, and identifications. */
#include "dataplane/core/random.h"
#include "tests/unit/core/fragment_site.h"

#include <stdlib.h>

#define FLOOD 1000000
#define SLICE 1448 /* bytes of a fragment; whole eights */

static struct whole whole;

static struct frame_spec question(const struct half *half)
{
	return (struct frame_spec){.source = half->client,
				   .destination = half->dnat,
				   .source_port = 4000,
				   .destination_port = 53,
				   .protocol = UDP,
				   .mac_from = MAC_CLIENT,
				   .mac_to = MAC_PORT_0};
}

static struct frame piece(const struct half *half, uint32_t id, uint32_t begin, uint32_t length)
{
	const struct frame_spec spec = question(half);

	if (whole.spec.source != spec.source || whole.length == 0)
		whole_make(&whole, &spec, 65000, 0);
	return whole_cut(&whole, id, begin, length);
}

static uint8_t put(struct site *site, const struct half *half, uint32_t id, uint32_t begin)
{
	struct frame frame = piece(half, id, begin, 8);

	return site->frames[site_put(site, 0, &frame, 0)].verdict;
}

/* Of packets that wait the oldest datagram's give way. */
static void test_held_are_bounded(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);

	for (uint32_t i = 0; i < FRAGMENTS_HELD; i++)
		assert_int_equal(put(site, half, i / 2, 8 + i % 2 * 8), VERDICT_HELD);
	assert_int_equal(site->waiting, FRAGMENTS_HELD);
	assert_int_equal(put(site, half, 1000, 8), VERDICT_HELD);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(site->frames[i].verdict, ABI_VERDICT_FRAGMENT_TABLE_FULL);
	assert_int_equal(site->frames[2].verdict, VERDICT_HELD);
	assert_int_equal(site->waiting, FRAGMENTS_HELD - 1);
	/* The oldest one, when it is to keep another. */
	assert_int_equal(put(site, half, 1000, 16), VERDICT_HELD);
	assert_int_equal(put(site, half, 1, 24), ABI_VERDICT_FRAGMENT_TABLE_FULL);
	assert_int_equal(site->frames[2].verdict, ABI_VERDICT_FRAGMENT_TABLE_FULL);
	assert_int_equal(site->frames[4].verdict, VERDICT_HELD);
	site_wait(site, 2000);
	assert_int_equal(site->waiting, 0);
	assert_int_equal(site_counted(site, ABI_VERDICT_FRAGMENT_TIMEOUT), FRAGMENTS_HELD - 2);
	site_close(site);
}

static void test_held_of_one_are_bounded(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);

	for (uint32_t i = 0; i < FRAGMENTS_HELD_OF_ONE; i++)
		assert_int_equal(put(site, half, 1, 8 + i * 8), VERDICT_HELD);
	assert_int_equal(put(site, half, 1, 4096), ABI_VERDICT_FRAGMENT_TABLE_FULL);
	assert_int_equal(site->waiting, 0);
	assert_int_equal(site_counted(site, ABI_VERDICT_FRAGMENT_TABLE_FULL),
			 FRAGMENTS_HELD_OF_ONE + 1);
	site_close(site);
}

/* Datagrams under way outlive any number of fragments without a first one; and the oldest of
 * them gives way to a new one of their kind. */
static void test_flood(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);

	for (uint32_t i = 0; i < FRAGMENTS_DATAGRAMS - 1; i++)
		assert_int_equal(put(site, half, i, 0), ABI_VERDICT_TO_BACKEND);
	site_forget(site);
	struct site_frame late = {.frame = piece(half, 0, 800, 8)};
	for (uint32_t i = 0; i < FLOOD; i++) {
		struct packet packet = {.data = frame_data(&late.frame),
					.length = late.frame.length,
					.cookie = &late};
		struct packet freed[PACKET_BURST];
		uint32_t be_number = htobe32(0x0b000000 + i);

		/* Of one sender after the other. */
		memcpy(packet.data + 14 + (half->family == 4 ? 12 : 20), &be_number, 4);
		if (half->family == 4)
			frame_fix_header(&late.frame);
		engine_run(site_engine(site, 0), &packet, 1, site->now_ms);
		assert_int_equal(packet.verdict, VERDICT_HELD);
		assert_int_equal(engine_take_held(site_engine(site, 0), freed), i > 0);
	}
	site->gone += FLOOD;
	site->waiting = 1;
	/* Full of first ones: nothing is kept that waits. */
	assert_int_equal(put(site, half, 5000, 0), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(site->waiting, 0);
	assert_int_equal(put(site, half, 6000, 8), ABI_VERDICT_FRAGMENT_TABLE_FULL);
	for (uint32_t i = 0; i < FRAGMENTS_DATAGRAMS - 1; i++)
		assert_int_equal(put(site, half, i, 8), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(put(site, half, 7000, 0), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(put(site, half, 0, 16), ABI_VERDICT_FRAGMENT_TABLE_FULL);
	assert_int_equal(put(site, half, 1, 16), ABI_VERDICT_TO_BACKEND);
	site_close(site);
}

/* Of a datagram of two fragments. */
static uint8_t put_half(struct site *site, const struct half *half, uint32_t id, uint32_t begin)
{
	struct frame frame;

	piece(half, id, 0, 8);
	whole.length = 16;
	frame = whole_cut(&whole, id, begin, 8);
	whole.length = 65000;
	return site->frames[site_put(site, 0, &frame, 0)].verdict;
}

/* Each twice or more, the last one first, of more datagrams than there are places. */
static void test_late_duplicates(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);

	for (uint32_t id = 0; id < 4 * FRAGMENTS_DATAGRAMS; id++) {
		assert_int_equal(put_half(site, half, id, 8), VERDICT_HELD);
		assert_int_equal(put_half(site, half, id, 8), ABI_VERDICT_FRAGMENT_DUPLICATE);
		assert_int_equal(put_half(site, half, id, 0), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(site->frames[0].verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(put_half(site, half, id, 0), ABI_VERDICT_FRAGMENT_DUPLICATE);
		assert_int_equal(put_half(site, half, id, 8), ABI_VERDICT_FRAGMENT_DUPLICATE);
		site_forget(site);
	}
	site_close(site);
}

/* To anybody, the oldest one first; nobody else gives way while there is one. */
static void test_whole_give_way(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);

	assert_int_equal(put(site, half, 1000, 8), VERDICT_HELD);
	assert_int_equal(put(site, half, 1001, 0), ABI_VERDICT_TO_BACKEND);
	for (uint32_t i = 0; i < (FRAGMENTS_DATAGRAMS - 2) * 2; i++)
		assert_int_equal(put_half(site, half, i / 2, i % 2 * 8), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(site->frames[0].verdict, VERDICT_HELD);
	assert_int_equal(put(site, half, 1002, 8), VERDICT_HELD);
	assert_int_equal(put(site, half, 1003, 0), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(put_half(site, half, 2, 8), ABI_VERDICT_FRAGMENT_DUPLICATE);
	assert_int_equal(put_half(site, half, 1, 8), VERDICT_HELD);
	assert_int_equal(put_half(site, half, 2, 8), VERDICT_HELD);
	assert_int_equal(site->frames[0].verdict, VERDICT_HELD);
	assert_int_equal(put(site, half, 1001, 8), ABI_VERDICT_TO_BACKEND);
	site_wait(site, 2000);
	assert_int_equal(site_counted(site, ABI_VERDICT_FRAGMENT_TABLE_FULL), 0);
	site_close(site);
}

/* A half of a datagram, of an identification that all have; at any worker. */
static uint8_t put_of(struct site *site, const struct whole *datagram, uint32_t begin)
{
	struct frame frame = whole_cut(datagram, 7, begin, SLICE);
	unsigned worker = (unsigned)(random_next(site->random) % site->workers);

	return site->frames[site_put(site, worker, &frame, 0)].verdict;
}

/* Identifications that come again at once, of datagrams that are cut alike. */
static void test_next_of_identification(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half);
	static struct whole wholes[2];

	for (unsigned i = 0; i < 2; i++)
		whole_make(&wholes[i], &spec, 2 * SLICE, (uint8_t)i);
	for (unsigned workers = 1; workers <= SITE_WORKERS; workers += SITE_WORKERS - 1) {
		struct site *site = site_open(workers);

		for (unsigned i = 0; i < 10; i++) {
			const struct whole *next = &wholes[i % 2];

			assert_int_equal(put_of(site, next, 0), ABI_VERDICT_TO_BACKEND);
			assert_int_equal(put_of(site, next, 0), ABI_VERDICT_FRAGMENT_DUPLICATE);
			assert_int_equal(put_of(site, next, SLICE), ABI_VERDICT_TO_BACKEND);
			assert_int_equal(put_of(site, next, SLICE), ABI_VERDICT_FRAGMENT_DUPLICATE);
			assert_int_equal(put_of(site, next, 0), ABI_VERDICT_FRAGMENT_DUPLICATE);
		}
		/* Not the first one first: that is what it costs. */
		assert_int_equal(put_of(site, &wholes[0], SLICE), ABI_VERDICT_FRAGMENT_DUPLICATE);
		assert_int_equal(put_of(site, &wholes[0], 0), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(put_of(site, &wholes[0], SLICE), ABI_VERDICT_TO_BACKEND);
		/* For a quarter of a second. */
		site_wait(site, 100);
		assert_int_equal(put_of(site, &wholes[1], SLICE), ABI_VERDICT_FRAGMENT_DUPLICATE);
		site_wait(site, 220);
		unsigned later = site->count;
		assert_int_equal(put_of(site, &wholes[1], SLICE), VERDICT_HELD);
		assert_int_equal(put_of(site, &wholes[1], 0), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(site->frames[later].verdict, ABI_VERDICT_TO_BACKEND);
		site_close(site);
	}
}

static void test_give_up(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(1);
	struct packet packets[PACKET_BURST];

	for (uint32_t i = 0; i < 40; i++)
		put(site, half, i, 8);
	engine_give_up_held(site_engine(site, 0));
	assert_int_equal(engine_take_held(site_engine(site, 0), packets), PACKET_BURST);
	assert_int_equal(engine_take_held(site_engine(site, 0), packets), 40 - PACKET_BURST);
	assert_int_equal(engine_take_held(site_engine(site, 0), packets), 0);
	site->waiting = 0;
	site_close(site);
}

/* All 65,536 come before one comes again, whoever of the workers gives them out. */
static void test_identifications(void **state)
{
	static const uint64_t secret[2] = {3, 9};
	static uint8_t seen[UINT16_MAX + 1];
	struct fragments *tables[4];
	unsigned steps_of_one = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 4; i++) {
		void *memory = aligned_alloc(64, (fragments_size() + 63) / 64 * 64);

		assert_non_null(memory);
		tables[i] =
			fragments_open(memset(memory, 0, fragments_size()), secret, i, 4, 1000 + i);
		for (uint32_t j = 0, last = 0; j < (UINT16_MAX + 1) / 4; j++) {
			uint32_t id = fragments_draw_id(tables[i], 4);

			assert_in_range(id, 0, UINT16_MAX);
			assert_int_equal(seen[id]++, 0);
			steps_of_one += id == last + 1;
			last = id;
		}
	}
	assert_in_range(steps_of_one, 0, 50);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_not_equal(fragments_draw_id(tables[i], 6),
				     fragments_draw_id(tables[i], 6));
		assert_int_not_equal(fragments_draw_id(tables[i], 6),
				     fragments_draw_id(tables[(i + 1) % 4], 6));
	}
	for (uint32_t i = 0; i < 4; i++)
		free(tables[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(test_held_are_bounded),
		OF_BOTH_FAMILIES(test_held_of_one_are_bounded),
		OF_BOTH_FAMILIES(test_flood),
		OF_BOTH_FAMILIES(test_late_duplicates),
		OF_BOTH_FAMILIES(test_whole_give_way),
		OF_BOTH_FAMILIES(test_next_of_identification),
		OF_BOTH_FAMILIES(test_give_up),
		cmocka_unit_test(test_identifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
