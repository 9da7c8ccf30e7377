/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Flows whose directions have different owners. */
#include "dataplane/core/random.h"
#include "dataplane/core/strays.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>

#define FLOWS 5000

static void each_is_found_and_no_other(void **state)
{
	void *memory = calloc(1, strays_size(FLOWS));
	struct strays strays = strays_new(memory, FLOWS);
	uint64_t random[2] = {3, 1};

	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++)
		strays_add(&strays, random_next(random), i % 64);
	assert_int_equal(strays.count, FLOWS);
	random[0] = 3;
	random[1] = 1;
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_equal(strays_find(&strays, random_next(random)), i % 64);
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_equal(strays_find(&strays, random_next(random)), STRAYS_NONE);
	free(memory);
}

/* Hashes that begin at the last slot go on at the first one. */
static void round_the_end(void **state)
{
	void *memory = calloc(1, strays_size(10));
	struct strays strays = strays_new(memory, 10);

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		strays_add(&strays, (i + 1) << 20 | strays.mask << 6, i);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(strays_find(&strays, (i + 1) << 20 | strays.mask << 6), i);
	assert_int_equal(strays_find(&strays, 12ull << 20 | strays.mask << 6), STRAYS_NONE);
	free(memory);
}

/* A hash that looks like an empty slot is not kept, and not found. */
static void the_hash_of_nothing(void **state)
{
	void *memory = calloc(1, strays_size(10));
	struct strays strays = strays_new(memory, 10);

	(void)state;
	strays_add(&strays, 5, 3);
	assert_int_equal(strays.count, 0);
	assert_int_equal(strays_find(&strays, 5), STRAYS_NONE);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_and_no_other),
		cmocka_unit_test(round_the_end),
		cmocka_unit_test(the_hash_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
