/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/ranges.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct abi_range range_of(const struct config_prefix *prefix)
{
	struct address first = address_first_of(&prefix->address, prefix->length);
	struct address last = address_last_of(&prefix->address, prefix->length);
	struct abi_range range;

	memcpy(range.first, first.bytes, sizeof(range.first));
	memcpy(range.last, last.bytes, sizeof(range.last));
	return range;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct abi_range *a = left, *b = right;

	return memcmp(a->first, b->first, sizeof(a->first));
}

/* The address behind the last of a range, in `next`; false: there is none. */
static bool step_behind(const struct abi_range *range, uint8_t next[16])
{
	memcpy(next, range->last, 16);
	for (int i = 15; i >= 0; i--)
		if (++next[i] != 0)
			return true;
	return false;
}

/* True when `range`, which begins no earlier, begins inside `before` or right behind it. */
static bool touches(const struct abi_range *before, const struct abi_range *range)
{
	uint8_t next[16];

	return !step_behind(before, next) || memcmp(range->first, next, sizeof(next)) <= 0;
}

size_t ranges_of_prefixes(const struct config_prefix *prefixes, size_t count, struct abi_range *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		out[i] = range_of(&prefixes[i]);
	if (count > 0)
		qsort(out, count, sizeof(*out), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		struct abi_range *before = &out[kept - (kept > 0)];

		if (kept == 0 || !touches(before, &out[i]))
			out[kept++] = out[i];
		else if (memcmp(before->last, out[i].last, sizeof(before->last)) < 0)
			memcpy(before->last, out[i].last, sizeof(before->last));
	}
	return kept;
}
