/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What counts as time that was lost: sleeps longer than a beat, turns longer than a moment. */
#include "controlplane/health/pulse.h"
#include "tests/unit/controlplane/check.h"

#define MS   UINT64_C(1000000)
#define BEAT (20 * MS)

/* A sleep may be a beat and a quarter: timers are a little late. */
#define SLEEP (BEAT + BEAT / 4)

static void nothing_is_lost_while_it_beats(void **state)
{
	struct pulse pulse = {.beat_ns = BEAT};
	uint64_t now = 5000 * MS;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pulse_sleep(&pulse, now), 0);
		now += i % 3 == 0 ? MS : SLEEP;
		assert_int_equal(pulse_wake(&pulse, now), 0);
		now += i % 5 == 0 ? PULSE_TURN_NS : MS / 10;
	}
	assert_int_equal(pulse.lost_ns, 0);
}

static void a_long_sleep_is_lost_but_for_a_beat(void **state)
{
	struct pulse pulse = {.beat_ns = BEAT};

	(void)state;
	pulse_sleep(&pulse, 1000 * MS);
	assert_int_equal(pulse_wake(&pulse, 31000 * MS), 30000 * MS - SLEEP);
	assert_int_equal(pulse_sleep(&pulse, 31001 * MS), 0);
	assert_int_equal(pulse_wake(&pulse, 31001 * MS + SLEEP + 1), 1);
	assert_int_equal(pulse.lost_ns, 30000 * MS - SLEEP + 1);
}

static void a_long_turn_is_lost_but_for_what_a_turn_takes(void **state)
{
	struct pulse pulse = {.beat_ns = BEAT};

	(void)state;
	pulse_sleep(&pulse, 1000 * MS);
	pulse_wake(&pulse, 1001 * MS);
	assert_int_equal(pulse_sleep(&pulse, 1301 * MS), 300 * MS - PULSE_TURN_NS);
	assert_int_equal(pulse.lost_ns, 300 * MS - PULSE_TURN_NS);
}

static void what_is_lost_is_known_before_it_is_over(void **state)
{
	struct pulse pulse = {.beat_ns = BEAT};

	(void)state;
	pulse_sleep(&pulse, 1000 * MS);
	assert_int_equal(pulse_lost(&pulse, 1000 * MS + SLEEP), 0);
	assert_int_equal(pulse_lost(&pulse, 31000 * MS), 30000 * MS - SLEEP);
	pulse_wake(&pulse, 1001 * MS);
	assert_int_equal(pulse_lost(&pulse, 1001 * MS + PULSE_TURN_NS), 0);
	assert_int_equal(pulse_lost(&pulse, 31001 * MS), 30000 * MS - PULSE_TURN_NS);
	pulse_sleep(&pulse, 31001 * MS);
	assert_int_equal(pulse_lost(&pulse, 31001 * MS), 30000 * MS - PULSE_TURN_NS);
}

/* It begins in the middle of a turn: what was before is not known, and not lost. */
static void the_first_of_each_loses_nothing(void **state)
{
	struct pulse pulse = {.beat_ns = BEAT};

	(void)state;
	assert_int_equal(pulse_sleep(&pulse, 99000 * MS), 0);
	assert_int_equal(pulse_wake(&pulse, 99000 * MS + MS), 0);
	pulse = (struct pulse){.beat_ns = BEAT};
	assert_int_equal(pulse_wake(&pulse, 99000 * MS), 0);
	assert_int_equal(pulse.lost_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_it_beats),
		cmocka_unit_test(a_long_sleep_is_lost_but_for_a_beat),
		cmocka_unit_test(a_long_turn_is_lost_but_for_what_a_turn_takes),
		cmocka_unit_test(what_is_lost_is_known_before_it_is_over),
		cmocka_unit_test(the_first_of_each_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
