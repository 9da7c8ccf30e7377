/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Reading a dataplane's counters: sums, baselines, a new instance, files that lie. */
#include "controlplane/stats/stats.h"
#include "tests/unit/controlplane/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 2

struct world {
	char dir[64];
	struct stats *stats;
	struct abi_counters head;
	struct abi_counters_block *blocks;
};

/* Writes the file as a dataplane does: aside, then renamed into place. */
static void put_counters(struct world *world)
{
	char path[96], aside[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/counters", world->dir);
	snprintf(aside, sizeof(aside), "%s/counters.new", world->dir);
	file = fopen(aside, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(&world->head, sizeof(world->head), 1, file), 1);
	assert_int_equal(fwrite(world->blocks, sizeof(world->blocks[0]), BLOCKS, file), BLOCKS);
	fclose(file);
	assert_int_equal(rename(aside, path), 0);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->dir, "/tmp/headrace-stats-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	world->blocks = calloc(BLOCKS, sizeof(world->blocks[0]));
	world->head = (struct abi_counters){
		.file = {.magic = ABI_MAGIC_COUNTERS,
			 .abi_version = ABI_VERSION,
			 .size = sizeof(world->head) + BLOCKS * sizeof(world->blocks[0]),
			 .instance = 1},
		.worker_count = 1,
		.block_count = BLOCKS,
		.block_offset = sizeof(world->head),
		.block_size = sizeof(world->blocks[0])};
	assert_int_equal(stats_open(world->dir, &world->stats), 0);
	*state = world;
	return 0;
}

static void baselines_path(const struct world *world, char path[96])
{
	snprintf(path, 96, "%s/baselines", world->dir);
}

/* As after a death of the control plane. */
static void restart(struct world *world)
{
	stats_close(world->stats);
	assert_int_equal(stats_open(world->dir, &world->stats), 0);
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/counters", world->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/status", world->dir);
	unlink(path);
	baselines_path(world, path);
	unlink(path);
	rmdir(world->dir);
	stats_close(world->stats);
	free(world->blocks);
	free(world);
	return 0;
}

static uint64_t packets_in(struct world *world, uint32_t index)
{
	struct abi_traffic traffic;

	stats_traffic(world->stats, STATS_BACKEND, index, &traffic);
	return traffic.packets_in;
}

static void no_dataplane_is_all_zero(void **state)
{
	struct world *world = *state;

	assert_int_equal(packets_in(world, 3), 0);
	assert_null(stats_status(world->stats));
	assert_false(stats_dataplane_lives(world->stats, NULL));
	assert_true(stats_flows_of_backend(world->stats, 3) == UINT64_MAX);
}

/* In the place of what is there, as a dataplane does it that starts. */
static void put_status(const struct world *world, uint64_t instance)
{
	struct abi_status *status = calloc(1, sizeof(*status));
	char path[96], aside[96];
	FILE *file;

	status->file = (struct abi_file){.magic = ABI_MAGIC_STATUS,
					 .abi_version = ABI_VERSION,
					 .size = sizeof(*status),
					 .instance = instance};
	snprintf(path, sizeof(path), "%s/status", world->dir);
	snprintf(aside, sizeof(aside), "%s/status.new", world->dir);
	file = fopen(aside, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(status, sizeof(*status), 1, file), 1);
	fclose(file);
	assert_int_equal(rename(aside, path), 0);
	free(status);
}

/* One dataplane takes another's place while an answer is made: what is held is of the first. */
static void a_status_stays_until_it_is_asked_for_again(void **state)
{
	struct world *world = *state;
	const struct abi_status *status;

	put_status(world, 1);
	status = stats_status(world->stats);
	assert_non_null(status);
	put_status(world, 2);
	assert_false(stats_dataplane_lives(world->stats, status));
	assert_int_equal(status->file.instance, 1);
	assert_int_equal(stats_status(world->stats)->file.instance, 2);
}

static void blocks_are_summed(void **state)
{
	struct world *world = *state;
	struct abi_counters_block *totals = malloc(sizeof(*totals));

	world->blocks[0].received = 5;
	world->blocks[1].received = 7;
	world->blocks[0].backends[3].packets_in = 100;
	world->blocks[1].backends[3].packets_in = 11;
	put_counters(world);
	stats_totals(world->stats, totals);
	assert_int_equal(totals->received, 12);
	assert_int_equal(packets_in(world, 3), 111);
	assert_int_equal(packets_in(world, 4), 0);
	assert_true(stats_worker(world->stats, 0, totals));
	assert_int_equal(totals->received, 5);
	assert_false(stats_worker(world->stats, 1, totals)); /* the main thread's block */
	assert_int_equal(totals->received, 0);
	assert_false(stats_worker(world->stats, UINT32_MAX, totals));
	free(totals);
}

static void times_of_a_worker_need_its_clock(void **state)
{
	struct world *world = *state;
	struct latency latency;

	assert_false(stats_latency(world->stats, 0, 2000, &latency)); /* no dataplane */
	world->blocks[0].latency[10] = 3;
	world->blocks[0].latency[63] = 4;
	world->blocks[0].latency_cycles = 5000;
	world->blocks[1].latency[10] = 100;
	put_counters(world);
	assert_true(stats_latency(world->stats, 0, 2000, &latency));
	assert_int_equal(latency.buckets[10], 3);
	assert_int_equal(latency_packets(&latency), 7);
	assert_int_equal(latency.cycles, 5000);
	assert_int_equal(latency.cycles_per_us, 2000);
	assert_false(stats_latency(world->stats, 0, 0, &latency)); /* it is starting */
	assert_int_equal(latency_packets(&latency), 0);
	assert_false(stats_latency(world->stats, 1, 2000, &latency)); /* the main thread's block */
}

static void another_object_of_the_index_begins_at_zero(void **state)
{
	struct world *world = *state;

	world->blocks[0].backends[3].packets_in = 100;
	put_counters(world);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xa);
	assert_int_equal(packets_in(world, 3), 100); /* counted for it before we looked */
	stats_assign(world->stats, STATS_BACKEND, 3, 0xb);
	assert_int_equal(packets_in(world, 3), 0);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xb);
	world->blocks[0].backends[3].packets_in = 130;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 30);

	/* a new dataplane began at 0 itself */
	world->head.file.instance = 2;
	world->blocks[0].backends[3].packets_in = 4;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 4);
}

/* Three flows of the one before end after the index was given away. */
static void flows_of_the_one_before_are_not_missing(void **state)
{
	struct world *world = *state;
	struct abi_traffic *counts = &world->blocks[0].backends[3], traffic;

	*counts = (struct abi_traffic){.flows_started = 10, .flows_ended = 7};
	put_counters(world);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xa);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xb);
	counts->flows_started += 4;
	put_counters(world);
	stats_traffic(world->stats, STATS_BACKEND, 3, &traffic);
	assert_int_equal(traffic.flows_started, 4);
	assert_int_equal(traffic.flows_ended, 0);
	counts->flows_ended += 3;
	put_counters(world);
	stats_traffic(world->stats, STATS_BACKEND, 3, &traffic);
	assert_int_equal(traffic.flows_started, 4);
	assert_int_equal(traffic.flows_ended, 0);
	counts->flows_ended += 1;
	put_counters(world);
	stats_traffic(world->stats, STATS_BACKEND, 3, &traffic);
	assert_int_equal(traffic.flows_ended, 1);
}

static void an_inherited_index_stays_at_zero_over_a_restart(void **state)
{
	struct world *world = *state;

	world->blocks[0].backends[3].packets_in = 100;
	world->blocks[0].backends[4].packets_in = 50;
	put_counters(world);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xa);
	stats_assign(world->stats, STATS_BACKEND, 4, 0xc);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xb);
	restart(world);
	stats_assign(world->stats, STATS_BACKEND, 3, 0xb);
	assert_int_equal(packets_in(world, 3), 0);
	/* One that left in the life before is known still when the index goes to another. */
	assert_int_equal(packets_in(world, 4), 50);
	stats_assign(world->stats, STATS_BACKEND, 4, 0xd);
	assert_int_equal(packets_in(world, 4), 0);
	world->blocks[0].backends[3].packets_in = 130;
	put_counters(world);
	restart(world);
	assert_int_equal(packets_in(world, 3), 30);
}

static void rubbish_in_place_of_the_baselines_is_none(void **state)
{
	struct world *world = *state;
	char path[96];
	FILE *file;

	world->blocks[0].backends[0].packets_in = 100;
	put_counters(world);
	baselines_path(world, path);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("rubbish ", file);
	fclose(file);
	restart(world);
	assert_int_equal(packets_in(world, 0), 100);
	stats_assign(world->stats, STATS_BACKEND, 0, 0xa);
	assert_int_equal(packets_in(world, 0), 100);
	stats_assign(world->stats, STATS_BACKEND, 0, 0xb);
	restart(world);
	assert_int_equal(packets_in(world, 0), 0);
}

static void lying_files_are_not_believed(void **state)
{
	struct world *world = *state;
	const struct abi_counters good = world->head;

	world->blocks[0].backends[3].packets_in = 100;
	world->head.block_count = 1000;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 0);
	world->head = good;
	world->head.block_offset = UINT64_MAX - 7;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 0);
	world->head = good;
	world->head.block_size = UINT64_MAX / 2 + 1;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 0);
	world->head = good;
	world->head.file.size = UINT64_MAX;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 0);
	world->head = good;
	world->head.file.abi_version += 2;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 0);
	world->head = good;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 100);
}

/* A dataplane of the next version, and one of the version before. */
static void neighbouring_versions_are_read(void **state)
{
	struct world *world = *state;

	world->blocks[0].backends[3].packets_in = 100;
	world->head.file.abi_version = ABI_VERSION_AFTER;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 100);
	world->head.file.abi_version = ABI_VERSION_BEFORE;
	put_counters(world);
	assert_int_equal(packets_in(world, 3), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_dataplane_is_all_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_status_stays_until_it_is_asked_for_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(blocks_are_summed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(times_of_a_worker_need_its_clock, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(another_object_of_the_index_begins_at_zero, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(flows_of_the_one_before_are_not_missing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_inherited_index_stays_at_zero_over_a_restart,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(rubbish_in_place_of_the_baselines_is_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lying_files_are_not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(neighbouring_versions_are_read, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
