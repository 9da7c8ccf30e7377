/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/publish/image.h"

#include "dataplane/abi/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct abi_root *image_root(const struct image *image)
{
	struct abi_tables *tables = (void *)image->bytes;

	return &tables->roots[tables->published % 2];
}

struct abi_ref *image_refs(const struct image *image)
{
	return (void *)(image->bytes + image_root(image)->directory_offset);
}

struct abi_ref *image_ref(const struct image *image, uint32_t kind, uint32_t index)
{
	struct abi_ref *refs = image_refs(image);

	for (uint64_t i = 0; i < image_root(image)->directory_count; i++)
		if (refs[i].kind == kind && refs[i].index == index)
			return &refs[i];
	fail_msg("no object %u %u", kind, index);
	return NULL;
}

static bool in_image(const struct image *image, uint64_t offset, uint64_t length)
{
	return offset % 8 == 0 && offset <= image->size && length <= image->size - offset;
}

void image_seal(const struct image *image)
{
	struct abi_root *root = image_root(image);
	uint64_t count = root->directory_count;

	if (count < 100 &&
	    in_image(image, root->directory_offset, count * sizeof(struct abi_ref))) {
		struct abi_ref *refs = image_refs(image);

		for (uint64_t i = 0; i < count; i++)
			if (in_image(image, refs[i].offset, refs[i].length))
				refs[i].checksum =
					abi_checksum(image->bytes + refs[i].offset, refs[i].length);
		root->directory_checksum = abi_checksum(refs, count * sizeof(*refs));
	}
	root->checksum = abi_checksum(root, offsetof(struct abi_root, checksum));
}

static uint64_t end_of(const struct image *image)
{
	const struct abi_root *root = image_root(image);
	uint64_t end = root->directory_offset + root->directory_count * sizeof(struct abi_ref);

	for (uint64_t i = 0; i < root->directory_count; i++) {
		const struct abi_ref *ref = &image_refs(image)[i];

		if (ref->offset + ref->length > end)
			end = ref->offset + ref->length;
	}
	return end;
}

void image_read(struct image *image, const struct world *world)
{
	image->bytes = world_read_file(world, &image->size);
	image->size = end_of(image);
	image->bytes = realloc(image->bytes, image->size);
	assert_non_null(image->bytes);
	((struct abi_file *)image->bytes)->size = image->size;
	image->original = malloc(image->size);
	assert_non_null(image->original);
	memcpy(image->original, image->bytes, image->size);
}

void image_free(struct image *image)
{
	free(image->bytes);
	free(image->original);
}

void image_install(const struct image *image, const struct world *world)
{
	const uint64_t size = 1u << 20;
	char path[128];

	((struct abi_file *)image->bytes)->size = size;
	world_write_file(world, image->bytes, image->size);
	snprintf(path, sizeof(path), "%s/tables", world->run_dir);
	assert_int_equal(truncate(path, size), 0);
}

void image_restore(const struct image *image)
{
	memcpy(image->bytes, image->original, image->size);
}
