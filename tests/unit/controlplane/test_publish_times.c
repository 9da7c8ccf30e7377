/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How long generations take, by the stamps of a dataplane that this test plays. */
#include "controlplane/clock.h"
#include "controlplane/metrics/publish_times.h"
#include "controlplane/stats/stats.h"
#include "tests/unit/controlplane/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

struct world {
	char dir[64], path[96];
	struct abi_status *status; /* the file, mapped */
	struct stats *stats;
	struct ev_loop *loop;
	struct publish_times times;
};

static void map_status(struct world *world)
{
	int descriptor = open(world->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(ftruncate(descriptor, sizeof(*world->status)), 0);
	world->status = mmap(NULL, sizeof(*world->status), PROT_READ | PROT_WRITE, MAP_SHARED,
			     descriptor, 0);
	assert_ptr_not_equal(world->status, MAP_FAILED);
	close(descriptor);
	world->status->file = (struct abi_file){.magic = ABI_MAGIC_STATUS,
						.abi_version = ABI_VERSION,
						.writer_pid = (uint32_t)getpid(),
						.size = sizeof(*world->status),
						.instance = 1};
	world->status->worker_count = 2;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->dir, "/tmp/headrace-times-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/status", world->dir);
	map_status(world);
	assert_int_equal(stats_open(world->dir, &world->stats), 0);
	world->loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(world->loop);
	publish_times_start(&world->times, world->loop, world->stats);
	world->status->state = ABI_DATAPLANE_RUNNING;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	publish_times_stop(&world->times);
	ev_loop_destroy(world->loop);
	stats_close(world->stats);
	munmap(world->status, sizeof(*world->status));
	unlink(world->path);
	snprintf(world->path, sizeof(world->path), "%s/baselines", world->dir);
	unlink(world->path);
	rmdir(world->dir);
	free(world);
	return 0;
}

/* The dataplane lives: its main thread has just turned. */
static void beat(struct world *world)
{
	world->status->heartbeat = clock_now_ns();
}

static void take(struct world *world, uint64_t generation, uint64_t at_ns)
{
	world->status->workers[0].taken_at = at_ns - 1;
	world->status->workers[1].taken_at = at_ns;
	world->status->generation_taken = generation;
}

/* A generation is out, after so long. */
static void publish(struct world *world, uint64_t generation, uint64_t took_ns)
{
	beat(world);
	publish_times_note(&world->times, 1, generation, clock_now_ns() - took_ns);
}

/* Looks once. */
static void look(struct world *world)
{
	beat(world);
	ev_run(world->loop, EVRUN_ONCE);
}

static void the_last_worker_counts(void **state)
{
	struct world *world = *state;
	uint64_t published;

	publish(world, 5, 30 * MS);
	published = world->times.published_ns;
	assert_int_equal(world->times.making.count, 1);
	assert_in_range(world->times.making.last_ns, 30 * MS, 1000 * MS);
	look(world);
	assert_int_equal(world->times.taking.count, 0);
	take(world, 5, published + 7 * MS);
	look(world);
	assert_int_equal(world->times.taking.count, 1);
	assert_int_equal(world->times.taking.last_ns, 7 * MS);
	assert_false(ev_is_active(&world->times.look));
}

static void a_worker_that_stalls_is_waited_for(void **state)
{
	struct world *world = *state;
	uint64_t published;

	publish(world, 5, 0);
	published = world->times.published_ns;
	take(world, 5, published + MS);
	world->status->workers[0].taken_at = 0;
	look(world);
	assert_int_equal(world->times.taking.count, 0);
	assert_true(ev_is_active(&world->times.look));
	world->status->workers[0].taken_at = published + 300 * MS;
	look(world);
	assert_int_equal(world->times.taking.count, 1);
	assert_int_equal(world->times.taking.last_ns, 300 * MS);
}

static void one_may_be_taken_before_we_know_that_it_is_out(void **state)
{
	struct world *world = *state;

	publish(world, 5, 30 * MS);
	take(world, 6, world->times.published_ns - MS);
	look(world);
	assert_int_equal(world->times.taking.count, 1);
	assert_int_equal(world->times.taking.last_ns, 0);
}

static void a_dataplane_that_does_not_stamp_is_not_timed(void **state)
{
	struct world *world = *state;

	publish(world, 5, 0);
	world->status->generation_taken = 5;
	look(world);
	assert_int_equal(world->times.taking.count, 0);
	assert_false(ev_is_active(&world->times.look));
}

static void of_a_burst_the_first_is_timed(void **state)
{
	struct world *world = *state;
	uint64_t published;

	publish(world, 5, 0);
	published = world->times.published_ns;
	publish(world, 6, 0);
	assert_int_equal(world->times.making.count, 2);
	take(world, 6, published + 4 * MS);
	look(world);
	assert_int_equal(world->times.taking.count, 1);
	assert_int_equal(world->times.taking.last_ns, 4 * MS);
}

static void failures_are_counted_and_nothing_is_waited_for(void **state)
{
	struct world *world = *state;

	publish_times_note(&world->times, -1, 5, clock_now_ns());
	publish_times_note(&world->times, 0, 5, clock_now_ns());
	assert_int_equal(world->times.failures, 1);
	assert_int_equal(world->times.making.count, 0);
	assert_false(ev_is_active(&world->times.look));
}

static void a_dataplane_that_dies_is_not_waited_for(void **state)
{
	struct world *world = *state;

	publish(world, 5, 0);
	assert_true(ev_is_active(&world->times.look));
	world->status->file.writer_pid = 0;
	look(world);
	assert_int_equal(world->times.taking.count, 0);
	assert_false(ev_is_active(&world->times.look));
}

static void a_dataplane_that_starts_is_not_timed(void **state)
{
	struct world *world = *state;

	world->status->state = ABI_DATAPLANE_STARTING;
	publish(world, 5, 0);
	assert_int_equal(world->times.making.count, 1);
	assert_false(ev_is_active(&world->times.look));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_worker_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_worker_that_stalls_is_waited_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_may_be_taken_before_we_know_that_it_is_out,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dataplane_that_does_not_stamp_is_not_timed,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_a_burst_the_first_is_timed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failures_are_counted_and_nothing_is_waited_for,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dataplane_that_dies_is_not_waited_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_dataplane_that_starts_is_not_timed, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
