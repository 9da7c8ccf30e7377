/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Where the API listens, and what is there already. */
#include "controlplane/api/listener.h"

#include "tests/unit/controlplane/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	char directory[32], path[64], where[80];
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->directory, sizeof(world->directory), "/tmp/headrace-listen-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/socket", world->directory);
	snprintf(world->where, sizeof(world->where), "unix:%s", world->path);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	unlink(world->path);
	rmdir(world->directory);
	free(world);
	return 0;
}

static void a_socket_that_a_killed_process_left_is_replaced(void **state)
{
	const struct world *world = *state;
	int descriptor = listener_open(world->where);
	struct stat info;

	assert_true(descriptor >= 0);
	close(descriptor);
	descriptor = listener_open(world->where);
	assert_true(descriptor >= 0);
	assert_int_equal(stat(world->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0660);
	close(descriptor);
}

static void a_socket_on_which_somebody_answers_is_not(void **state)
{
	const struct world *world = *state;
	int descriptor = listener_open(world->where);

	assert_true(descriptor >= 0);
	assert_int_equal(listener_open(world->where), -EADDRINUSE);
	close(descriptor);
}

/* Nobody answers there either. */
static void a_file_that_is_no_socket_stays(void **state)
{
	const struct world *world = *state;
	FILE *file = fopen(world->path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(listener_open(world->where), -EADDRINUSE);
	assert_int_equal(access(world->path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_socket_that_a_killed_process_left_is_replaced,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_socket_on_which_somebody_answers_is_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_socket_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
