/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/ring_share.h"

#include <stdlib.h>
#include <string.h>

/* Both rings' slots name a backend by its position in this order: by address, then port. */
static int by_endpoint(const void *left, const void *right)
{
	const struct maglev_member *a = left, *b = right;
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order != 0 ? order : (int)a->port - (int)b->port;
}

/* Gives equal endpoints of both the same slot value; returns how many values there are. */
static size_t number_members(struct ring_share *before, struct ring_share *after)
{
	size_t i = 0, j = 0;
	uint16_t value = 0;

	qsort(before->members, before->count, sizeof(*before->members), by_endpoint);
	qsort(after->members, after->count, sizeof(*after->members), by_endpoint);
	while (i < before->count || j < after->count) {
		int order = i == before->count ? 1
			    : j == after->count
				    ? -1
				    : by_endpoint(&before->members[i], &after->members[j]);

		if (order <= 0)
			before->members[i++].slot_value = value;
		if (order >= 0)
			after->members[j++].slot_value = value;
		value++;
	}
	return value;
}

/*
 * A slot is a range of hashes, slot i of n the one from i/n to (i + 1)/n: counted
 * in parts of 1/(size of one * size of the other), so that sizes may differ.
 */
static double moved_share(const uint16_t *before, uint64_t before_size, const uint16_t *after,
			  uint64_t after_size)
{
	uint64_t i = 0, j = 0, at = 0, moved = 0;

	while (i < before_size && j < after_size) {
		uint64_t before_end = (i + 1) * after_size, after_end = (j + 1) * before_size;
		uint64_t end = before_end < after_end ? before_end : after_end;

		if (before[i] != after[j])
			moved += end - at;
		at = end;
		i += before_end == end;
		j += after_end == end;
	}
	return (double)moved / (double)(before_size * after_size);
}

/* Two independent draws: they are the same when both fall on the same backend. */
static double redrawn_share(const uint16_t *before, uint32_t before_size, const uint16_t *after,
			    uint32_t after_size, size_t values)
{
	uint32_t *counts = calloc(2 * values, sizeof(*counts));
	double same = 0.0;

	if (counts == NULL)
		return -1.0;
	for (uint32_t i = 0; i < before_size; i++)
		counts[before[i]]++;
	for (uint32_t i = 0; i < after_size; i++)
		counts[values + after[i]]++;
	for (size_t i = 0; i < values; i++)
		same += (double)counts[i] / before_size * counts[values + i] / after_size;
	free(counts);
	return same < 1.0 ? 1.0 - same : 0.0;
}

double ring_share(struct ring_share *before, struct ring_share *after, bool rehashed)
{
	struct maglev_sizes sizes = {0};
	uint16_t *rings;
	double share = -1.0;

	if (before->count == 0 || after->count == 0)
		return before->count == after->count ? 0.0 : 1.0;
	rings = calloc((size_t)before->size + after->size, sizeof(*rings));

	size_t values = number_members(before, after);

	if (rings != NULL &&
	    maglev_build(&sizes, before->members, before->count, rings, before->size) == 0 &&
	    maglev_build(&sizes, after->members, after->count, rings + before->size, after->size) ==
		    0)
		share = rehashed ? redrawn_share(rings, before->size, rings + before->size,
						 after->size, values)
				 : moved_share(rings, before->size, rings + before->size,
					       after->size);
	maglev_forget(&sizes);
	free(rings);
	return share;
}
