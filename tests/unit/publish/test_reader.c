/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The dataplane's reader and a real file under it: cut while it is open and
 * between two looks, replaced by what is no file, taken away.
 */
#include "dataplane/tables_reader.h"
#include "tests/unit/publish/world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct setting {
	struct world *world;
	struct tables_reader reader;
	uint64_t now_ms;
	char path[128], aside[128];
};

static int set_up(void **state)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	setting->world = world_open();
	world_fill(setting->world);
	setting->world->config.defaults.maglev_size = 101;
	snprintf(setting->path, sizeof(setting->path), "%s/tables", setting->world->run_dir);
	snprintf(setting->aside, sizeof(setting->aside), "%s/aside", setting->world->run_dir);
	tables_reader_open(&setting->reader, setting->world->run_dir);
	*state = setting;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	tables_reader_close(&setting->reader);
	unlink(setting->path);
	rmdir(setting->path);
	world_close(setting->world);
	free(setting);
	return 0;
}

/* The next look at the file's name is due. */
static bool has_news(struct setting *setting)
{
	setting->now_ms += 100;
	return tables_reader_has_news(&setting->reader, setting->now_ms);
}

static enum tables_outcome take(struct setting *setting)
{
	const struct tables_source source = tables_reader_source(&setting->reader);
	enum tables_outcome outcome = world_take_source(setting->world, &source);

	if (outcome != TABLES_TORN)
		tables_reader_settle(&setting->reader);
	return outcome;
}

static void assert_refused(struct setting *setting, const char *part)
{
	assert_true(has_news(setting));
	assert_int_equal(take(setting), TABLES_REFUSED);
	if (!strstr(setting->world->reason, part))
		fail_msg("\"%s\", not \"%s\"", setting->world->reason, part);
	assert_false(has_news(setting)); /* once is enough */
}

static void publish(struct setting *setting)
{
	setting->world->config.revision++;
	assert_int_equal(world_publish(setting->world), 1);
}

static void publish_and_take(struct setting *setting)
{
	publish(setting);
	assert_true(has_news(setting));
	assert_int_equal(take(setting), TABLES_TAKEN);
	assert_false(has_news(setting));
}

static void nothing_is_no_news_until_it_comes(void **state)
{
	struct setting *setting = *state;

	assert_true(has_news(setting)); /* the empty file of a writer that has begun */
	assert_int_equal(take(setting), TABLES_NONE);
	assert_false(has_news(setting));
	publish_and_take(setting);
	publish_and_take(setting);
	assert_int_equal(unlink(setting->path), 0);
	assert_false(has_news(setting));
	tables_reader_close(&setting->reader);
	assert_false(has_news(setting));
}

/* By its name it is looked for now and then, what it says is read each time. */
static void a_generation_is_seen_without_looking_for_the_file(void **state)
{
	struct setting *setting = *state;

	publish_and_take(setting);
	publish(setting);
	assert_true(tables_reader_has_news(&setting->reader, setting->now_ms));
}

static void a_file_cut_under_the_reader_is_refused(void **state)
{
	struct setting *setting = *state;

	for (off_t length = 0; length < 3 * 4096; length += length < 128 ? 8 : 509) {
		publish(setting);
		assert_int_equal(truncate(setting->path, length), 0);
		assert_refused(setting, length < ABI_TABLES_HEAP ? "cut short" : "bytes and says");
		/* The writer finds out as well, and begins again. */
		world_restart_publisher(setting->world);
		publish_and_take(setting);
	}
}

/* Behind has_news(): what is gone cannot be copied; what was left is whole or nothing. */
static void a_file_cut_before_it_is_copied_is_refused(void **state)
{
	struct setting *setting = *state;
	unsigned taken = 0;

	for (off_t length = 0; length < 3 * 4096; length += 777) {
		publish(setting);
		assert_true(has_news(setting));
		assert_int_equal(truncate(setting->path, length), 0);
		if (take(setting) == TABLES_TAKEN)
			taken++;
		else
			assert_non_null(strstr(setting->world->reason, "the file was cut short"));
		world_restart_publisher(setting->world);
		publish_and_take(setting);
	}
	assert_in_range(taken, 0, 12);
}

static void what_takes_its_place_is_looked_at(void **state)
{
	struct setting *setting = *state;
	int file;

	publish_and_take(setting);
	file = open(setting->aside, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(file, "short", 5), 5);
	close(file);
	assert_int_equal(rename(setting->aside, setting->path), 0);
	assert_refused(setting, "the file is cut short: 5 bytes");

	assert_int_equal(mkfifo(setting->aside, 0600), 0);
	assert_int_equal(rename(setting->aside, setting->path), 0);
	assert_refused(setting, "the file is cut short: 0 bytes");

	unlink(setting->path);
	assert_int_equal(mkdir(setting->path, 0700), 0);
	assert_true(has_news(setting));
	assert_int_equal(take(setting), TABLES_REFUSED);
}

static void the_same_generation_in_another_file_is_no_other(void **state)
{
	struct setting *setting = *state;
	uint8_t *bytes;
	size_t size;
	int file;

	publish_and_take(setting);
	bytes = world_read_file(setting->world, &size);
	file = open(setting->aside, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(file, bytes, size), size);
	close(file);
	free(bytes);
	assert_int_equal(rename(setting->aside, setting->path), 0);
	assert_true(has_news(setting));
	assert_int_equal(take(setting), TABLES_UNCHANGED);
	assert_false(has_news(setting));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_no_news_until_it_comes),
		TEST(a_generation_is_seen_without_looking_for_the_file),
		TEST(a_file_cut_under_the_reader_is_refused),
		TEST(a_file_cut_before_it_is_copied_is_refused),
		TEST(what_takes_its_place_is_looked_at),
		TEST(the_same_generation_in_another_file_is_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
