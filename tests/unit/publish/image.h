/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A `tables` file in memory that ends behind its last object, to be spoiled:
 * its parts, its sums made right again, and its first state.
 */
#pragma once

#include "tests/unit/publish/world.h"

struct image {
	uint8_t *bytes;
	size_t size;
	uint8_t *original;
};

/* A copy of the world's live file. */
void image_read(struct image *image, const struct world *world);
void image_free(struct image *image);

struct abi_root *image_root(const struct image *image);
struct abi_ref *image_refs(const struct image *image);
/* Fails when there is no such object. */
struct abi_ref *image_ref(const struct image *image, uint32_t kind, uint32_t index);

/* Makes every sum right again, where what it is about lies in the file at all. */
void image_seal(const struct image *image);
/* Makes it the live file, of a size as the control plane makes them. */
void image_install(const struct image *image, const struct world *world);
/* Takes back all that was done to it. */
void image_restore(const struct image *image);
