/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Flows whose two directions have different owners. A local port is drawn so that
 * both have one, but under the key and the number of workers of that time: flows that
 * were taken over from a dataplane with others do not fit any more. The client's owner has
 * them; that of the replies, which finds no flow of its own, looks here where they are.
 *
 * Made when flows are taken over, and read-only from then on: for all workers. What is
 * here of a flow that has ended does no harm: its place is not drawn for another one.
 *
 * A table of hashes of the replies' tuples, open-addressed, at most half full.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STRAYS_NONE UINT32_MAX

struct strays {
	uint64_t *slots; /* hash, whose lowest 6 bits are the worker's number; 0: empty */
	uint64_t mask;
	uint64_t count;
};

/* Bytes of the slots for so many flows. */
size_t strays_size(uint64_t flows);

/* Lays an empty table out in strays_size(flows) bytes of zeroed memory. */
struct strays strays_new(void *memory, uint64_t flows);

/* Notes that `worker` (below 64) has the flow whose replies have such a hash. */
void strays_add(struct strays *strays, uint64_t hash, uint32_t worker);

/* The worker that has the flow, or STRAYS_NONE. */
static inline uint32_t strays_find(const struct strays *strays, uint64_t hash)
{
	for (uint64_t at = hash >> 6;; at++) {
		uint64_t slot = strays->slots[at & strays->mask];

		if (slot == 0)
			return STRAYS_NONE;
		if (slot >> 6 == hash >> 6)
			return slot & 63;
	}
}
