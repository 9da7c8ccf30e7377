/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* When checks are due: spread, jitter, doubt, and moments that were missed. */
#include "controlplane/health/check_group.h"
#include "controlplane/health/schedule.h"
#include "controlplane/publish/identity.h"
#include "tests/unit/controlplane/check.h"

#include <stdio.h>
#include <string.h>

#define MS       UINT64_C(1000000)
#define SECOND   (1000 * MS)
#define BACKENDS 1000
#define SLICES   20

/* A clock that has run for a day. */
#define NOW (86400 * SECOND + 123456789)

static struct schedule schedule_of(unsigned backend, uint64_t interval_ns)
{
	uint8_t address[16] = {[10] = 0xff,
			       [11] = 0xff,
			       [12] = 10,
			       [14] = (uint8_t)(backend >> 8),
			       [15] = (uint8_t)backend};
	char name[16];

	snprintf(name, sizeof(name), "b%u", backend);
	return (struct schedule){.seed = identity_of_backend("web", name, address, 8080),
				 .interval_ns = interval_ns,
				 .fast_interval_ns = interval_ns / 4};
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* No slice of what repeats each `span` has far more or far fewer than its share of the moments. */
static void assert_even(const uint64_t *moments, uint64_t span)
{
	unsigned slices[SLICES] = {0};

	for (unsigned i = 0; i < BACKENDS; i++)
		slices[moments[i] % span * SLICES / span]++;
	for (unsigned i = 0; i < SLICES; i++)
		assert_in_range(slices[i], BACKENDS / SLICES / 2, BACKENDS / SLICES * 2);
}

/* However their intervals began: at once in one configuration, or after a time of standing still.
 */
static void a_thousand_backends_do_not_bunch(void **state)
{
	static const uint64_t intervals[] = {10 * MS, SECOND, 2 * SECOND, 3600 * SECOND};
	uint64_t moments[BACKENDS];

	(void)state;
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		for (unsigned j = 0; j < BACKENDS; j++) {
			struct schedule schedule = schedule_of(j, intervals[i]);
			moments[j] = schedule_moment_after(&schedule, NOW);
			assert_in_range(moments[j], NOW + 1,
					NOW + intervals[i] + intervals[i] / SCHEDULE_JITTER_PART);
		}
		assert_even(moments, intervals[i]);
	}
}

static void first_checks_are_spread_over_the_time_given(void **state)
{
	uint64_t moments[BACKENDS];

	(void)state;
	for (unsigned i = 0; i < BACKENDS; i++) {
		struct schedule schedule = schedule_of(i, 2 * SECOND);
		moments[i] = schedule_first(&schedule, NOW, 400 * MS) - NOW;
		assert_true(moments[i] < 400 * MS);
	}
	assert_even(moments, 400 * MS);
	for (unsigned i = 0; i < BACKENDS; i++) {
		struct schedule schedule = schedule_of(i, 100 * MS);
		moments[i] = schedule_first(&schedule, NOW, 400 * MS) - NOW;
		assert_true(moments[i] < 100 * MS);
	}
	assert_even(moments, 100 * MS);

	struct schedule schedule = schedule_of(0, SECOND);

	assert_int_equal(schedule_first(&schedule, NOW, 0), NOW);
}

/* One after the other, an interval apart give or take the jitter, and on average exactly that. */
/* The start waits for all of them: 5000 begin within 2 s, or their interval. */
static void first_checks_take_their_spread_and_their_timeout(void **state)
{
	struct config_pool pools[3] = {
		{.backend_count = 4000,
		 .health_check = {.type = CONFIG_CHECK_TCP, .interval = 5000, .timeout = 300}},
		{.backend_count = 900,
		 .health_check = {.type = CONFIG_CHECK_TCP, .interval = 1000, .timeout = 1200}},
		{.backend_count = 100,
		 .health_check = {.type = CONFIG_CHECK_NONE, .interval = 5000, .timeout = 4000}},
	};
	struct config config = {.pools = pools, .pool_count = 3};

	(void)state;
	assert_int_equal(check_first_ms(&config), 2000 + 300);
	pools[0].health_check.interval = 100;
	assert_int_equal(check_first_ms(&config), 1000 + 1200);
	config.pool_count = 0;
	assert_int_equal(check_first_ms(&config), 0);
}

static void moments_follow_each_other_with_jitter(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct schedule schedule = schedule_of(i, SECOND);
		uint64_t first = schedule_moment_after(&schedule, NOW), last = first, most = 0;

		for (int j = 0; j < 100; j++) {
			uint64_t next = schedule_next(&schedule, last, last, false);
			assert_int_equal(next, schedule_moment_after(&schedule, last));
			assert_true(distance(next - last, SECOND) < SECOND / SCHEDULE_JITTER_PART);
			if (distance(next - last, SECOND) > most)
				most = distance(next - last, SECOND);
			last = next;
		}
		assert_true(distance(last - first, 100 * SECOND) < SECOND / SCHEDULE_JITTER_PART);
		/* jitter there is */
		assert_true(most > SECOND / SCHEDULE_JITTER_PART / 4);
	}
}

/* Each keeps its own moment in the interval: who comes or goes beside it changes nothing. */
static void moments_do_not_depend_on_when_they_are_asked_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct schedule schedule = schedule_of(i, SECOND);
		uint64_t moment = schedule_moment_after(&schedule, NOW);

		assert_int_equal(schedule_moment_after(&schedule, moment - 1), moment);
		assert_int_equal(schedule_moment_after(&schedule, (NOW + moment) / 2), moment);
		assert_true(schedule_moment_after(&schedule, moment) > moment);
		uint64_t late = schedule_moment_after(&schedule, NOW + 30 * SECOND);
		assert_true(
			distance(late - moment, (late - moment + SECOND / 2) / SECOND * SECOND) <
			SECOND / SCHEDULE_JITTER_PART);
	}
}

/* A clock that has just begun to run has moments like any other. */
static void the_clock_may_begin_at_zero(void **state)
{
	(void)state;
	for (uint64_t now = 0; now < 4 * SECOND; now += 333 * MS) {
		struct schedule schedule = schedule_of(7, SECOND);
		uint64_t moment = schedule_moment_after(&schedule, now);

		assert_in_range(moment, now + 1, now + 2 * SECOND);
	}
}

static void in_doubt_the_fast_interval_counts(void **state)
{
	struct schedule schedule = schedule_of(1, SECOND);
	uint64_t due = schedule_moment_after(&schedule, NOW), began = due + 3 * MS;

	(void)state;
	assert_int_equal(schedule_next(&schedule, due, began, true), began + 250 * MS);
	assert_true(schedule_next(&schedule, due, began, false) > began + 900 * MS);

	/* no fast interval of its own: doubt changes nothing */
	schedule.fast_interval_ns = SECOND;
	assert_int_equal(schedule_next(&schedule, due, began, true),
			 schedule_next(&schedule, due, began, false));
}

/* Out of doubt a check returns to its moment, but not at once after the one before. */
static void the_way_back_leaves_room(void **state)
{
	struct schedule schedule = schedule_of(1, SECOND);
	uint64_t moment = schedule_moment_after(&schedule, NOW);

	(void)state;
	for (uint64_t before = 1; before < 900 * MS; before += 7 * MS) {
		uint64_t began = moment - before;
		uint64_t next = schedule_next(&schedule, began, began, false);

		assert_int_equal(next, before < 250 * MS ? began + 250 * MS : moment);
	}
	schedule.fast_interval_ns = SECOND;
	assert_int_equal(schedule_next(&schedule, moment - MS, moment - MS, false),
			 moment - MS + SECOND / 2);
}

static void a_late_check_is_left_out(void **state)
{
	struct schedule schedule = schedule_of(1, 800 * MS);

	(void)state;
	assert_false(schedule_is_missed(&schedule, NOW, NOW - MS));
	assert_false(schedule_is_missed(&schedule, NOW, NOW + 100 * MS));
	assert_true(schedule_is_missed(&schedule, NOW, NOW + 100 * MS + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_backends_do_not_bunch),
		cmocka_unit_test(first_checks_are_spread_over_the_time_given),
		cmocka_unit_test(first_checks_take_their_spread_and_their_timeout),
		cmocka_unit_test(moments_follow_each_other_with_jitter),
		cmocka_unit_test(moments_do_not_depend_on_when_they_are_asked_for),
		cmocka_unit_test(the_clock_may_begin_at_zero),
		cmocka_unit_test(in_doubt_the_fast_interval_counts),
		cmocka_unit_test(the_way_back_leaves_room),
		cmocka_unit_test(a_late_check_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
