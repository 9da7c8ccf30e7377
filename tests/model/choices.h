/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Where everything random comes from: a generator with a seed, or the bytes a
 * fuzzer gives. When these are used up every choice is the first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choices {
	uint64_t state; /* of the generator, without bytes */
	const uint8_t *bytes;
	size_t left;
	bool is_random;
};

static inline struct choices choices_seeded(uint64_t seed)
{
	return (struct choices){.state = seed, .is_random = true};
}

static inline struct choices choices_of(const uint8_t *bytes, size_t length)
{
	return (struct choices){.bytes = bytes, .left = length};
}

static inline bool choices_are_left(const struct choices *choices)
{
	return choices->is_random || choices->left > 0;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t choices_random(struct choices *choices)
{
	uint64_t value = choices->state += 0x9e3779b97f4a7c15ull;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
	return value ^ (value >> 31);
}

static inline uint32_t choices_byte(struct choices *choices)
{
	if (choices->left == 0)
		return 0;
	choices->left--;
	return *choices->bytes++;
}

/* A number below `bound`, which is at least 1. */
static inline uint32_t choose_below(struct choices *choices, uint32_t bound)
{
	if (choices->is_random)
		return (uint32_t)((choices_random(choices) >> 32) * bound >> 32);

	uint32_t value = bound > 1 ? choices_byte(choices) : 0;
	for (uint32_t reach = 256; reach != 0 && reach < bound; reach <<= 8)
		value = value << 8 | choices_byte(choices);
	return value % bound;
}

/* True once in so many times. */
static inline bool choose_rarely(struct choices *choices, uint32_t times)
{
	return choose_below(choices, times) == times - 1;
}
