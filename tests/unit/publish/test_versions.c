/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Either daemon may be of the version before or after: what that means for
 * files, and what is refused. `file.h` states the rule.
 */
#include "tests/unit/publish/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct setting {
	struct world *world;
	struct image image;
};

static int set_up(void **state)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	setting->world = world_open_published();
	image_read(&setting->image, setting->world);
	*state = setting;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	image_free(&setting->image);
	world_close(setting->world);
	free(setting);
	return 0;
}

static void set_version(struct setting *setting, uint32_t version)
{
	((struct abi_file *)setting->image.bytes)->abi_version = version;
}

static enum tables_outcome take(struct setting *setting)
{
	setting->world->reason[0] = '\0';
	return world_take_bytes(setting->world, setting->image.bytes, setting->image.size);
}

static void neighbours_agree(void **state)
{
	(void)state;
	for (uint32_t program = 1; program < 10; program++) {
		for (uint32_t file = 0; file < 12; file++)
			assert_int_equal(abi_versions_agree(file, program),
					 file == program || file == program + 1 ||
						 (file != 0 && file + 1 == program));
		assert_false(abi_versions_agree(UINT32_MAX, program));
	}
}

/* As a newer writer may leave it: bytes used that are reserved here, kinds nobody here knows. */
static void write_as_newer(struct image *image)
{
	struct abi_root *root = image_root(image);
	struct abi_ref *refs = image_refs(image);
	struct abi_backend *backend =
		(void *)(image->bytes + image_ref(image, ABI_BACKEND, 1)->offset);
	struct abi_next_hop *hop =
		(void *)(image->bytes + image_ref(image, ABI_NEXT_HOP, 1)->offset);

	((struct abi_file *)image->bytes)->abi_version = ABI_VERSION + 1;
	memset(backend->reserved, 0xff, sizeof(backend->reserved));
	memset(hop->reserved, 0xff, sizeof(hop->reserved));
	/* The last two references, routes and host addresses, become something unheard of. */
	for (uint64_t i = root->directory_count - 2; i < root->directory_count; i++)
		refs[i] = (struct abi_ref){.kind = ABI_KIND_END + 3,
					   .index = (uint32_t)i,
					   .length = UINT64_MAX,
					   .offset = 12345};
	image_seal(image);
}

static void a_newer_writers_file_is_read(void **state)
{
	struct setting *setting = *state;

	write_as_newer(&setting->image);
	if (take(setting) != TABLES_TAKEN)
		fail_msg("refused: %s", setting->world->reason);
	assert_int_equal(setting->world->snapshot->backends[1]->port, 8080);
	assert_null(setting->world->snapshot->routes);
	assert_null(setting->world->snapshot->host_addresses);
	assert_non_null(setting->world->snapshot->local_pools[0]);
}

static void an_older_writers_file_is_read(void **state)
{
	struct setting *setting = *state;

	set_version(setting, ABI_VERSION_BEFORE);
	assert_int_equal(take(setting), TABLES_TAKEN);
}

static void versions_further_apart_are_refused_with_the_remedy(void **state)
{
	struct setting *setting = *state;
	char sentence[160];

	set_version(setting, ABI_VERSION + 2);
	assert_int_equal(take(setting), TABLES_REFUSED);
	snprintf(sentence, sizeof(sentence),
		 "ABI version %d, this dataplane reads %d to %d: the dataplane is too old, start "
		 "its "
		 "newer version",
		 ABI_VERSION + 2, ABI_VERSION_BEFORE, ABI_VERSION + 1);
	assert_string_equal(setting->world->reason, sentence);
	set_version(setting, ABI_VERSION_BEFORE - 1);
	assert_int_equal(take(setting), TABLES_REFUSED);
	assert_non_null(strstr(setting->world->reason, "the control plane is too old"));
}

static void restart_on(struct setting *setting)
{
	struct world *world = setting->world;

	publisher_close(world->publisher);
	image_install(&setting->image, world);
	assert_int_equal(publisher_open(world->run_dir, &world->publisher), 0);
}

static uint32_t version_of_live_file(const struct world *world)
{
	size_t size;
	uint8_t *bytes = world_read_file(world, &size);
	uint32_t version = ((const struct abi_file *)(const void *)bytes)->abi_version;

	free(bytes);
	return version;
}

/* A control plane goes on with its neighbours' file, and says that it is its own now. */
static void a_neighbours_file_is_adopted(void **state)
{
	struct setting *setting = *state;
	const uint32_t versions[] = {ABI_VERSION_BEFORE, ABI_VERSION, ABI_VERSION + 1};

	assert_int_equal(take(setting), TABLES_TAKEN);
	for (size_t i = 0; i < 3; i++) {
		set_version(setting, versions[i]);
		restart_on(setting);
		assert_true(publisher_adopted(setting->world->publisher));
		assert_int_equal(publisher_generation(setting->world->publisher), 1);
		assert_int_equal(version_of_live_file(setting->world), ABI_VERSION);
		assert_int_equal(world_publish(setting->world), 0);
		assert_int_equal(world_take(setting->world), TABLES_UNCHANGED);
	}
}

static void what_is_not_understood_is_not_adopted(void **state)
{
	struct setting *setting = *state;

	set_version(setting, ABI_VERSION + 2);
	restart_on(setting);
	assert_false(publisher_adopted(setting->world->publisher));
	world_step(setting->world);
	image_restore(&setting->image);
	write_as_newer(&setting->image);
	restart_on(setting);
	assert_false(publisher_adopted(setting->world->publisher));
	world_step(setting->world);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_agree),
		TEST(a_newer_writers_file_is_read),
		TEST(an_older_writers_file_is_read),
		TEST(versions_further_apart_are_refused_with_the_remedy),
		TEST(a_neighbours_file_is_adopted),
		TEST(what_is_not_understood_is_not_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
