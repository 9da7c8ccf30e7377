/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which parts of the file's heap are in use: one bit for each block of
 * ABI_CACHE_LINE bytes. Knows nothing of the file itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct heap {
	uint64_t *bits; /* 1: in use */
	uint64_t blocks;
	uint64_t lowest; /* no block below it is free */
};

/* For a file of `size` bytes; what lies before ABI_TABLES_HEAP is in use. 0, or -ENOMEM. */
int heap_init(struct heap *heap, uint64_t size);
void heap_free(struct heap *heap);

/* Offset of `length` bytes, the lowest that fits; 0: there is none. */
uint64_t heap_allocate(struct heap *heap, uint64_t length);
void heap_release(struct heap *heap, uint64_t offset, uint64_t length);
/* Takes a certain place; false when any of it is in use (then nothing is taken). */
bool heap_claim(struct heap *heap, uint64_t offset, uint64_t length);
