/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The flow table against a plain array that is searched from end to end. */
#include "dataplane/core/flow_table.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t secret[2] = {0x452821e638d01377, 0xbe5466cf34e90c6c};

struct memory {
	void *file, *working;
	struct flow_table *table;
};

static struct memory memory_new(uint32_t capacity)
{
	size_t file_size = flow_file_size(1, capacity);
	size_t working_size = (flow_table_working_size(capacity) + 63) / 64 * 64;
	struct memory memory = {.file = aligned_alloc(4096, file_size),
				.working = aligned_alloc(64, working_size)};

	memset(memory.file, 0, file_size);
	memset(memory.working, 0x5a, working_size);
	struct abi_flows *file = flow_file_format(memory.file, 1, capacity, secret);
	memory.table = flow_table_open(memory.working, file, 0, 12345678);
	return memory;
}

static void memory_free(struct memory *memory)
{
	free(memory->file);
	free(memory->working);
}

/* Flow number `n`: both tuples unlike those of any other number. */
static struct abi_flow flow_of(uint32_t n)
{
	return (struct abi_flow){
		.state = ABI_FLOW_UDP,
		.protocol = n & 1 ? 6 : 17,
		.family = 4,
		.be_client = 0x0100007f + (n >> 1) % 50,
		.be_client_port = (uint16_t)((n >> 1) / 50),
		.be_service = 0x0a646464,
		.be_service_port = 80,
		.be_local = 0x0b646464,
		.be_local_port = (uint16_t)((n >> 1) / 50),
		.be_backend = 0x0100000a + (n >> 1) % 50,
		.be_backend_port = 8080,
	};
}

static uint32_t find(const struct flow_table *table, const struct flow_tuple *tuple)
{
	return flow_table_find(table, tuple, flow_hash(secret, tuple));
}

/* Both tuples must lead to the record the model names, or to none. */
static void check_flow(const struct flow_table *table, uint32_t n, uint32_t record)
{
	struct abi_flow flow = flow_of(n);
	struct flow_tuple client = flow_client_tuple(&flow);
	struct flow_tuple backend = flow_backend_tuple(&flow);

	if (record == FLOW_NONE) {
		assert_int_equal(find(table, &client), FLOW_NONE);
		assert_int_equal(find(table, &backend), FLOW_NONE);
		return;
	}
	assert_int_equal(find(table, &client), record << 1 | FLOW_FROM_CLIENT);
	assert_int_equal(find(table, &backend), record << 1 | FLOW_FROM_BACKEND);
	assert_int_equal(table->records[record].state, ABI_FLOW_UDP);
	assert_int_equal(table->records[record].version % 2, 0);
}

#define MODEL_FLOWS 1500
#define CAPACITY    1000

/* Inserted, looked up and removed at random; the table is full for a good part of the time. */
static void agrees_with_the_model(void **state)
{
	struct memory memory = memory_new(CAPACITY);
	struct flow_table *table = memory.table;
	uint64_t random[2] = {7, 11};
	uint32_t model[MODEL_FLOWS];
	uint32_t count = 0, refused = 0;

	(void)state;
	memset(model, 0xff, sizeof(model));
	for (uint32_t i = 0; i < 100000; i++) {
		uint64_t bits = random_next(random);
		uint32_t n = random_below((uint32_t)bits, MODEL_FLOWS);
		bool filling = (i / 5000) % 2 == 0;

		check_flow(table, n, model[n]);
		if (model[n] == FLOW_NONE && (filling || bits >> 62 == 0)) {
			struct abi_flow flow = flow_of(n);
			model[n] = flow_table_insert(table, &flow);
			assert_true((model[n] == FLOW_NONE) == (count == CAPACITY));
			count += model[n] != FLOW_NONE;
			refused += model[n] == FLOW_NONE;
		} else if (model[n] != FLOW_NONE && (!filling || bits >> 62 == 0)) {
			flow_table_remove(table, model[n]);
			model[n] = FLOW_NONE;
			count--;
		}
		assert_int_equal(table->count, count);
	}
	assert_true(refused > 100);
	for (uint32_t n = 0; n < MODEL_FLOWS; n++)
		check_flow(table, n, model[n]);
	memory_free(&memory);
}

/* What overflowed leaves no trace: an empty table is searched in one bucket. */
static void empty_again_means_empty(void **state)
{
	struct memory memory = memory_new(CAPACITY);
	struct flow_table *table = memory.table;
	uint32_t passed = 0;

	(void)state;
	for (uint32_t n = 0; n < CAPACITY; n++) {
		struct abi_flow flow = flow_of(n);
		assert_int_not_equal(flow_table_insert(table, &flow), FLOW_NONE);
	}
	for (uint32_t i = 0; i < table->bucket_count; i++)
		passed += table->buckets[i].passed;
	assert_true(passed > 0);
	for (uint32_t record = 0; record < CAPACITY; record++)
		flow_table_remove(table, record);
	for (uint32_t i = 0; i < table->bucket_count; i++) {
		assert_int_equal(table->buckets[i].passed, 0);
		for (unsigned entry = 0; entry < FLOW_BUCKET_ENTRIES; entry++)
			assert_int_equal(table->buckets[i].tags[entry], 0);
	}
	for (uint32_t record = 0; record < CAPACITY; record++)
		assert_int_equal(table->records[record].state, ABI_FLOW_FREE);
	assert_int_equal(table->count, 0);
	memory_free(&memory);
}

/* A hash whose tag is 0 must not look like a free place. */
static void the_tag_that_is_zero(void **state)
{
	struct memory memory = memory_new(CAPACITY);
	struct abi_flow flow;
	struct flow_tuple tuple;
	uint32_t n = 0;

	(void)state;
	do {
		flow = flow_of(n++);
		tuple = flow_client_tuple(&flow);
	} while ((flow_hash(secret, &tuple) & 0xffff) != 0);
	assert_int_equal(flow_table_insert(memory.table, &flow), 0);
	check_flow(memory.table, n - 1, 0);
	for (uint32_t other = 0; memory.table->count < CAPACITY; other++) {
		flow = flow_of(other);
		if (other != n - 1)
			assert_int_not_equal(flow_table_insert(memory.table, &flow), FLOW_NONE);
	}
	check_flow(memory.table, n - 1, 0);
	flow_table_remove(memory.table, 0);
	check_flow(memory.table, n - 1, FLOW_NONE);
	memory_free(&memory);
}

static void smallest_table(void **state)
{
	struct memory memory = memory_new(1);
	struct abi_flow first = flow_of(1), second = flow_of(2);

	(void)state;
	assert_int_equal(flow_table_insert(memory.table, &first), 0);
	assert_int_equal(flow_table_insert(memory.table, &second), FLOW_NONE);
	flow_table_remove(memory.table, 0);
	assert_int_equal(flow_table_insert(memory.table, &second), 0);
	check_flow(memory.table, 1, FLOW_NONE);
	check_flow(memory.table, 2, 0);
	memory_free(&memory);
}

static void layout_of_the_file(void **state)
{
	const uint32_t capacity = 777;
	size_t size = flow_file_size(3, capacity);
	void *bytes = aligned_alloc(4096, size);
	struct abi_flows *file = flow_file_format(memset(bytes, 0, size), 3, capacity, secret);
	uint64_t end = sizeof(*file) + 3 * sizeof(struct abi_flow_table);

	(void)state;
	assert_int_equal(file->file.magic, ABI_MAGIC_FLOWS);
	assert_int_equal(file->file.size, size);
	assert_int_equal(file->record_size, 64);
	for (unsigned i = 0; i < 3; i++) {
		const struct abi_flow_table *table = &file->tables[i];
		assert_int_equal(table->capacity, capacity);
		assert_int_equal(table->records_offset % 64, 0);
		assert_true(table->records_offset >= end);
		assert_true(table->hops_offset >= table->records_offset + capacity * 64);
		assert_int_equal(table->index_offset % 64, 0);
		assert_true(table->index_offset >= table->hops_offset + ABI_FLOW_HOPS * 24);
		end = table->index_offset + table->index_size;
	}
	assert_true(end <= size);
	free(bytes);

	assert_int_equal(flow_file_size(0, 1), 0);
	assert_int_equal(flow_file_size(65, 1), 0);
	assert_int_equal(flow_file_size(1, 0), 0);
	assert_int_equal(flow_file_size(1, FLOW_CAPACITY_MAX + 1), 0);
	assert_true(flow_file_size(1, FLOW_CAPACITY_MAX) > (uint64_t)FLOW_CAPACITY_MAX * 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model), cmocka_unit_test(empty_again_means_empty),
		cmocka_unit_test(the_tag_that_is_zero),  cmocka_unit_test(smallest_table),
		cmocka_unit_test(layout_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
