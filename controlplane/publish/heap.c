/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/heap.h"

#include "dataplane/abi/tables.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t blocks_of(uint64_t length)
{
	uint64_t blocks = (length + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE;

	return blocks > 0 ? blocks : 1;
}

static bool in_use(const struct heap *heap, uint64_t block)
{
	return heap->bits[block / 64] >> (block % 64) & 1;
}

static void mark(struct heap *heap, uint64_t first, uint64_t count, bool used)
{
	for (uint64_t block = first; block < first + count; block++) {
		uint64_t bit = 1ull << (block % 64);

		if (used)
			heap->bits[block / 64] |= bit;
		else
			heap->bits[block / 64] &= ~bit;
	}
}

int heap_init(struct heap *heap, uint64_t size)
{
	*heap = (struct heap){.blocks = size / ABI_CACHE_LINE};
	heap->bits = calloc(heap->blocks / 64 + 1, sizeof(*heap->bits));
	if (!heap->bits)
		return -ENOMEM;
	heap->lowest = ABI_TABLES_HEAP / ABI_CACHE_LINE;
	mark(heap, 0, heap->lowest, true);
	return 0;
}

void heap_free(struct heap *heap)
{
	free(heap->bits);
	*heap = (struct heap){0};
}

/* The first block from `block` on that is free; heap->blocks: none. */
static uint64_t next_free(const struct heap *heap, uint64_t block)
{
	while (block < heap->blocks && in_use(heap, block)) {
		if (block % 64 == 0 && heap->bits[block / 64] == UINT64_MAX)
			block += 64;
		else
			block++;
	}
	return block < heap->blocks ? block : heap->blocks;
}

/* How many blocks are free from `block` on, up to `wanted`. */
static uint64_t run_length(const struct heap *heap, uint64_t block, uint64_t wanted)
{
	uint64_t run = 0;

	while (run < wanted && block + run < heap->blocks && !in_use(heap, block + run))
		run++;
	return run;
}

uint64_t heap_allocate(struct heap *heap, uint64_t length)
{
	uint64_t wanted = blocks_of(length);
	uint64_t block = next_free(heap, heap->lowest);

	heap->lowest = block;
	while (block + wanted <= heap->blocks) {
		uint64_t run = run_length(heap, block, wanted);

		if (run == wanted) {
			mark(heap, block, wanted, true);
			if (block == heap->lowest)
				heap->lowest += wanted;
			return block * ABI_CACHE_LINE;
		}
		block = next_free(heap, block + run);
	}
	return 0;
}

void heap_release(struct heap *heap, uint64_t offset, uint64_t length)
{
	uint64_t block = offset / ABI_CACHE_LINE;

	mark(heap, block, blocks_of(length), false);
	if (block < heap->lowest)
		heap->lowest = block;
}

bool heap_claim(struct heap *heap, uint64_t offset, uint64_t length)
{
	uint64_t block = offset / ABI_CACHE_LINE, wanted = blocks_of(length);

	if (block + wanted > heap->blocks || run_length(heap, block, wanted) != wanted)
		return false;
	mark(heap, block, wanted, true);
	return true;
}
