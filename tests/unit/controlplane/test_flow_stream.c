/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Reading a `flows` file: the records' version protocol, files that lie, lists in pieces. */
#include "controlplane/clock.h"
#include "controlplane/flows/stream.h"
#include "tests/unit/controlplane/flows.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAPACITY  10000
#define TABLES    4 /* of two workers */
#define ROUNDS_NS 300000000u

struct world {
	char dir[64], path[96];
	struct abi_flows *flows;
	size_t size;
};

static void *records_of(const struct world *world, uint32_t table)
{
	return (char *)world->flows + world->flows->tables[table].records_offset;
}

static struct abi_flow *ipv4_of(const struct world *world, uint32_t table, uint32_t record)
{
	return (struct abi_flow *)records_of(world, table) + record;
}

static struct abi_flow6 *ipv6_of(const struct world *world, uint32_t table, uint32_t record)
{
	return (struct abi_flow6 *)records_of(world, table) + record;
}

static void lay_out(struct world *world)
{
	uint64_t offset = sizeof(*world->flows) + TABLES * sizeof(struct abi_flow_table);

	for (uint32_t i = 0; i < TABLES; i++) {
		struct abi_flow_table *table = &world->flows->tables[i];

		offset = (offset + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE * ABI_CACHE_LINE;
		*table = (struct abi_flow_table){.capacity = CAPACITY,
						 .hop_capacity = 16,
						 .family = i % 2 == 0 ? 4 : 6,
						 .record_size = i % 2 == 0 ? 64 : 128,
						 .records_offset = offset};
		offset += (uint64_t)CAPACITY * table->record_size;
		table->hops_offset = offset;
		offset += 16 * sizeof(struct abi_flow_hop);
	}
	assert_true(offset <= world->size);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	int file;

	strcpy(world->dir, "/tmp/headrace-flows-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/flows", world->dir);
	world->size = TABLES * CAPACITY * 128;
	file = open(world->path, O_RDWR | O_CREAT, 0600);
	assert_true(file >= 0 && ftruncate(file, (off_t)world->size) == 0);
	world->flows = mmap(NULL, world->size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(world->flows, MAP_FAILED);
	close(file);
	world->flows->file = (struct abi_file){.magic = ABI_MAGIC_FLOWS,
					       .abi_version = ABI_VERSION,
					       .size = world->size,
					       .instance = 1};
	world->flows->table_count = TABLES;
	lay_out(world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	munmap(world->flows, world->size);
	unlink(world->path);
	rmdir(world->dir);
	free(world);
	return 0;
}

/* Of a time to come, so that its age is 0 whenever it is read. */
static void put_ipv4(struct world *world, uint32_t worker, uint32_t record)
{
	struct abi_flow6 flow = flow_ipv4();

	flow.flow.syn_time = (uint32_t)(clock_now_ms() >> ABI_FLOW_TICK_SHIFT) + 1000000;
	flow.flow.last_seen = flow.flow.syn_time;
	flow.flow.ports[0].be_source = htons((uint16_t)record);
	*ipv4_of(world, 2 * worker, record) = flow.flow;
}

/* How many a walk finds; in *pauses how often it paused, `patience` records each time. */
static unsigned walk_all(const struct world *world, uint32_t patience, unsigned *pauses)
{
	struct records_walk walk;
	struct abi_flow6 flow;
	uint32_t left = patience, worker;
	enum records_step step;
	unsigned found = 0;

	*pauses = 0;
	records_open(&walk, world->dir);
	while ((step = records_next(&walk, &left, &flow, &worker)) != RECORDS_END) {
		found += step == RECORDS_FOUND;
		if (step == RECORDS_PAUSE) {
			left = patience;
			(*pauses)++;
		}
	}
	records_close(&walk);
	return found;
}

static void all_are_found_in_bounded_steps(void **state)
{
	struct world *world = *state;
	unsigned pauses;

	put_ipv4(world, 0, 0);
	put_ipv4(world, 0, 7777);
	put_ipv4(world, 1, CAPACITY - 1);
	*ipv6_of(world, 1, 3) = flow_ipv6();
	assert_int_equal(walk_all(world, 1000, &pauses), 4);
	assert_int_equal(pauses, TABLES * CAPACITY / 1000 - 1);
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 4);
	assert_int_equal(pauses, 0);
}

static void what_is_no_record_is_passed_over(void **state)
{
	struct world *world = *state;
	struct abi_flow *record = ipv4_of(world, 0, 5);
	unsigned pauses;

	put_ipv4(world, 0, 5);
	record->version = 3; /* being written */
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	record->version = 4;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 1);
	record->state = ABI_FLOW_STATE_COUNT;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	record->state = ABI_FLOW_UDP;
	record->family = 6; /* in a table of IPv4 */
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
}

static void lying_files_are_not_believed(void **state)
{
	struct world *world = *state;
	struct abi_flow_table *table = &world->flows->tables[2];
	const struct abi_flow_table good = *table;
	unsigned pauses;

	put_ipv4(world, 0, 5);
	table->capacity = UINT32_MAX;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	*table = good;
	table->records_offset = UINT64_MAX - 63;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	*table = good;
	table->record_size = 128;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	*table = good;
	table->hop_capacity = UINT32_MAX;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	*table = good;
	world->flows->table_count = UINT32_MAX;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
	world->flows->table_count = TABLES;
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 1);
	unlink(world->path);
	assert_int_equal(walk_all(world, UINT32_MAX, &pauses), 0);
}

/* A flow whose every part is the same number. */
static struct abi_flow6 flow_of(uint8_t number)
{
	struct abi_flow6 flow = flow_ipv6();

	memset(flow.addresses, number, sizeof(flow.addresses));
	memset(flow.flow.ports, number, sizeof(flow.flow.ports));
	flow.flow.syn_time = number;
	return flow;
}

struct writer {
	struct abi_flow6 *place;
	bool stop;
};

/* As the dataplane writes (core/flow_table.c): odd meanwhile, and free in between. */
static void *write_over_and_over(void *argument)
{
	struct writer *writer = argument;
	struct abi_flow *head = &writer->place->flow;

	for (uint8_t number = 1; !__atomic_load_n(&writer->stop, __ATOMIC_RELAXED); number++) {
		struct abi_flow6 flow = flow_of(number);
		uint32_t version = head->version;

		__atomic_store_n(&head->version, version + 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		flow.flow.version = version + 1;
		*head = flow.flow;
		memcpy(writer->place->addresses, flow.addresses, sizeof(flow.addresses));
		__atomic_store_n(&head->version, version + 2, __ATOMIC_RELEASE);
		if (number % 16 == 0)
			__atomic_store_n(&head->state, ABI_FLOW_FREE, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void assert_of_one_piece(const struct abi_flow6 *flow)
{
	const struct abi_flow6 whole = flow_of((uint8_t)flow->flow.syn_time);

	assert_memory_equal(flow->addresses, whole.addresses, sizeof(whole.addresses));
	assert_memory_equal(flow->flow.ports, whole.flow.ports, sizeof(whole.flow.ports));
}

/* No copy is of two flows, and some come about. */
static void a_record_is_never_torn(void **state)
{
	struct world *world = *state;
	struct writer writer = {.place = ipv6_of(world, 1, 0)};
	uint64_t copies = 0, end = clock_now_ns() + ROUNDS_NS;
	struct abi_flow6 copy;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_over_and_over, &writer), 0);
	while (clock_now_ns() < end ||
	       (copies == 0 && clock_now_ns() < end + 30 * (uint64_t)ROUNDS_NS)) {
		for (unsigned i = 0; i < 1000; i++) {
			if (!records_copy(&writer.place->flow, sizeof(copy), &copy))
				continue;
			assert_of_one_piece(&copy);
			copies++;
		}
	}
	__atomic_store_n(&writer.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(copies > 0);
}

/* The whole list, read in pieces of `size`; in *empty the pieces without a byte. */
static char *read_list(const struct world *world, const struct flow_filter *filter, size_t size,
		       unsigned *empty)
{
	struct flow_stream *stream = flow_stream_open(world->dir, filter, flow_names_of_web());
	char *text = calloc(1, 1 << 20);
	size_t length = 0;
	ssize_t part;

	*empty = 0;
	while ((part = flow_stream_read(stream, text + length, size)) >= 0) {
		length += (size_t)part;
		*empty += part == 0;
		assert_true(length + size < 1 << 20);
	}
	flow_stream_close(stream);
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static void a_list_is_the_same_in_pieces_of_any_size(void **state)
{
	static const size_t sizes[] = {1, 7, 300, 1024, 32768};
	struct world *world = *state;
	struct flow_filter filter;
	unsigned empty;

	flow_filter_init(&filter);
	for (uint32_t i = 0; i < 100; i++)
		put_ipv4(world, i % 2, i * 97);

	char *whole = read_list(world, &filter, 65536, &empty);

	assert_int_equal(count_lines(whole), 100);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *pieces = read_list(world, &filter, sizes[i], &empty);

		assert_string_equal(pieces, whole);
		free(pieces);
	}
	free(whole);
}

/* A piece in which nothing was found is empty and comes soon; the list goes on behind it. */
static void a_search_pauses(void **state)
{
	struct world *world = *state;
	struct flow_filter filter;
	unsigned empty;

	flow_filter_init(&filter);
	put_ipv4(world, 1, CAPACITY - 1);

	char *text = read_list(world, &filter, 65536, &empty);

	assert_int_equal(count_lines(text), 1);
	assert_true(empty >= 2 * CAPACITY / FLOW_STREAM_PATIENCE);
	free(text);
}

static void a_limit_is_kept(void **state)
{
	struct world *world = *state;
	struct flow_filter filter;
	unsigned empty;

	for (uint32_t i = 0; i < 10; i++)
		put_ipv4(world, 0, i);
	flow_filter_init(&filter);
	for (filter.limit = 0; filter.limit <= 12; filter.limit += 3) {
		char *text = read_list(world, &filter, 65536, &empty);

		assert_int_equal(count_lines(text), filter.limit < 10 ? filter.limit : 10);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_found_in_bounded_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_record_is_passed_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lying_files_are_not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_record_is_never_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_list_is_the_same_in_pieces_of_any_size, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_search_pauses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_limit_is_kept, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
