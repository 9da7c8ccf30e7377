/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The heap of the tables file, and the maps that give out indexes. */
#include "controlplane/publish/heap.h"
#include "controlplane/publish/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BLOCK ABI_CACHE_LINE

static void places_are_the_lowest_and_aligned(void **state)
{
	struct heap heap;

	(void)state;
	assert_int_equal(heap_init(&heap, ABI_TABLES_HEAP + 256 * BLOCK), 0);
	assert_int_equal(heap_allocate(&heap, 1), ABI_TABLES_HEAP);
	assert_int_equal(heap_allocate(&heap, BLOCK + 1), ABI_TABLES_HEAP + BLOCK);
	assert_int_equal(heap_allocate(&heap, BLOCK), ABI_TABLES_HEAP + 3 * BLOCK);
	heap_release(&heap, ABI_TABLES_HEAP + BLOCK, BLOCK + 1);
	assert_int_equal(heap_allocate(&heap, 3 * BLOCK), ABI_TABLES_HEAP + 4 * BLOCK);
	assert_int_equal(heap_allocate(&heap, 2 * BLOCK), ABI_TABLES_HEAP + BLOCK);
	heap_free(&heap);
}

static void a_full_heap_says_so_and_serves_again(void **state)
{
	struct heap heap;

	(void)state;
	assert_int_equal(heap_init(&heap, ABI_TABLES_HEAP + 200 * BLOCK), 0);
	assert_int_equal(heap_allocate(&heap, 201 * BLOCK), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(heap_allocate(&heap, BLOCK), ABI_TABLES_HEAP + i * BLOCK);
	assert_int_equal(heap_allocate(&heap, 1), 0);
	heap_release(&heap, ABI_TABLES_HEAP + 150 * BLOCK, BLOCK);
	assert_int_equal(heap_allocate(&heap, BLOCK), ABI_TABLES_HEAP + 150 * BLOCK);
	assert_int_equal(heap_allocate(&heap, BLOCK), 0);
	heap_free(&heap);
}

static void a_place_is_claimed_once(void **state)
{
	struct heap heap;

	(void)state;
	assert_int_equal(heap_init(&heap, ABI_TABLES_HEAP + 10 * BLOCK), 0);
	assert_true(heap_claim(&heap, ABI_TABLES_HEAP + 2 * BLOCK, 3 * BLOCK));
	assert_false(heap_claim(&heap, ABI_TABLES_HEAP + 4 * BLOCK, BLOCK));
	assert_false(heap_claim(&heap, ABI_TABLES_HEAP + BLOCK, 2 * BLOCK));
	assert_false(heap_claim(&heap, 0, BLOCK));
	assert_false(heap_claim(&heap, ABI_TABLES_HEAP + 9 * BLOCK, 2 * BLOCK));
	assert_true(heap_claim(&heap, ABI_TABLES_HEAP + 5 * BLOCK, BLOCK));
	assert_int_equal(heap_allocate(&heap, 3 * BLOCK), ABI_TABLES_HEAP + 6 * BLOCK);
	heap_free(&heap);
}

static void identities_keep_their_index(void **state)
{
	struct identities identities = {.limit = 100};
	uint32_t index;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(identities_claim(&identities, 1000 + i, &index), 0);
		assert_int_equal(index, i);
	}
	assert_int_equal(identities_claim(&identities, 5000, &index), -ENOSPC);
	assert_int_equal(identities_claim(&identities, 1042, &index), 0);
	assert_int_equal(index, 42);
	assert_int_equal(identities.rows[42].epoch, 1042);

	for (uint32_t i = 0; i < 100; i++)
		identities.rows[i].wanted = i != 17 && i != 30;
	identities_sweep(&identities);
	assert_int_equal(identities_find(&identities, 1017), ABI_NONE);
	assert_int_equal(identities_find(&identities, 1018), 18);
	assert_int_equal(identities_claim(&identities, 5000, &index), 0);
	assert_int_equal(index, 17);
	assert_int_equal(identities.rows[17].epoch, 5000);
	assert_int_equal(identities_claim(&identities, 5001, &index), 0);
	assert_int_equal(index, 30);
	identities_free(&identities);
}

static void two_cannot_be_adopted_under_one_index_or_key(void **state)
{
	struct identities identities = {.limit = 100};
	struct abi_ref ref = {.index = 9};

	(void)state;
	assert_int_equal(identities_adopt(&identities, &ref, 1, 5), 0);
	assert_int_equal(identities_adopt(&identities, &ref, 2, 5), -EEXIST);
	ref.index = 10;
	assert_int_equal(identities_adopt(&identities, &ref, 1, 5), -EEXIST);
	assert_int_equal(identities_find(&identities, 1), 9);
	identities_free(&identities);
}

static void what_is_named_differently_is_told_apart(void **state)
{
	const uint8_t one[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
	const uint8_t two[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2};
	uint64_t key = identity_of_backend("pool", "name", one, 80);

	(void)state;
	assert_true(key == identity_of_backend("pool", "name", one, 80));
	assert_true(key != identity_of_backend("pooln", "ame", one, 80));
	assert_true(key != identity_of_backend("pool", "name", two, 80));
	assert_true(key != identity_of_backend("pool", "name", one, 81));
}

static void next_hops_differ_by_port_vlans_and_address(void **state)
{
	const struct abi_next_hop hops[] = {
		{.address = {10}},
		{.address = {11}},
		{.address = {10}, .port = 1},
		{.address = {10}, .vlan = 1},
		{.address = {10}, .outer_vlan = 1},
		{.address = {10}, .outer_vlan = ABI_OUTER_8021Q | 1},
		{.address = {10}, .vlan = 1, .outer_vlan = 1},
	};
	const size_t count = sizeof(hops) / sizeof(hops[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(identity_of_next_hop(&hops[i]) !=
				    identity_of_next_hop(&hops[j]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_the_lowest_and_aligned),
		cmocka_unit_test(a_full_heap_says_so_and_serves_again),
		cmocka_unit_test(a_place_is_claimed_once),
		cmocka_unit_test(identities_keep_their_index),
		cmocka_unit_test(two_cannot_be_adopted_under_one_index_or_key),
		cmocka_unit_test(what_is_named_differently_is_told_apart),
		cmocka_unit_test(next_hops_differ_by_port_vlans_and_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
