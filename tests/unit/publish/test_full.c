/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A run directory with no room left: an error with a name, never a SIGBUS. Needs root, for a mount.
 */
#include "tests/unit/publish/world.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

static bool mount_small(const char *directory)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", directory, "tmpfs", 0, "size=2m") == 0;
}

static void a_full_filesystem_is_an_error_and_passes(void **state)
{
	struct world *world = world_open();

	(void)state;
	world_fill(world);
	if (!mount_small(world->run_dir)) {
		world_close(world);
		skip();
	}
	world_restart_publisher(world);
	world_step(world);
	world->config.defaults.maglev_size = 1048573; /* 2 MiB of slots */
	assert_int_equal(world_publish(world), -ENOSPC);
	assert_string_equal(publisher_reason(world->publisher),
			    "writing tables: No space left on device");
	assert_int_equal(world_take(world), TABLES_UNCHANGED);

	/* What was written of it has been given back. */
	world->config.defaults.maglev_size = 65537;
	for (uint32_t i = 0; i < 50; i++) {
		world->pools[0].backends[0].weight = 200 + i;
		world_step(world);
	}
	publisher_close(world->publisher);
	world->publisher = NULL;
	assert_int_equal(umount2(world->run_dir, MNT_DETACH), 0);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_filesystem_is_an_error_and_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
