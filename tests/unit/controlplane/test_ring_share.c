/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What share of new flows a change moves, by two rings. */
#include "controlplane/ring_share.h"
#include "tests/unit/controlplane/check.h"

#include <string.h>

#define SIZE       4099
#define OTHER_SIZE 4111

/* The first `count` of ten backends, of these weights. */
static struct ring_share ring(struct maglev_member *members, size_t count, uint32_t size)
{
	for (size_t i = 0; i < count; i++) {
		members[i] = (struct maglev_member){.port = 80, .weight = 100};
		members[i].address[15] = (uint8_t)(i + 1);
	}
	return (struct ring_share){.members = members, .count = count, .size = size};
}

static double share_of(size_t before_count, uint32_t before_size, size_t after_count,
		       uint32_t after_size, bool rehashed)
{
	struct maglev_member rows[2][10];
	struct ring_share before = ring(rows[0], before_count, before_size);
	struct ring_share after = ring(rows[1], after_count, after_size);

	return ring_share(&before, &after, rehashed);
}

static void assert_about(double value, double expected)
{
	if (value < expected - 0.02 || value > expected + 0.02)
		fail_msg("%f, and not about %f", value, expected);
}

static void the_same_moves_nothing(void **state)
{
	(void)state;
	assert_true(share_of(5, SIZE, 5, SIZE, false) == 0.0);
	assert_true(share_of(0, SIZE, 0, SIZE, true) == 0.0);
	assert_true(share_of(1, SIZE, 1, OTHER_SIZE, true) == 0.0);
	assert_true(share_of(0, SIZE, 1, SIZE, false) == 1.0);
}

static void a_backend_that_goes_moves_its_share(void **state)
{
	(void)state;
	assert_about(share_of(5, SIZE, 4, SIZE, false), 0.2);
	assert_about(share_of(4, SIZE, 5, SIZE, false), 0.2);
}

/* Rings of another size, and places of clients by another hash, are new draws. */
static void what_is_drawn_anew_is_the_same_by_chance(void **state)
{
	(void)state;
	assert_about(share_of(4, SIZE, 4, SIZE, true), 0.75);
	assert_about(share_of(4, SIZE, 2, SIZE, true), 0.75);
	assert_about(share_of(4, SIZE, 4, OTHER_SIZE, false), 0.75);
	assert_true(share_of(1, SIZE, 1, OTHER_SIZE, false) == 0.0);
}

/* Of three endpoints the one in both keeps a third. */
static void other_endpoints_are_other_backends(void **state)
{
	struct maglev_member rows[2][10];
	struct ring_share before = ring(rows[0], 2, SIZE), after = ring(rows[1], 2, SIZE);

	(void)state;
	rows[1][1].port = 81;
	assert_about(ring_share(&before, &after, false), 2.0 / 3.0);
	rows[1][0].port = 81;
	assert_true(ring_share(&before, &after, false) == 1.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_moves_nothing),
		cmocka_unit_test(a_backend_that_goes_moves_its_share),
		cmocka_unit_test(what_is_drawn_anew_is_the_same_by_chance),
		cmocka_unit_test(other_endpoints_are_other_backends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
