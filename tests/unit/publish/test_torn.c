/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A writer that does not wait for its reader: overtaken copies, larger files, a crash in between.
 */
#include "controlplane/publish/identity.h"
#include "tests/unit/publish/world.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BACKENDS 40
#define ROUNDS   2000 /* generations at least, while the reader takes */

/* Every generation says one number in many places: its revision is the weight of each backend. */
static void say(struct world *world, uint32_t number)
{
	world->config.revision = number;
	for (size_t i = 0; i < world->pools[0].backend_count; i++)
		world->pools[0].backends[i].weight = number % 1000 + 1;
}

static void assert_one_generation(const struct snapshot *snapshot)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < snapshot->backend_count; i++) {
		const struct abi_backend *backend = snapshot->backends[i];

		if (!backend)
			continue;
		assert_int_equal(backend->weight, snapshot->revision % 1000 + 1);
		found++;
	}
	assert_int_equal(found, BACKENDS);
}

static int set_up(void **state)
{
	struct world *world = world_open();
	struct config_pool *pool = world_add_pool(world, "web");

	world->config.defaults.maglev_size = 101;
	for (unsigned i = 0; i < BACKENDS; i++) {
		char name[16], address[32];

		snprintf(name, sizeof(name), "b%u", i);
		snprintf(address, sizeof(address), "10.0.1.%u", i + 1);
		world_add_backend(world, pool, name, address, 80);
	}
	world_add_service(world, "web", "198.51.100.10", 80, CONFIG_DNAT, "web");
	say(world, 1);
	assert_int_equal(world_publish(world), 1);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	world_close(*state);
	return 0;
}

static void publish_once(struct world *world)
{
	say(world, (uint32_t)world->config.revision + 1);
	assert_int_equal(world_publish(world), 1);
}

/* At the nth allocation of a take the writer publishes so many generations. */
static size_t countdown, generations;

static void overtake(struct world *world)
{
	if (countdown == 0 || --countdown > 0)
		return;
	for (size_t i = 0; i < generations; i++)
		publish_once(world);
}

static void a_copy_overtaken_anywhere_is_torn_or_whole(void **state)
{
	struct world *world = *state;
	unsigned torn = 0, taken = 0;

	world->meanwhile = overtake;
	for (size_t at = 1; at < BACKENDS + 10; at++) {
		for (generations = 1; generations <= 4; generations++) {
			enum tables_outcome outcome;

			countdown = 0;
			publish_once(world);
			countdown = at;
			outcome = world_take(world);
			countdown = 0;
			torn += outcome == TABLES_TORN;
			taken += outcome == TABLES_TAKEN;
			assert_true(outcome == TABLES_TORN || outcome == TABLES_TAKEN);
			/* Two generations more never disturb: the last two stay whole. */
			if (generations <= 2)
				assert_int_equal(outcome, TABLES_TAKEN);
			if (outcome == TABLES_TAKEN)
				assert_one_generation(world->snapshot);
			assert_true(world_take(world) != TABLES_TORN);
			assert_one_generation(world->snapshot);
		}
	}
	print_message("torn %u, taken %u\n", torn, taken);
	assert_true(torn > 20);
}

static void overtake_twice_with_a_restart_between(struct world *world)
{
	if (countdown == 0 || --countdown > 0)
		return;
	publish_once(world);
	world_restart_publisher(world);
	publish_once(world);
}

static void an_adopted_file_keeps_the_last_two_whole(void **state)
{
	struct world *world = *state;

	world->meanwhile = overtake_twice_with_a_restart_between;
	for (size_t at = 1; at < BACKENDS + 5; at++) {
		countdown = 0;
		/* Places go round in threes: so that it begins at each of them. */
		for (size_t i = 0; i <= at % 2; i++)
			publish_once(world);
		countdown = at;
		assert_int_equal(world_take(world), TABLES_TAKEN);
		assert_one_generation(world->snapshot);
	}
}

struct writer {
	struct world *world;
	bool stop;
	unsigned published;
};

static void *write_on(void *argument)
{
	struct writer *writer = argument;

	while (!__atomic_load_n(&writer->stop, __ATOMIC_RELAXED)) {
		say(writer->world, (uint32_t)writer->world->config.revision + 1);
		if (world_publish(writer->world) != 1)
			abort();
		__atomic_fetch_add(&writer->published, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static const void *map_live(const struct world *world, size_t *size)
{
	char path[128];
	struct stat status;
	const void *bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/tables", world->run_dir);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	return bytes;
}

static void a_writer_as_fast_as_it_can_never_shows_a_mixture(void **state)
{
	struct world *world = *state;
	struct writer writer = {.world = world};
	unsigned outcomes[5] = {0};
	pthread_t thread;
	size_t size;
	const void *bytes = map_live(world, &size);

	assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
	while (__atomic_load_n(&writer.published, __ATOMIC_RELAXED) < ROUNDS) {
		enum tables_outcome outcome = world_take_bytes(world, bytes, size);

		outcomes[outcome]++;
		if (outcome == TABLES_REFUSED)
			print_message("refused: %s\n", world->reason);
		if (outcome == TABLES_TAKEN)
			assert_one_generation(world->snapshot);
	}
	__atomic_store_n(&writer.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	munmap((void *)(uintptr_t)bytes, size);
	print_message("published %u; taken %u, unchanged %u, torn %u\n", writer.published,
		      outcomes[TABLES_TAKEN], outcomes[TABLES_UNCHANGED], outcomes[TABLES_TORN]);
	assert_int_equal(outcomes[TABLES_REFUSED], 0);
	assert_true(outcomes[TABLES_TAKEN] > 0);
}

/* Killed while it wrote: the last generation published is what the next one finds. */
static void a_half_written_generation_is_as_if_it_had_not_been(void **state)
{
	struct world *world = *state;
	struct abi_tables *tables;
	uint8_t *bytes;
	size_t size;

	publish_once(world);
	bytes = world_read_file(world, &size);
	tables = (void *)bytes;
	memset(&tables->roots[(tables->published + 1) % 2], 0x5a, sizeof(tables->roots[0]));
	publisher_close(world->publisher);
	world_write_file(world, bytes, size);
	free(bytes);
	assert_int_equal(publisher_open(world->run_dir, &world->publisher), 0);
	assert_true(publisher_adopted(world->publisher));
	assert_int_equal(publisher_generation(world->publisher), 2);
	assert_int_equal(world_take(world), TABLES_TAKEN);
	assert_one_generation(world->snapshot);
	/* And it goes on for many rounds in the same file. */
	for (unsigned i = 0; i < 200; i++) {
		publish_once(world);
		assert_int_equal(world_take(world), TABLES_TAKEN);
		assert_one_generation(world->snapshot);
	}
}

/* Rings of the largest size in many pools: more than the first file holds. */
static void a_full_heap_becomes_a_larger_file(void **state)
{
	struct world *world = *state;
	const struct abi_ring *ring;
	const void *old;
	size_t size, larger;

	say(world, 1);
	assert_int_equal(world_take(world), TABLES_TAKEN);
	old = map_live(world, &size);
	world->config.defaults.maglev_size = 1048573;
	for (unsigned i = 1; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%u", i);
		world_add_backend(world, world_add_pool(world, name), "x", "10.0.0.9", 80);
		world_add_service(world, name, "198.51.100.11", (uint16_t)i, CONFIG_DNAT, name);
	}
	for (uint32_t round = 1; round < 5; round++) {
		for (unsigned i = 1; i < 12; i++)
			world->pools[i].backends[0].weight = round;
		world->config.revision = round + 1;
		world_step(world);
	}
	munmap((void *)(uintptr_t)old, size);
	old = map_live(world, &larger);
	munmap((void *)(uintptr_t)old, larger);
	ring = world->snapshot->rings[1];
	assert_non_null(ring);
	assert_int_equal(ring->size, 1048573);
	assert_true(larger > size);
	print_message("the file grew from %zu to %zu MiB\n", size >> 20, larger >> 20);
	world_restart_publisher(world);
	assert_true(publisher_adopted(world->publisher));
	assert_int_equal(world_publish(world), 0);
	assert_int_equal(world_take(world), TABLES_UNCHANGED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_copy_overtaken_anywhere_is_torn_or_whole),
		TEST(an_adopted_file_keeps_the_last_two_whole),
		TEST(a_writer_as_fast_as_it_can_never_shows_a_mixture),
		TEST(a_half_written_generation_is_as_if_it_had_not_been),
		TEST(a_full_heap_becomes_a_larger_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
