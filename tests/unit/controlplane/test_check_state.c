/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Rows of results and the verdicts they must lead to. */
#include "controlplane/health/check_state.h"
#include "tests/unit/controlplane/check.h"

/*
 * `results` are checks in their order, '+' good and '-' failed; `verdicts` what
 * holds after each: 'U' up, 'D' down.
 */
struct row {
	const char *what;
	uint32_t rise, fall;
	const char *results, *verdicts;
};

static const struct row rows[] = {
	{"the first check decides at once, up", 2, 3, "+", "U"},
	{"the first check decides at once, down", 2, 3, "-", "D"},
	{"fall failed checks in a row take it down", 2, 3, "+---", "UUUD"},
	{"one good check between starts the count again", 2, 3, "+--+--+", "UUUUUUU"},
	{"rise good checks in a row bring it up", 2, 3, "-++", "DDU"},
	{"one failed check between starts the count again", 3, 1, "-++-+++", "DDDDDDU"},
	{"rise and fall of 1 follow each check", 1, 1, "+-+-", "UDUD"},
	{"down and up again, with its own counts", 2, 3, "+---++", "UUUDDU"},
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check_rules rules = {.rise = rows[i].rise, .fall = rows[i].fall};
		struct check_state check = {0};

		for (size_t j = 0; rows[i].results[j] != '\0'; j++) {
			enum check_verdict before = check.verdict;
			bool changed = check_state_apply(&check, &rules, rows[i].results[j] == '+',
							 100 + j);
			enum check_verdict wanted =
				rows[i].verdicts[j] == 'U' ? CHECK_UP : CHECK_DOWN;

			if (check.verdict != wanted)
				fail_msg("%s: wrong after check %zu", rows[i].what, j + 1);
			assert_int_equal(changed, check.verdict != before);
			if (changed)
				assert_int_equal(check.since_ms, 100 + j);
		}
	}
}

/* After a restart of the control plane a backend begins as it was: no single check changes it. */
static void adopted_state_needs_rise_and_fall(void **state)
{
	struct check_rules rules = {.rise = 2, .fall = 3};
	struct check_state up = {.verdict = CHECK_UP}, down = {.verdict = CHECK_DOWN};

	(void)state;
	assert_false(check_state_apply(&up, &rules, false, 1));
	assert_false(check_state_apply(&up, &rules, false, 2));
	assert_true(check_state_apply(&up, &rules, false, 3));
	assert_false(check_state_apply(&down, &rules, true, 1));
	assert_true(check_state_apply(&down, &rules, true, 2));
}

/* Doubt begins with the first result against the verdict, and ends with the verdict or its return.
 */
static void doubt_lasts_until_it_is_settled(void **state)
{
	struct check_rules rules = {.rise = 2, .fall = 3};
	struct check_state check = {0};

	(void)state;
	assert_true(check_state_in_doubt(&check));
	check_state_apply(&check, &rules, true, 1);
	assert_false(check_state_in_doubt(&check));
	check_state_apply(&check, &rules, false, 2);
	assert_true(check_state_in_doubt(&check));
	check_state_apply(&check, &rules, true, 3);
	assert_false(check_state_in_doubt(&check));
	for (uint64_t i = 4; i < 7; i++) {
		assert_int_equal(check_state_in_doubt(&check), i > 4);
		check_state_apply(&check, &rules, false, i);
	}
	assert_false(check_state_in_doubt(&check));
	assert_int_equal(check.since_ms, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(adopted_state_needs_rise_and_fall),
		cmocka_unit_test(doubt_lasts_until_it_is_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
