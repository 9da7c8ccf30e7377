/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The ring by its properties: tiny ones to look at, 65537 slots for the bounds. */
#include "controlplane/publish/maglev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SIZE     65537
#define MOST     1000
#define REMOVALS 50

/* 10.`net`.x.y:80 with x.y counted up, all of weight 1. */
static void make_members(struct maglev_member *members, size_t count, uint8_t net)
{
	for (size_t i = 0; i < count; i++)
		members[i] = (struct maglev_member){
			.address = {[10] = 0xff,
				    [11] = 0xff,
				    [12] = 10,
				    [13] = net,
				    [14] = (uint8_t)(i >> 8),
				    [15] = (uint8_t)i},
			.port = 80,
			.slot_value = (uint16_t)i,
			.weight = 1,
		};
}

static void count_slots(const uint16_t *slots, uint32_t size, uint32_t *counts, size_t count)
{
	memset(counts, 0, count * sizeof(*counts));
	for (uint32_t i = 0; i < size; i++) {
		assert_true(slots[i] < count);
		counts[slots[i]]++;
	}
}

/* A generator of the test's own, so that its picks never change. */
static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 33);
}

static int build(const struct maglev_member *members, size_t count, uint16_t *slots, uint32_t size)
{
	struct maglev_sizes sizes = {0};
	int rc = maglev_build(&sizes, members, count, slots, size);

	maglev_forget(&sizes);
	return rc;
}

static void one_backend_fills_the_ring(void **state)
{
	struct maglev_member member;
	uint16_t slots[7];

	(void)state;
	make_members(&member, 1, 0);
	member.slot_value = 42;
	assert_int_equal(build(&member, 1, slots, 7), 0);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(slots[i], 42);
}

static void tiny_rings_have_no_holes_and_equal_shares(void **state)
{
	const uint32_t sizes[] = {2, 3, 5, 7, 13, 101};
	struct maglev_member members[5];
	uint16_t slots[101];
	uint32_t counts[5];

	(void)state;
	make_members(members, 5, 0);
	for (unsigned i = 0; i < 6; i++) {
		for (size_t count = 1; count <= 5; count++) {
			assert_int_equal(build(members, count, slots, sizes[i]), 0);
			count_slots(slots, sizes[i], counts, count);
			for (size_t member = 0; member < count; member++) {
				assert_true(counts[member] >= sizes[i] / count);
				assert_true(counts[member] <= sizes[i] / count + 1);
			}
		}
	}
}

static void what_cannot_be_a_ring_is_refused(void **state)
{
	struct maglev_member member;
	uint16_t slots[7];

	(void)state;
	make_members(&member, 1, 0);
	assert_int_equal(build(&member, 0, slots, 7), -EINVAL);
	assert_int_equal(build(&member, 1, slots, 1), -EINVAL);
	assert_int_equal(build(&member, 1, slots, 6), -EINVAL);
	member.weight = 0;
	assert_int_equal(build(&member, 1, slots, 7), -EINVAL);
	member.weight = MAGLEV_MAX_WEIGHT + 1;
	assert_int_equal(build(&member, 1, slots, 7), -EINVAL);
}

static void order_of_the_members_does_not_matter(void **state)
{
	static struct maglev_member members[100];
	static uint16_t expected[SIZE], slots[SIZE];
	uint64_t seed = 1, signature;

	(void)state;
	make_members(members, 100, 0);
	for (size_t i = 0; i < 100; i++)
		members[i].weight = 1 + (uint32_t)i % 7;
	assert_int_equal(build(members, 100, expected, SIZE), 0);
	signature = maglev_signature(members, 100, SIZE);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (size_t i = 99; i > 0; i--) {
			size_t other = draw(&seed) % (i + 1);
			struct maglev_member kept = members[i];

			members[i] = members[other];
			members[other] = kept;
		}
		assert_int_equal(build(members, 100, slots, SIZE), 0);
		assert_memory_equal(slots, expected, sizeof(slots));
		assert_true(maglev_signature(members, 100, SIZE) == signature);
	}
}

static void the_signature_tells_every_difference(void **state)
{
	struct maglev_member members[3];
	uint64_t signature;

	(void)state;
	make_members(members, 3, 0);
	signature = maglev_signature(members, 3, SIZE);
	assert_true(maglev_signature(members, 2, SIZE) != signature);
	assert_true(maglev_signature(members, 3, 101) != signature);
	members[1].weight = 2;
	assert_true(maglev_signature(members, 3, SIZE) != signature);
	members[1].weight = 1;
	members[1].port = 81;
	assert_true(maglev_signature(members, 3, SIZE) != signature);
	members[1].port = 80;
	members[1].slot_value = 9;
	assert_true(maglev_signature(members, 3, SIZE) != signature);
	members[1].slot_value = 1;
	members[1].address[0] = 1;
	assert_true(maglev_signature(members, 3, SIZE) != signature);
}

/* Most loaded over mean: at most 1.01. */
static void equal_backends_get_equal_shares(void **state)
{
	const size_t counts_of[] = {2, 3, 10, 50, 100, 250, 499, 500};
	static struct maglev_member members[MOST];
	static uint16_t slots[SIZE];
	static uint32_t counts[MOST];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		size_t count = counts_of[i];
		uint32_t most = 0;

		make_members(members, count, 3);
		assert_int_equal(build(members, count, slots, SIZE), 0);
		count_slots(slots, SIZE, counts, count);
		for (size_t member = 0; member < count; member++)
			most = counts[member] > most ? counts[member] : most;
		assert_true((double)most * (double)count / SIZE <= 1.01);
	}
}

static void shares_follow_the_weights(void **state)
{
	const uint32_t weights[][3] = {
		{1, 2, 7}, {100, 200, 700}, {1, 1, 1000}, {1000, 999, 1}, {5, 5, 5}};
	struct maglev_member members[3];
	static uint16_t slots[SIZE], before[SIZE];
	uint32_t counts[3];

	(void)state;
	for (unsigned row = 0; row < 5; row++) {
		double total = weights[row][0] + weights[row][1] + weights[row][2];

		make_members(members, 3, 0);
		for (unsigned i = 0; i < 3; i++)
			members[i].weight = weights[row][i];
		assert_int_equal(build(members, 3, slots, SIZE), 0);
		count_slots(slots, SIZE, counts, 3);
		for (unsigned i = 0; i < 3; i++) {
			double difference = counts[i] - SIZE * weights[row][i] / total;

			/* One turn more or less, far within two percentage points. */
			assert_true(difference > -2 && difference < 2);
		}
		/* 1:2:7 and 100:200:700 are one ring. */
		if (row == 1)
			assert_memory_equal(slots, before, sizeof(slots));
		memcpy(before, slots, sizeof(slots));
	}
}

/* Percent of the slots that were not the removed member's and changed all the same. */
static double disruption(const struct maglev_member *members, size_t count, size_t removed,
			 const uint16_t *before)
{
	static struct maglev_member left[MOST];
	static uint16_t after[SIZE];
	uint32_t moved = 0;

	memcpy(left, members, count * sizeof(*left));
	left[removed] = left[count - 1];
	assert_int_equal(build(left, count - 1, after, SIZE), 0);
	for (uint32_t i = 0; i < SIZE; i++)
		moved += before[i] != members[removed].slot_value && before[i] != after[i];
	return 100.0 * moved / SIZE;
}

/* The worst over `removals` of the members, each once. */
static double worst_disruption(struct maglev_member *members, size_t count, size_t removals)
{
	static uint16_t before[SIZE];
	static bool done[MOST];
	uint64_t seed = 7;
	double worst = 0;

	memset(done, 0, sizeof(done));
	assert_int_equal(build(members, count, before, SIZE), 0);
	for (size_t i = 0; i < removals; i++) {
		size_t removed = removals == count ? i : draw(&seed) % count;
		double percent;

		while (done[removed])
			removed = (removed + 1) % count;
		done[removed] = true;
		percent = disruption(members, count, removed, before);
		worst = percent > worst ? percent : worst;
	}
	return worst;
}

static void removing_one_moves_few_others(void **state)
{
	static struct maglev_member members[MOST];
	double worst = 0;

	(void)state;
	/* Not one lucky set of addresses: 32 of them. */
	for (uint8_t net = 0; net < 32; net++) {
		double percent;

		make_members(members, 10, net);
		percent = worst_disruption(members, 10, 10);
		worst = percent > worst ? percent : worst;
	}
	print_message("worst of 32 x 10: %.3f %%\n", worst);
	assert_true(worst <= 0.5);
	make_members(members, 100, 0);
	worst = worst_disruption(members, 100, REMOVALS);
	print_message("worst of 100: %.3f %%\n", worst);
	assert_true(worst <= 1.0);
	make_members(members, 500, 0);
	worst = worst_disruption(members, 500, REMOVALS);
	print_message("worst of 500: %.3f %%\n", worst);
	assert_true(worst <= 1.5);
}

static void weights_do_not_spoil_it(void **state)
{
	static struct maglev_member members[MOST];
	double worst;

	(void)state;
	make_members(members, 10, 0);
	for (size_t i = 0; i < 10; i++)
		members[i].weight = 1 + (uint32_t)(i * i) % 17;
	worst = worst_disruption(members, 10, 10);
	print_message("worst of 10 of weights 1 to 17: %.3f %%\n", worst);
	assert_true(worst <= 1.0);
	make_members(members, 100, 0);
	for (size_t i = 0; i < 100; i++)
		members[i].weight = 50 + (uint32_t)(i * 37) % 151;
	worst = worst_disruption(members, 100, REMOVALS);
	print_message("worst of 100 of weights 50 to 200: %.3f %%\n", worst);
	assert_true(worst <= 1.5);
}

static void a_thousand_backends_are_a_matter_of_milliseconds(void **state)
{
	static struct maglev_member members[MOST];
	static uint16_t slots[SIZE];
	struct timespec begin, end;
	double milliseconds;

	(void)state;
	make_members(members, MOST, 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	assert_int_equal(build(members, MOST, slots, SIZE), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	milliseconds = (double)(end.tv_sec - begin.tv_sec) * 1e3 +
		       (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
	print_message("built in %.1f ms\n", milliseconds);
	/* Some 6 of them; a sanitizer takes several times as long. */
	assert_true(milliseconds < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_backend_fills_the_ring),
		cmocka_unit_test(tiny_rings_have_no_holes_and_equal_shares),
		cmocka_unit_test(what_cannot_be_a_ring_is_refused),
		cmocka_unit_test(order_of_the_members_does_not_matter),
		cmocka_unit_test(the_signature_tells_every_difference),
		cmocka_unit_test(equal_backends_get_equal_shares),
		cmocka_unit_test(shares_follow_the_weights),
		cmocka_unit_test(removing_one_moves_few_others),
		cmocka_unit_test(weights_do_not_spoil_it),
		cmocka_unit_test(a_thousand_backends_are_a_matter_of_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
