/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Saving a file: what is there afterwards, whose it is, and what a failure leaves. */
#include "config/save.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
	char path[64], file[96], beside[96];
};

static int set_up(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/headrace-save-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->file, sizeof(folder->file), "%s/c.json", folder->path);
	snprintf(folder->beside, sizeof(folder->beside), "%s/c.json.new", folder->path);
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	unlink(folder->beside);
	rmdir(folder->beside);
	assert_int_equal(rmdir(folder->path), 0);
	free(folder);
	return 0;
}

static void assert_holds(const char *path, const char *text)
{
	char read[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	read[fread(read, 1, sizeof(read) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(read, text);
}

/* Whatever there is may go. */
static int save(const char *path, const char *text)
{
	struct save_identity saved;

	return save_file(path, text, strlen(text), NULL, &saved);
}

static void a_new_file_is_not_for_everybody(void **state)
{
	struct folder *folder = *state;
	struct stat status;

	assert_int_equal(save(folder->file, "one"), 0);
	assert_holds(folder->file, "one");
	assert_int_equal(stat(folder->file, &status), 0);
	assert_int_equal(status.st_mode & 07007, 0);
	assert_int_equal(access(folder->beside, F_OK), -1);
}

static void mode_and_symbolic_link_stay(void **state)
{
	struct folder *folder = *state;
	struct stat status;
	char link[96];

	assert_int_equal(save(folder->file, "one"), 0);
	assert_int_equal(chmod(folder->file, 0604), 0);
	snprintf(link, sizeof(link), "%s/link", folder->path);
	assert_int_equal(symlink("c.json", link), 0);
	assert_int_equal(save(link, "two"), 0);
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_holds(folder->file, "two");
	assert_int_equal(stat(folder->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	unlink(link);
}

static void what_a_killed_writer_left_is_no_obstacle(void **state)
{
	struct folder *folder = *state;

	close(open(folder->beside, O_CREAT | O_WRONLY, 0666));
	assert_int_equal(save(folder->file, "one"), 0);
	assert_holds(folder->file, "one");
	assert_int_equal(access(folder->beside, F_OK), -1);
}

static void a_failure_leaves_what_there_was(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(save(folder->file, "one"), 0);
	assert_int_equal(mkdir(folder->beside, 0700), 0);
	assert_true(save(folder->file, "two") < 0);
	assert_holds(folder->file, "one");
	assert_int_equal(save("/nowhere/c.json", "two"), -ENOENT);
}

static void every_save_is_another_content(void **state)
{
	struct folder *folder = *state;
	struct save_identity one, same, two;

	assert_int_equal(save_identify(folder->file, &one), -ENOENT);
	assert_int_equal(save(folder->file, "one"), 0);
	assert_int_equal(save_identify(folder->file, &one), 0);
	assert_int_equal(save_identify(folder->file, &same), 0);
	assert_true(save_is_same(&one, &same));
	assert_int_equal(save(folder->file, "two"), 0);
	assert_int_equal(save_identify(folder->file, &two), 0);
	assert_false(save_is_same(&one, &two));
}

static void an_edit_that_nobody_read_stays(void **state)
{
	struct folder *folder = *state;
	struct save_identity one, two, now;

	assert_int_equal(save_file(folder->file, "one", 3, NULL, &one), 0);
	assert_int_equal(save_file(folder->file, "two", 3, &one, &two), 0);
	assert_int_equal(save_identify(folder->file, &now), 0);
	assert_true(save_is_same(&two, &now));
	assert_int_equal(save_file(folder->file, "six", 3, &one, &now), -ECANCELED);
	assert_holds(folder->file, "two");
	assert_int_equal(access(folder->beside, F_OK), -1);
	assert_true(save_is_same(&two, &now));
	assert_int_equal(unlink(folder->file), 0);
	assert_int_equal(save_file(folder->file, "six", 3, &two, &now), 0);
	assert_holds(folder->file, "six");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_not_for_everybody),
		TEST(mode_and_symbolic_link_stay),
		TEST(what_a_killed_writer_left_is_no_obstacle),
		TEST(a_failure_leaves_what_there_was),
		TEST(every_save_is_another_content),
		TEST(an_edit_that_nobody_read_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
