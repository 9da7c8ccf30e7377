/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The flow table against a plain array that is searched from end to end. */
#include "dataplane/core/flow_file.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/world.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t secret[2] = {0x452821e638d01377, 0xbe5466cf34e90c6c};

struct memory {
	void *file, *working;
	struct flow_table *table;
};

static struct memory memory_new(const struct half *half, uint32_t capacity)
{
	unsigned family = half->family == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	uint32_t capacities[FAMILY_COUNT] = {0};
	struct memory memory;

	capacities[family] = capacity;
	size_t file_size = flow_file_size(1, capacities);
	size_t working_size = (flow_table_working_size(capacity) + 63) / 64 * 64;
	memory.file = aligned_alloc(4096, file_size);
	memory.working = aligned_alloc(64, working_size);
	memset(memory.file, 0, file_size);
	memset(memory.working, 0x5a, working_size);
	struct abi_flows *file = flow_file_format(memory.file, 1, capacities, secret);
	memory.table = flow_table_open(memory.working, file, 0, family, 12345678);
	return memory;
}

static void memory_free(struct memory *memory)
{
	free(memory->file);
	free(memory->working);
}

/* The tuple from one end to the other; an address's number makes its last bytes. */
static struct flow_tuple tuple_of(const struct half *half, uint32_t from, uint16_t from_port,
				  uint32_t to, uint16_t to_port, uint8_t protocol)
{
	struct flow_tuple tuple = {.ports = {htobe16(from_port), htobe16(to_port)},
				   .protocol = protocol,
				   .family = half->family};

	if (half->family == 4) {
		tuple.ipv4 = (struct abi_flow_ipv4){htobe32(from), htobe32(to)};
		return tuple;
	}
	const uint32_t be_from[4] = {htobe32(0x20010db8), 0, 0, htobe32(from)};
	const uint32_t be_to[4] = {htobe32(0x20010db8), 0, 0, htobe32(to)};
	memcpy(tuple.ipv6.be_source, be_from, 16);
	memcpy(tuple.ipv6.be_destination, be_to, 16);
	return tuple;
}

/* Flow number `n`: both tuples unlike those of any other number. */
static struct abi_flow6 flow_of(const struct half *half, uint32_t n)
{
	uint32_t address = (n >> 1) % 50;
	uint16_t port = (uint16_t)((n >> 1) / 50);
	uint8_t protocol = n & 1 ? 6 : 17;
	struct flow_tuple client =
		tuple_of(half, 0x7f000001 + address, port, 0x6464640a, 80, protocol);
	struct flow_tuple backend =
		tuple_of(half, 0x0a000001 + address, 8080, 0x6464640b, port, protocol);
	struct abi_flow6 flow = {
		.flow = {.state = ABI_FLOW_UDP, .protocol = protocol, .family = half->family}};

	flow_set_tuple(&flow, ABI_FLOW_FROM_CLIENT, &client);
	flow_set_tuple(&flow, ABI_FLOW_FROM_BACKEND, &backend);
	return flow;
}

static uint32_t insert(const struct half *half, struct flow_table *table, uint32_t n)
{
	struct abi_flow6 flow = flow_of(half, n);

	return flow_table_insert(table, &flow);
}

static uint32_t find(const struct flow_table *table, const struct flow_tuple *tuple)
{
	return flow_table_find(table, tuple, flow_hash(secret, tuple));
}

/* Both tuples must lead to the record the model names, or to none. */
static void check_flow(const struct half *half, const struct flow_table *table, uint32_t n,
		       uint32_t record)
{
	struct abi_flow6 flow = flow_of(half, n);
	struct flow_tuple client = flow_tuple_of(&flow.flow, ABI_FLOW_FROM_CLIENT);
	struct flow_tuple backend = flow_tuple_of(&flow.flow, ABI_FLOW_FROM_BACKEND);

	if (record == FLOW_NONE) {
		assert_int_equal(find(table, &client), FLOW_NONE);
		assert_int_equal(find(table, &backend), FLOW_NONE);
		return;
	}
	assert_int_equal(find(table, &client), record << 1 | ABI_FLOW_FROM_CLIENT);
	assert_int_equal(find(table, &backend), record << 1 | ABI_FLOW_FROM_BACKEND);
	assert_int_equal(flow_table_record(table, record)->state, ABI_FLOW_UDP);
	assert_int_equal(flow_table_record(table, record)->version % 2, 0);
}

#define MODEL_FLOWS 1500
#define CAPACITY    1000

/* Inserted, looked up and removed at random; the table is full for a good part of the time. */
static void agrees_with_the_model(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, CAPACITY);
	struct flow_table *table = memory.table;
	uint64_t random[2] = {7, 11};
	uint32_t model[MODEL_FLOWS];
	uint32_t count = 0, refused = 0;

	memset(model, 0xff, sizeof(model));
	for (uint32_t i = 0; i < 100000; i++) {
		uint64_t bits = random_next(random);
		uint32_t n = random_below((uint32_t)bits, MODEL_FLOWS);
		bool filling = (i / 5000) % 2 == 0;

		check_flow(half, table, n, model[n]);
		if (model[n] == FLOW_NONE && (filling || bits >> 62 == 0)) {
			model[n] = insert(half, table, n);
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
		check_flow(half, table, n, model[n]);
	memory_free(&memory);
}

/* What overflowed leaves no trace: an empty table is searched in one bucket. */
static void empty_again_means_empty(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, CAPACITY);
	struct flow_table *table = memory.table;
	uint32_t passed = 0;

	for (uint32_t n = 0; n < CAPACITY; n++)
		assert_int_not_equal(insert(half, table, n), FLOW_NONE);
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
		assert_int_equal(flow_table_record(table, record)->state, ABI_FLOW_FREE);
	assert_int_equal(table->count, 0);
	memory_free(&memory);
}

/* A hash whose tag is 0 must not look like a free place. */
static void the_tag_that_is_zero(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, CAPACITY);
	struct abi_flow6 flow;
	struct flow_tuple tuple;
	uint32_t n = 0;

	do {
		flow = flow_of(half, n++);
		tuple = flow_tuple_of(&flow.flow, ABI_FLOW_FROM_CLIENT);
	} while ((flow_hash(secret, &tuple) & 0xffff) != 0);
	assert_int_equal(flow_table_insert(memory.table, &flow), 0);
	check_flow(half, memory.table, n - 1, 0);
	for (uint32_t other = 0; memory.table->count < CAPACITY; other++)
		if (other != n - 1)
			assert_int_not_equal(insert(half, memory.table, other), FLOW_NONE);
	check_flow(half, memory.table, n - 1, 0);
	flow_table_remove(memory.table, 0);
	check_flow(half, memory.table, n - 1, FLOW_NONE);
	memory_free(&memory);
}

static void smallest_table(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, 1);

	assert_int_equal(insert(half, memory.table, 1), 0);
	assert_int_equal(insert(half, memory.table, 2), FLOW_NONE);
	flow_table_remove(memory.table, 0);
	assert_int_equal(insert(half, memory.table, 2), 0);
	check_flow(half, memory.table, 1, FLOW_NONE);
	check_flow(half, memory.table, 2, 0);
	memory_free(&memory);
}

#define LARGE 20000

/* To the last record; then one after another comes out again, in an order of chance. */
static void full_to_the_last_record(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, LARGE);
	struct flow_table *table = memory.table;
	uint32_t *order = calloc(LARGE, sizeof(*order));
	uint64_t random[2] = {13, 17};

	for (uint32_t n = 0; n < LARGE; n++) {
		assert_int_equal(insert(half, table, n), n);
		order[n] = n;
	}
	assert_int_equal(flow_table_first_free(table), FLOW_NONE);
	assert_int_equal(insert(half, table, LARGE), FLOW_NONE);
	for (uint32_t n = 0; n < LARGE; n++)
		check_flow(half, table, n, n);
	check_flow(half, table, LARGE, FLOW_NONE);

	for (uint32_t left = LARGE; left > 0; left--) {
		uint32_t at = random_below((uint32_t)random_next(random), left);
		uint32_t n = order[at];

		check_flow(half, table, n, n);
		flow_table_remove(table, n);
		check_flow(half, table, n, FLOW_NONE);
		order[at] = order[left - 1];
		/* Those that are left are still found. */
		if (left > 1)
			check_flow(half, table, order[(left - 1) / 2], order[(left - 1) / 2]);
	}
	assert_int_equal(table->count, 0);
	for (uint32_t i = 0; i < table->bucket_count; i++)
		assert_int_equal(table->buckets[i].passed, 0);
	free(order);
	memory_free(&memory);
}

#define PASSED_CAPACITY 30

/* Whether both tuples of a flow lead to a bucket, and into the first of its counts. */
static bool belongs_into(const struct flow_table *table, const struct abi_flow6 *flow,
			 uint32_t bucket)
{
	for (unsigned direction = 0; direction < 2; direction++) {
		struct flow_tuple tuple =
			flow_tuple_of(&flow->flow, (enum abi_flow_direction)direction);
		uint64_t hash = flow_hash(secret, &tuple);

		if (flow_table_bucket(table, hash) != bucket ||
		    (flow_table_tag(hash) >> 1 & 7) != 0)
			return false;
	}
	return true;
}

/* The number of the next such flow, from `n` on. */
static uint32_t next_into(const struct half *half, const struct flow_table *table, uint32_t bucket,
			  uint32_t n)
{
	struct abi_flow6 flow;

	do
		flow = flow_of(half, n++);
	while (!belongs_into(table, &flow, bucket));
	return n - 1;
}

/* Entries leave full buckets behind themselves, and stay where they went when there is room again:
 * even with every bucket passed by someone, a search comes to its end. */
static void every_bucket_was_passed(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, PASSED_CAPACITY);
	struct flow_table *table = memory.table;
	uint32_t n = 0;

	assert_true(table->bucket_count > 1);
	for (uint32_t bucket = 0; bucket < table->bucket_count; bucket++) {
		uint32_t records[FLOW_BUCKET_ENTRIES / 2 + 1];

		/* The last does not fit; those before it go away again. */
		for (unsigned i = 0; i <= FLOW_BUCKET_ENTRIES / 2; i++) {
			n = next_into(half, table, bucket, n) + 1;
			records[i] = insert(half, table, n - 1);
			assert_int_not_equal(records[i], FLOW_NONE);
		}
		for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES / 2; i++)
			flow_table_remove(table, records[i]);
	}
	for (uint32_t i = 0; i < table->bucket_count; i++)
		assert_true((table->buckets[i].passed & 15) > 0);
	check_flow(half, table, next_into(half, table, 0, n), FLOW_NONE);
	for (uint32_t record = 0; record < PASSED_CAPACITY; record++)
		if (flow_table_record(table, record)->state != ABI_FLOW_FREE)
			flow_table_remove(table, record);
	for (uint32_t i = 0; i < table->bucket_count; i++)
		assert_int_equal(table->buckets[i].passed, 0);
	memory_free(&memory);
}

/* More flows of one bucket than its counts can tell: none is lost, whoever goes first. */
static void counts_that_are_full(void **state)
{
	enum { FLOWS = 30 };
	const struct half *half = *state;
	struct memory memory = memory_new(half, FLOWS);
	struct flow_table *table = memory.table;
	uint32_t numbers[FLOWS], n = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		numbers[i] = n = next_into(half, table, 0, n);
		assert_int_equal(insert(half, table, n++), i);
	}
	assert_int_equal(table->buckets[0].passed, 15);
	for (uint32_t i = 0; i < FLOWS; i++) {
		for (uint32_t other = 0; other < FLOWS; other++)
			check_flow(half, table, numbers[other], other < i ? FLOW_NONE : other);
		flow_table_remove(table, i);
	}
	check_flow(half, table, numbers[0], FLOW_NONE);
	assert_int_equal(insert(half, table, numbers[0]), FLOWS - 1);
	check_flow(half, table, numbers[0], FLOWS - 1);
	memory_free(&memory);
}

/* No record at all: nothing is found, nothing goes in. */
static void empty_table(void **state)
{
	const struct half *half = *state;
	struct memory memory = memory_new(half, 0);

	check_flow(half, memory.table, 1, FLOW_NONE);
	assert_int_equal(insert(half, memory.table, 1), FLOW_NONE);
	check_flow(half, memory.table, 1, FLOW_NONE);
	memory_free(&memory);
}

static void layout_of_the_file(void **state)
{
	const uint32_t capacities[FAMILY_COUNT] = {777, 333};
	size_t size = flow_file_size(3, capacities);
	void *bytes = aligned_alloc(4096, size);
	struct abi_flows *file = flow_file_format(memset(bytes, 0, size), 3, capacities, secret);
	uint64_t end = sizeof(*file) + 6 * sizeof(struct abi_flow_table);

	(void)state;
	assert_int_equal(file->file.magic, ABI_MAGIC_FLOWS);
	assert_int_equal(file->file.size, size);
	assert_int_equal(file->table_count, 6);
	assert_memory_equal(file->secret, secret, sizeof(secret));
	for (unsigned i = 0; i < 6; i++) {
		const struct abi_flow_table *table = &file->tables[i];
		const uint32_t capacity = capacities[i % 2];

		assert_int_equal(table->family, i % 2 == 0 ? 4 : 6);
		assert_int_equal(table->record_size, i % 2 == 0 ? 64 : 128);
		assert_int_equal(table->capacity, capacity);
		assert_int_equal(table->hop_capacity, ABI_FLOW_HOPS);
		assert_int_equal(table->records_offset % 64, 0);
		assert_true(table->records_offset >= end);
		assert_true(table->hops_offset >=
			    table->records_offset + (uint64_t)capacity * table->record_size);
		assert_int_equal(table->index_offset % 64, 0);
		assert_true(table->index_offset >= table->hops_offset + ABI_FLOW_HOPS * 24);
		end = table->index_offset + table->index_size;
	}
	assert_true(end <= size);
	free(bytes);
}

static void sizes_out_of_range(void **state)
{
	const uint32_t few[FAMILY_COUNT] = {1, 1};
	const uint32_t none[FAMILY_COUNT] = {0, 0};
	const uint32_t most[FAMILY_COUNT] = {FLOW_CAPACITY_MAX, FLOW_CAPACITY_MAX};
	const uint32_t too_many[FAMILY_COUNT] = {FLOW_CAPACITY_MAX + 1, 1};
	const uint32_t too_many_ipv6[FAMILY_COUNT] = {1, FLOW_CAPACITY_MAX + 1};

	(void)state;
	assert_int_equal(flow_file_size(0, few), 0);
	assert_int_equal(flow_file_size(65, few), 0);
	assert_int_equal(flow_file_size(1, too_many), 0);
	assert_int_equal(flow_file_size(1, too_many_ipv6), 0);
	assert_true(flow_file_size(1, none) > 0);
	assert_true(flow_file_size(64, few) > flow_file_size(1, few));
	assert_true(flow_file_size(1, most) > (uint64_t)FLOW_CAPACITY_MAX * (64 + 128));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(agrees_with_the_model),
		OF_BOTH_FAMILIES(empty_again_means_empty),
		OF_BOTH_FAMILIES(the_tag_that_is_zero),
		OF_BOTH_FAMILIES(smallest_table),
		OF_BOTH_FAMILIES(full_to_the_last_record),
		OF_BOTH_FAMILIES(every_bucket_was_passed),
		OF_BOTH_FAMILIES(counts_that_are_full),
		OF_BOTH_FAMILIES(empty_table),
		cmocka_unit_test(layout_of_the_file),
		cmocka_unit_test(sizes_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
