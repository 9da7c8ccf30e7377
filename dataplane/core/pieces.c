/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/pieces.h"

#include "dataplane/abi/verdicts.h"

static bool has(const uint64_t *bits, uint32_t eight)
{
	return bits[eight / 64] >> eight % 64 & 1;
}

static void set(uint64_t *bits, uint32_t eight)
{
	bits[eight / 64] |= 1ull << eight % 64;
}

/* How many of them are there already. */
static uint32_t count_there(const struct pieces *pieces, const struct fragment *fragment)
{
	uint32_t count = 0;

	for (uint32_t i = fragment->begin; i < fragment->end; i++)
		count += has(pieces->bits, i);
	return count;
}

/* Of what is all there: that one fragment brought it, and no more. */
static bool was_one(const struct pieces *pieces, const struct fragment *fragment)
{
	if (!has(pieces->begins, fragment->begin))
		return false;
	for (uint32_t i = fragment->begin + 1u; i < fragment->end; i++)
		if (has(pieces->begins, i))
			return false;
	if (fragment->end == pieces->end)
		return fragment->is_last && fragment->odd == pieces->odd;
	return !fragment->is_last &&
	       (!has(pieces->bits, fragment->end) || has(pieces->begins, fragment->end));
}

/* Whether the end that was told before and this fragment cannot both be true. */
static bool contradicts(const struct pieces *pieces, const struct fragment *fragment)
{
	if (pieces->end != 0)
		return fragment->is_last || fragment->end > pieces->end;
	if (!fragment->is_last)
		return false;
	for (uint32_t i = fragment->end; i < PIECES_EIGHTS; i++)
		if (has(pieces->bits, i))
			return true;
	return false;
}

bool pieces_have(const struct pieces *pieces, const struct fragment *fragment)
{
	uint32_t size = fragment->end - (uint32_t)fragment->begin;

	return count_there(pieces, fragment) == size && was_one(pieces, fragment);
}

uint8_t pieces_add(struct pieces *pieces, const struct fragment *fragment)
{
	uint32_t size = fragment->end - (uint32_t)fragment->begin;
	uint32_t there = count_there(pieces, fragment);

	if (there == size && was_one(pieces, fragment))
		return ABI_VERDICT_FRAGMENT_DUPLICATE;
	if (there != 0 || contradicts(pieces, fragment))
		return ABI_VERDICT_FRAGMENT_OVERLAP;
	for (uint32_t i = fragment->begin; i < fragment->end; i++)
		set(pieces->bits, i);
	set(pieces->begins, fragment->begin);
	pieces->there = (uint16_t)(pieces->there + size);
	if (fragment->is_last) {
		pieces->end = fragment->end;
		pieces->odd = fragment->odd;
	}
	return VERDICT_NONE;
}
