/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/strays.h"

static uint64_t slot_count(uint64_t flows)
{
	uint64_t count = 64;

	while (count < 2 * flows)
		count *= 2;
	return count;
}

size_t strays_size(uint64_t flows)
{
	return slot_count(flows) * sizeof(uint64_t);
}

struct strays strays_new(void *memory, uint64_t flows)
{
	return (struct strays){.slots = memory, .mask = slot_count(flows) - 1};
}

void strays_add(struct strays *strays, uint64_t hash, uint32_t worker)
{
	uint64_t at = hash >> 6;

	/* A hash of nothing but its worker's bits would look empty: such a flow is lost. */
	if (hash >> 6 == 0)
		return;
	while (strays->slots[at & strays->mask] != 0 &&
	       strays->slots[at & strays->mask] >> 6 != hash >> 6)
		at++;
	strays->slots[at & strays->mask] = (hash & ~63ull) | worker;
	strays->count++;
}
