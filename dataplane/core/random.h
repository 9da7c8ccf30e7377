/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* xoroshiro128++ (Blackman, Vigna 2018): fast, and good enough to draw ports by. */
#pragma once

#include "dataplane/abi/hash.h"

/* `state` must not be all zero. */
static inline uint64_t random_next(uint64_t state[2])
{
	uint64_t a = state[0];
	uint64_t b = state[1];
	uint64_t result = abi_rotate_left(a + b, 17) + a;

	b ^= a;
	state[0] = abi_rotate_left(a, 49) ^ b ^ (b << 21);
	state[1] = abi_rotate_left(b, 28);
	return result;
}

/* A number below `bound` out of 32 random bits, without a division. */
static inline uint32_t random_below(uint32_t bits, uint32_t bound)
{
	return (uint32_t)(((uint64_t)bits * bound) >> 32);
}
