/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Asking workers to end flows: what is written to whose ring, full rings, files that lie. */
#include "controlplane/clock.h"
#include "controlplane/flows/flush.h"
#include "controlplane/flows/inbox.h"
#include "tests/unit/controlplane/flows.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS   2
#define COMMANDS  8
#define RECORDS   1000
#define RING_SIZE (sizeof(struct abi_inbox_ring) + COMMANDS * sizeof(struct abi_command))

struct world {
	char dir[64];
	struct abi_inbox *inbox;
	struct abi_flows *flows; /* a table of IPv4 for each worker, and none of IPv6 */
};

#define INBOX_SIZE (sizeof(struct abi_inbox) + WORKERS * RING_SIZE)
#define FLOWS_SIZE (64 * 1024 * 4)

static void *make_file(const struct world *world, const char *name, uint64_t magic, size_t size)
{
	char path[96];
	struct abi_file *head;
	int file;

	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	file = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(file >= 0 && ftruncate(file, (off_t)size) == 0);
	head = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(head, MAP_FAILED);
	close(file);
	*head = (struct abi_file){
		.magic = magic, .abi_version = ABI_VERSION, .size = size, .instance = 1};
	return head;
}

static struct abi_inbox_ring *ring_of(const struct world *world, uint32_t worker)
{
	return (void *)((char *)world->inbox + world->inbox->ring_offset + worker * RING_SIZE);
}

static void put_flow(struct world *world, uint32_t worker, uint32_t record)
{
	struct abi_flow6 flow = flow_ipv4();

	flow.flow.ports[0].be_source = htons((uint16_t)record);
	flow.flow.syn_time = record;
	((struct abi_flow *)(void *)((char *)world->flows +
				     world->flows->tables[2 * worker].records_offset))[record] =
		flow.flow;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->dir, "/tmp/headrace-flush-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->inbox = make_file(world, ABI_FILE_INBOX, ABI_MAGIC_INBOX, INBOX_SIZE);
	world->inbox->ring_count = WORKERS;
	world->inbox->command_count = COMMANDS;
	world->inbox->command_size = sizeof(struct abi_command);
	world->inbox->ring_offset = sizeof(struct abi_inbox);
	world->inbox->ring_size = RING_SIZE;
	world->flows = make_file(world, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, FLOWS_SIZE);
	world->flows->table_count = 2 * WORKERS;
	for (uint32_t i = 0; i < 2 * WORKERS; i++)
		world->flows->tables[i] =
			(struct abi_flow_table){.capacity = i % 2 == 0 ? RECORDS : 0,
						.family = i % 2 == 0 ? 4 : 6,
						.record_size = i % 2 == 0 ? 64 : 128,
						.records_offset = 4096 + i / 2 * RECORDS * 64u};
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char path[96];

	munmap(world->inbox, INBOX_SIZE);
	munmap(world->flows, FLOWS_SIZE);
	snprintf(path, sizeof(path), "%s/" ABI_FILE_INBOX, world->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" ABI_FILE_FLOWS, world->dir);
	unlink(path);
	rmdir(world->dir);
	free(world);
	return 0;
}

static void a_command_lies_in_the_workers_ring(void **state)
{
	struct world *world = *state;
	const struct abi_flow6 flow = flow_ipv6();
	const struct abi_command command = inbox_end_flow(&flow);
	struct inbox inbox;

	inbox_open(&inbox, world->dir);
	assert_int_equal(inbox.ring_count, WORKERS);
	assert_int_equal(inbox_write(&inbox, 1, &command), 0);
	assert_int_equal(inbox_write(&inbox, WORKERS, &command), -ENOENT);
	assert_int_equal(ring_of(world, 0)->written, 0);
	assert_int_equal(ring_of(world, 1)->written, 1);
	assert_memory_equal(&ring_of(world, 1)->commands[0], &command, sizeof(command));
	assert_int_equal(command.family, 6);
	assert_memory_equal(&command.ipv6, &flow.addresses[0], sizeof(command.ipv6));
	assert_true(inbox_is_empty(&inbox, 0));
	assert_false(inbox_is_empty(&inbox, 1));
	ring_of(world, 1)->taken = 1;
	assert_true(inbox_is_empty(&inbox, 1));
	inbox_close(&inbox);
}

/* Nothing is overwritten that was not taken; a reader that claims too much gets nothing. */
static void a_full_ring_takes_no_more(void **state)
{
	struct world *world = *state;
	struct abi_inbox_ring *ring = ring_of(world, 0);
	struct abi_command command = {.kind = ABI_COMMAND_END_FLOW};
	struct inbox inbox;

	inbox_open(&inbox, world->dir);
	for (command.syn_time = 0; command.syn_time < COMMANDS; command.syn_time++)
		assert_int_equal(inbox_write(&inbox, 0, &command), 0);
	assert_int_equal(inbox_write(&inbox, 0, &command), -EAGAIN);
	assert_int_equal(ring->commands[0].syn_time, 0);
	ring->taken = 1;
	assert_int_equal(inbox_write(&inbox, 0, &command), 0);
	assert_int_equal(ring->commands[0].syn_time, COMMANDS);
	assert_int_equal(inbox_write(&inbox, 0, &command), -EAGAIN);
	ring->taken = 1000;
	assert_int_equal(inbox_write(&inbox, 0, &command), -EAGAIN);
	inbox_close(&inbox);
}

static void lying_files_are_not_believed(void **state)
{
	struct world *world = *state;
	const struct abi_inbox good = *world->inbox;
	struct abi_inbox bad[6];
	struct inbox inbox;

	for (int i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].ring_count = 65;
	bad[1].ring_offset = UINT64_MAX - 63;
	bad[2].ring_size = UINT64_MAX - 63;
	bad[3].command_count = 1u << 19;
	bad[4].command_size = 128;
	bad[5].command_count = 0;
	for (int i = 0; i < 6; i++) {
		*world->inbox = bad[i];
		inbox_open(&inbox, world->dir);
		assert_int_equal(inbox.ring_count, 0);
		inbox_close(&inbox);
	}
}

static struct flow_flush *open_flush(const struct world *world, const char *client)
{
	struct flow_names *names = flow_names_of_web();
	struct flow_filter filter;
	char fault[256];

	flow_filter_init(&filter);
	for (size_t i = 0; client != NULL && flow_filter_argument(i) != NULL; i++) {
		if (strcmp(flow_filter_argument(i), "client") == 0)
			assert_int_equal(
				flow_filter_take(&filter, names, i, client, fault, sizeof(fault)),
				0);
	}
	return flow_flush_open(world->dir, &filter, names);
}

struct reader {
	const struct world *world;
	bool stop;
	uint8_t asked[WORKERS][RECORDS]; /* how often each flow's end was */
};

/* As workers do, one after the other, of both rings. */
static void *read_rings(void *argument)
{
	struct reader *reader = argument;

	while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
		for (uint32_t i = 0; i < WORKERS; i++) {
			struct abi_inbox_ring *ring = ring_of(reader->world, i);
			uint64_t taken = ring->taken;

			if (__atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) == taken)
				continue;

			const struct abi_command command = ring->commands[taken % COMMANDS];

			if (command.syn_time < RECORDS &&
			    ntohs(command.ports.be_source) == command.syn_time)
				reader->asked[i][command.syn_time]++;
			__atomic_store_n(&ring->taken, taken + 1, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

static enum flow_flush_state run_to_its_end(struct flow_flush *flush)
{
	enum flow_flush_state state;

	while ((state = flow_flush_run(flush, clock_now_ms())) == FLOW_FLUSH_GOES_ON)
		;
	return state;
}

/* Many times what the rings hold, while they are read. */
static void every_flow_is_asked_for_once(void **state)
{
	struct world *world = *state;
	struct reader *reader = calloc(1, sizeof(*reader));
	struct flow_flush *flush;
	unsigned wanted = 0;
	pthread_t thread;

	reader->world = world;
	for (uint32_t i = 0; i < RECORDS; i++) {
		put_flow(world, 0, i);
		if (i % 3 == 0)
			put_flow(world, 1, i);
	}
	flush = open_flush(world, NULL);
	assert_int_equal(pthread_create(&thread, NULL, read_rings, reader), 0);
	assert_int_equal(run_to_its_end(flush), FLOW_FLUSH_DONE);
	__atomic_store_n(&reader->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (uint32_t i = 0; i < RECORDS; i++) {
		assert_int_equal(reader->asked[0][i], 1);
		assert_int_equal(reader->asked[1][i], i % 3 == 0);
		wanted += 1 + (i % 3 == 0);
	}
	assert_int_equal(flow_flush_asked(flush), wanted);
	flow_flush_close(flush);
	free(reader);
}

static void only_what_fits_is_asked_for(void **state)
{
	struct world *world = *state;
	struct flow_flush *flush;

	for (uint32_t i = 0; i < RECORDS; i++)
		put_flow(world, i % 2, i);
	flush = open_flush(world, "203.0.113.9:77");
	assert_int_equal(flow_flush_run(flush, 1), FLOW_FLUSH_GOES_ON);
	assert_int_equal(flow_flush_asked(flush), 1);
	assert_int_equal(ring_of(world, 0)->written, 0);
	assert_int_equal(ring_of(world, 1)->commands[0].syn_time, 77);
	ring_of(world, 1)->taken = 1;
	assert_int_equal(flow_flush_run(flush, 2), FLOW_FLUSH_DONE);
	flow_flush_close(flush);
}

/* It says so, after a time in which nothing was taken. */
static void a_worker_that_hangs_is_not_waited_for(void **state)
{
	struct world *world = *state;
	struct flow_flush *flush;
	uint64_t now_ms = 1000;

	for (uint32_t i = 0; i < 3 * COMMANDS; i++)
		put_flow(world, 0, i);
	flush = open_flush(world, NULL);
	assert_int_equal(flow_flush_run(flush, now_ms), FLOW_FLUSH_GOES_ON);
	assert_int_equal(flow_flush_asked(flush), COMMANDS);
	now_ms += FLOW_FLUSH_PATIENCE_MS;
	assert_int_equal(flow_flush_run(flush, now_ms), FLOW_FLUSH_GOES_ON);
	ring_of(world, 0)->taken = 1; /* it moved */
	assert_int_equal(flow_flush_run(flush, now_ms), FLOW_FLUSH_GOES_ON);
	assert_int_equal(flow_flush_run(flush, now_ms + FLOW_FLUSH_PATIENCE_MS),
			 FLOW_FLUSH_GOES_ON);
	assert_int_equal(flow_flush_run(flush, now_ms + FLOW_FLUSH_PATIENCE_MS + 1),
			 FLOW_FLUSH_STUCK);
	assert_int_equal(flow_flush_asked(flush), COMMANDS + 1);
	flow_flush_close(flush);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_command_lies_in_the_workers_ring, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_full_ring_takes_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lying_files_are_not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_flow_is_asked_for_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_fits_is_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_worker_that_hangs_is_not_waited_for, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
