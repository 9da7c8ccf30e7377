/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* When a refusal of the tables calls for new ones. */
#include "controlplane/refusals.h"
#include "tests/unit/controlplane/check.h"

static void refuse(struct abi_status *status, uint64_t generation)
{
	status->generation_refused = generation;
	status->refusals++;
}

static void each_refusal_of_the_last_generation_calls_once(void **state)
{
	struct abi_status status = {.file.instance = 7};
	struct refusals refusals = {0};

	(void)state;
	assert_false(refusals_call_for_repair(&refusals, &status, 5, 1000));
	refuse(&status, 4);
	assert_false(refusals_call_for_repair(&refusals, &status, 5, 2000));
	refuse(&status, 5);
	assert_true(refusals_call_for_repair(&refusals, &status, 5, 3000));
	assert_false(refusals_call_for_repair(&refusals, &status, 5, 100000));
}

static void one_too_soon_waits(void **state)
{
	struct abi_status status = {.file.instance = 7};
	struct refusals refusals = {0};

	(void)state;
	refuse(&status, 5);
	assert_true(refusals_call_for_repair(&refusals, &status, 5, 1000));
	refuse(&status, 6);
	assert_false(refusals_call_for_repair(&refusals, &status, 6, 2000));
	assert_false(refusals_call_for_repair(&refusals, &status, 6, 60999));
	assert_true(refusals_call_for_repair(&refusals, &status, 6, 61000));
	assert_false(refusals_call_for_repair(&refusals, &status, 6, 200000));
}

static void one_too_soon_is_moot_with_another_generation(void **state)
{
	struct abi_status status = {.file.instance = 7};
	struct refusals refusals = {0};

	(void)state;
	refuse(&status, 5);
	assert_true(refusals_call_for_repair(&refusals, &status, 5, 1000));
	refuse(&status, 6);
	assert_false(refusals_call_for_repair(&refusals, &status, 6, 2000));
	assert_false(refusals_call_for_repair(&refusals, &status, 7, 100000));
}

/* Its one refusal is not the one that the process before it told of. */
static void another_dataplane_counts_anew(void **state)
{
	struct abi_status status = {.file.instance = 7};
	struct refusals refusals = {0};

	(void)state;
	refuse(&status, 5);
	assert_true(refusals_call_for_repair(&refusals, &status, 5, 1000));
	status = (struct abi_status){.file.instance = 8};
	refuse(&status, 6);
	assert_true(refusals_call_for_repair(&refusals, &status, 6, 100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_refusal_of_the_last_generation_calls_once),
		cmocka_unit_test(one_too_soon_waits),
		cmocka_unit_test(one_too_soon_is_moot_with_another_generation),
		cmocka_unit_test(another_dataplane_counts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
