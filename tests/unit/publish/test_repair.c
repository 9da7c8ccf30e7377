/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A file that somebody took away, cut, or wrote into, under a publisher that lives. */
#include "dataplane/abi/hash.h"
#include "tests/unit/publish/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Holes in the indexes, so that one who begins anew would give others. */
static int set_up(void **state)
{
	struct world *world = world_open();

	world_fill(world);
	world->config.defaults.maglev_size = 101;
	world_step(world);
	memmove(&world->pools[0].backends[0], &world->pools[0].backends[1],
		2 * sizeof(world->pools[0].backends[0]));
	world->pools[0].backend_count--;
	world->input.now_ms += 1000;
	world_step(world);
	world->input.now_ms += 1000;
	world_step(world);
	assert_int_equal(world_index(world, &world->pools[0], 0), 1);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	world_close(*state);
	return 0;
}

static void path_of(const struct world *world, char path[128])
{
	snprintf(path, 128, "%s/tables", world->run_dir);
}

/* What readers must find after a repair: the next generation, and everything as it was. */
static void assert_repaired(struct world *world, const struct snapshot *before)
{
	uint64_t generation = world->generation;
	uint32_t epochs[2];
	uint8_t ring[4096];
	const struct abi_ring *now = before->rings[0];
	size_t length = sizeof(*now) + now->size * sizeof(now->slots[0]);

	assert_true(length <= sizeof(ring));
	memcpy(ring, now, length);
	for (uint32_t i = 0; i < 2; i++)
		epochs[i] = before->backends[i + 1]->epoch;
	assert_int_equal(world_publish(world), 1);
	assert_true(publisher_is_installed(world->publisher));
	assert_int_equal(world_take(world), TABLES_TAKEN);
	assert_int_equal(world->generation, generation + 1);
	assert_null(world->snapshot->backends[0]);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(world->snapshot->backends[i + 1]->epoch, epochs[i]);
	now = world->snapshot->rings[0];
	assert_memory_equal(now->slots, ring + sizeof(*now), length - sizeof(*now));

	assert_int_equal(world_publish(world), 0);
	world->pools[0].backends[0].weight++;
	world_step(world);
	world_restart_publisher(world);
	assert_true(publisher_adopted(world->publisher));
}

static void a_file_taken_away_is_put_back(void **state)
{
	struct world *world = *state;
	char path[128];

	path_of(world, path);
	assert_true(publisher_is_installed(world->publisher));
	assert_int_equal(remove(path), 0);
	assert_false(publisher_is_installed(world->publisher));
	assert_repaired(world, world->snapshot);
}

static void another_file_in_its_place_is_replaced(void **state)
{
	struct world *world = *state;
	char path[128], beside[136];
	FILE *file;

	path_of(world, path);
	snprintf(beside, sizeof(beside), "%s.other", path);
	file = fopen(beside, "w");
	assert_non_null(file);
	fputs("short", file);
	fclose(file);
	assert_int_equal(rename(beside, path), 0);
	assert_false(publisher_is_installed(world->publisher));
	assert_int_equal(world_take(world), TABLES_REFUSED);
	world->generation = world->snapshot->generation;
	assert_repaired(world, world->snapshot);
}

static void a_file_cut_in_its_place_is_replaced(void **state)
{
	struct world *world = *state;
	char path[128];

	path_of(world, path);
	assert_int_equal(truncate(path, 5000), 0);
	assert_false(publisher_is_installed(world->publisher));
	assert_repaired(world, world->snapshot);
}

/* Bytes written into every place in turn: what a reader refuses is gone after the repair. */
static void a_file_written_into_is_replaced_when_it_is_doubted(void **state)
{
	struct world *world = *state;
	char path[128];
	FILE *file;
	static const uint8_t noise[8192] = {1, 2, 3};

	path_of(world, path);
	file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, ABI_TABLES_HEAP, SEEK_SET), 0);
	assert_int_equal(fwrite(noise, sizeof(noise), 1, file), 1);
	fclose(file);
	assert_true(publisher_is_installed(world->publisher));
	publisher_doubt(world->publisher);
	assert_repaired(world, world->snapshot);
}

static void write_head(const struct world *world, long offset, const void *bytes, size_t length)
{
	char path[128];
	FILE *file;

	path_of(world, path);
	file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, length, 1, file), 1);
	fclose(file);
}

/* What a mistyped dd does to its first page: all of it, or a field that readers look at. */
static void a_head_written_over_is_noticed_and_replaced(void **state)
{
	struct world *world = *state;
	const long places[] = {
		0,
		offsetof(struct abi_tables, file.abi_version),
		offsetof(struct abi_tables, file.size),
		offsetof(struct abi_tables, file.instance),
		offsetof(struct abi_tables, published),
	};
	const uint8_t noise[ABI_TABLES_HEAP] = {0xe7, 0xe7};
	long root;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		write_head(world, places[i], noise, 2);
		assert_false(publisher_is_installed(world->publisher));
		assert_repaired(world, world->snapshot);
	}
	root = offsetof(struct abi_tables, roots) +
	       (long)(publisher_generation(world->publisher) % 2 * sizeof(struct abi_root));
	write_head(world, root, noise, 2);
	assert_false(publisher_is_installed(world->publisher));
	assert_repaired(world, world->snapshot);
	write_head(world, 0, noise, sizeof(noise));
	assert_false(publisher_is_installed(world->publisher));
	assert_repaired(world, world->snapshot);
}

/* What the repair saved is not lost when the file is too small for the generation that follows. */
static void what_was_saved_survives_growth(void **state)
{
	struct world *world = *state;
	char path[128];

	path_of(world, path);
	/* 18 rings of 2 MB, moved and then made anew, do not fit into the 64 MiB of the first file.
	 */
	for (unsigned i = 1; i < 18; i++) {
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		world_add_backend(world, world_add_pool(world, name), "x", "10.0.0.99",
				  (uint16_t)(1000 + i));
		world_add_service(world, name, "198.51.100.77", (uint16_t)(2000 + i), CONFIG_DNAT,
				  name);
	}
	world_step(world);
	world->config.defaults.maglev_size = 1048573;
	for (unsigned turn = 0; turn < 2; turn++) {
		assert_int_equal(remove(path), 0);
		for (unsigned i = 0; i < world->config.pool_count; i++)
			world->pools[i].backends[0].weight = 1 + turn + i;
		world_step(world);
		assert_int_equal(world_index(world, &world->pools[0], 0), 1);
		assert_int_equal(world->snapshot->rings[0]->size, 1048573);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_file_taken_away_is_put_back),
		TEST(another_file_in_its_place_is_replaced),
		TEST(a_file_cut_in_its_place_is_replaced),
		TEST(a_file_written_into_is_replaced_when_it_is_doubted),
		TEST(a_head_written_over_is_noticed_and_replaced),
		TEST(what_was_saved_survives_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
