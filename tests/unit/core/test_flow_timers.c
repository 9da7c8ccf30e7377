/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The timer wheel: nothing early, nothing forgotten, a bounded piece of work a call. */
#include "dataplane/core/flow_file.h"
#include "dataplane/core/flow_timers.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY 400
#define START    0xffffff00u /* the ticks wrap on the way */

struct fixture {
	void *file, *working;
	struct flow_table *table;
};

static int set_up(void **state)
{
	static const uint64_t secret[2] = {1, 2};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const uint32_t capacities[FAMILY_COUNT] = {CAPACITY, 0};
	size_t file_size = flow_file_size(1, capacities);

	fixture->file = aligned_alloc(4096, file_size);
	fixture->working = aligned_alloc(64, (flow_table_working_size(CAPACITY) + 63) / 64 * 64);
	memset(fixture->file, 0, file_size);
	struct abi_flows *file = flow_file_format(fixture->file, 1, capacities, secret);
	fixture->table = flow_table_open(fixture->working, file, 0, FAMILY_IPV4,
					 (uint64_t)START << ABI_FLOW_TICK_SHIFT);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->file);
	free(fixture->working);
	free(fixture);
	return 0;
}

static uint32_t next(struct flow_table *table, uint32_t now)
{
	uint32_t patience = UINT32_MAX;

	return flow_timers_next(table, &table->timers, now, &patience);
}

static void not_before_its_tick(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;

	flow_timers_arm(table, &table->timers, 5, START + 300);
	assert_int_equal(next(table, START + 299), FLOW_NONE);
	assert_int_equal(next(table, START + 300), 5);
	assert_int_equal(next(table, START + 301), FLOW_NONE);
}

static void the_past_is_due_at_once(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;

	assert_int_equal(next(table, START + 10), FLOW_NONE);
	flow_timers_arm(table, &table->timers, 5, START + 3);
	assert_int_equal(next(table, START + 11), 5);
}

static void beyond_the_wheel_is_looked_at_on_the_way(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;

	flow_timers_arm(table, &table->timers, 5, START + 3 * FLOW_TIMER_SLOTS);
	assert_int_equal(next(table, START + FLOW_TIMER_SLOTS - 2), FLOW_NONE);
	assert_int_equal(next(table, START + FLOW_TIMER_SLOTS - 1), 5);
}

static void a_long_pause_forgets_nobody(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < CAPACITY; i++)
		flow_timers_arm(table, &table->timers, i, START + i * 37);
	while (next(table, START + 100 * FLOW_TIMER_SLOTS) != FLOW_NONE)
		seen++;
	assert_int_equal(seen, CAPACITY);
}

static void patience_bounds_a_call(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	uint32_t patience = 100;

	flow_timers_arm(table, &table->timers, 5, START + 150);
	assert_int_equal(flow_timers_next(table, &table->timers, START + 1000, &patience),
			 FLOW_NONE);
	assert_int_equal(patience, 0);
	patience = 100;
	assert_int_equal(flow_timers_next(table, &table->timers, START + 1000, &patience), 5);
}

/* Armed, disarmed and taken at random, against an array of deadlines. */
static void agrees_with_the_model(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	uint64_t random[2] = {3, 5};
	uint32_t deadlines[CAPACITY];
	bool armed[CAPACITY] = {false};
	uint32_t now = START;

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t bits = random_next(random);
		uint32_t record = random_below((uint32_t)bits, CAPACITY);
		if (armed[record] && bits >> 63) {
			flow_timers_disarm(table, record);
			armed[record] = false;
		} else if (!armed[record]) {
			deadlines[record] = now + 1 + (uint32_t)(bits >> 52);
			flow_timers_arm(table, &table->timers, record, deadlines[record]);
			armed[record] = true;
		}
		if (i % 16 != 0)
			continue;
		now += (uint32_t)(bits >> 40) % 64;
		while ((record = next(table, now)) != FLOW_NONE) {
			assert_true(armed[record]);
			assert_true((int32_t)(now - deadlines[record]) >= 0);
			armed[record] = false;
		}
		for (record = 0; record < CAPACITY; record++)
			assert_true(!armed[record] || (int32_t)(now - deadlines[record]) < 0);
	}
}

/* The half-open have a wheel of their own: what is due in the one is not looked at in the other. */
static void two_wheels(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	uint32_t patience = UINT32_MAX;

	flow_timers_arm(table, &table->half_open, 1, START + 10);
	flow_timers_arm(table, &table->timers, 2, START + 10);
	assert_int_equal(flow_timers_next(table, &table->half_open, START + 20, &patience), 1);
	assert_int_equal(flow_timers_next(table, &table->half_open, START + 20, &patience),
			 FLOW_NONE);
	assert_int_equal(next(table, START + 20), 2);
	assert_int_equal(next(table, START + 20), FLOW_NONE);

	/* From whichever a record is taken out. */
	flow_timers_arm(table, &table->half_open, 3, START + 30);
	flow_timers_arm(table, &table->half_open, 4, START + 30);
	flow_timers_disarm(table, 3);
	flow_timers_arm(table, &table->timers, 3, START + 40);
	assert_int_equal(flow_timers_soonest(table, &table->half_open), 4);
	assert_int_equal(flow_timers_soonest(table, &table->half_open), FLOW_NONE);
	assert_int_equal(next(table, START + 40), 3);
}

static void the_soonest_comes_first(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	struct flow_wheel *wheel = &table->half_open;

	assert_int_equal(flow_timers_soonest(table, wheel), FLOW_NONE);
	flow_timers_arm(table, wheel, 1, START + 500);
	flow_timers_arm(table, wheel, 2, START + 100);
	flow_timers_arm(table, wheel, 3, START + 900);
	assert_int_equal(flow_timers_soonest(table, wheel), 2);
	/* One that is due sooner than what was there before. */
	flow_timers_arm(table, wheel, 4, START + 50);
	assert_int_equal(flow_timers_soonest(table, wheel), 4);
	assert_int_equal(flow_timers_soonest(table, wheel), 1);
	/* One that is overdue. */
	flow_timers_arm(table, wheel, 5, START - 5);
	assert_int_equal(flow_timers_soonest(table, wheel), 5);
	assert_int_equal(flow_timers_soonest(table, wheel), 3);
	assert_int_equal(flow_timers_soonest(table, wheel), FLOW_NONE);
	/* Looked for in vain, and there again. */
	flow_timers_arm(table, wheel, 6, START + 7);
	assert_int_equal(flow_timers_soonest(table, wheel), 6);
}

/* With armed, disarmed, due and soonest at random: none that is due sooner is left behind. */
static void the_soonest_agrees_with_the_model(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	struct flow_wheel *wheel = &table->half_open;
	uint64_t random[2] = {9, 25};
	uint32_t deadlines[CAPACITY];
	bool armed[CAPACITY] = {false};
	uint32_t now = START;

	for (unsigned i = 0; i < 200000; i++) {
		uint64_t bits = random_next(random);
		uint32_t record = random_below((uint32_t)bits, CAPACITY);
		uint32_t patience = UINT32_MAX;

		if (armed[record] && bits >> 62 == 0) {
			flow_timers_disarm(table, record);
			armed[record] = false;
		} else if (!armed[record] && bits >> 62 < 3) {
			deadlines[record] = now + 1 + (uint32_t)(bits >> 40) % 900;
			flow_timers_arm(table, wheel, record, deadlines[record]);
			armed[record] = true;
		} else if (bits >> 62 == 3) {
			record = flow_timers_soonest(table, wheel);
			for (uint32_t other = 0; other < CAPACITY; other++)
				assert_true(!armed[other] ||
					    (record != FLOW_NONE &&
					     (int32_t)(deadlines[other] - deadlines[record]) >= 0));
			if (record != FLOW_NONE) {
				assert_true(armed[record]);
				armed[record] = false;
			}
		}
		if (i % 16 != 0)
			continue;
		now += (uint32_t)(bits >> 40) % 16;
		while ((record = flow_timers_next(table, wheel, now, &patience)) != FLOW_NONE) {
			assert_true((int32_t)(now - deadlines[record]) >= 0);
			armed[record] = false;
		}
	}
}

/* Ticks of a host that has been up for years: an empty wheel is empty, and that is soon said. */
static void an_empty_wheel_after_years(void **state)
{
	struct flow_table *table = ((struct fixture *)*state)->table;
	struct flow_wheel *wheel = &table->half_open;

	for (unsigned i = 0; i < 256; i++) {
		uint32_t tick = i << 24 | 1;

		*wheel = (struct flow_wheel){
			.first = FLOW_TIMER_SLOTS, .mask = FLOW_BRIEF_SLOTS - 1, .tick = tick};
		assert_int_equal(flow_timers_soonest(table, wheel), FLOW_NONE);
		flow_timers_arm(table, wheel, 5, tick + 10);
		assert_int_equal(flow_timers_soonest(table, wheel), 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(not_before_its_tick, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_past_is_due_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(beyond_the_wheel_is_looked_at_on_the_way, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_long_pause_forgets_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(patience_bounds_a_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(agrees_with_the_model, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_wheels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_soonest_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_soonest_agrees_with_the_model, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_empty_wheel_after_years, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
