/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The `tables` file itself: mapped for writing, with its heap. Places handed
 * back are used again only two generations later, so that the last two can
 * always be read whole.
 */
#pragma once

#include "controlplane/publish/heap.h"
#include "dataplane/abi/tables.h"

#include <stddef.h>

/* A list of places in the heap. */
struct places {
	struct place {
		uint64_t offset, length;
	} * items;
	size_t count, capacity;
};

struct tables_file {
	int fd; /* -1: not open */
	uint8_t *bytes;
	uint64_t size;
	uint64_t backed; /* the filesystem has given room up to here */
	struct heap heap;
	struct places retired;        /* by the last generation */
	struct places retired_before; /* by the one before */
};

/* Makes an empty file beside the live one; 0 or -errno. */
int tables_file_create(struct tables_file *file, int directory, uint64_t size, uint64_t instance);
/* Renames it into place. */
int tables_file_install(int directory);
/* Closes one that was not installed, and removes it. */
void tables_file_discard(struct tables_file *file, int directory);
/* Opens the live one; -ENOENT, or -EINVAL when it is not a tables file of an ABI version we read.
 */
int tables_file_open(struct tables_file *file, int directory);
void tables_file_close(struct tables_file *file);

/*
 * Room in the heap for bytes that are to be written there. -ENOBUFS: the heap is full, a larger
 * file is needed; -ENOSPC: the filesystem is.
 */
int tables_file_reserve(struct tables_file *file, uint64_t length, uint64_t *offset);
/* The same, and puts them there. */
int tables_file_place(struct tables_file *file, const void *bytes, uint64_t length,
		      uint64_t *offset);

/* A place that only the generation being replaced refers to. First make room for `count` of them.
 */
int tables_file_reserve_retired(struct tables_file *file, size_t count);
void tables_file_retire(struct tables_file *file, uint64_t offset, uint64_t length);
/* Call when a generation is published: what the one before it retired is free. */
void tables_file_turn(struct tables_file *file);

static inline struct abi_tables *tables_of(const struct tables_file *file)
{
	return (struct abi_tables *)(void *)file->bytes;
}
