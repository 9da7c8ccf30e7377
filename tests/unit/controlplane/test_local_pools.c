/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* When the log is told that a local pool is nearly used up. */
#include "controlplane/local_pool_use.h"
#include "controlplane/local_pool_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

static void each_threshold_is_passed_once(void **state)
{
	static const struct {
		double share;
		unsigned level;
	} steps[] = {{0, 0},     {0.799, 0}, {0.80, 80}, {0.75, 80}, {0.85, 80},
		     {0.95, 95}, {0.90, 95}, {0.72, 95}, {1, 95},    {0.69, 0},
		     {0.80, 80}, {0.70, 80}, {0.699, 0}, {0.99, 95}, {0.5, 0}};
	unsigned level = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		level = local_pool_level(level, steps[i].share);
		assert_int_equal(level, steps[i].level);
	}
}

static void a_share_is_never_more_than_all(void **state)
{
	const struct local_pool_use half = {.places = 10, .flows = 5};
	const struct local_pool_use beyond = {.places = 10, .flows = 11}; /* some come by dnat */
	const struct local_pool_use nothing = {0};

	(void)state;
	assert_true(local_pool_share(&half) == 0.5);
	assert_true(local_pool_share(&beyond) == 1);
	assert_true(local_pool_share(&nothing) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_threshold_is_passed_once),
		cmocka_unit_test(a_share_is_never_more_than_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
