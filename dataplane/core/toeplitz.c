/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/toeplitz.h"

/* The 32 bits of the key that begin at this one. */
static uint32_t window(const uint8_t *key, unsigned bit)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < 5; i++)
		bytes = bytes << 8 | key[bit / 8 + i];
	return (uint32_t)(bytes >> (8 - bit % 8));
}

bool toeplitz_init(struct toeplitz *toeplitz, const uint8_t *key, size_t key_size)
{
	if (key_size < TOEPLITZ_KEY_SIZE)
		return false;
	for (unsigned at = 0; at < TOEPLITZ_INPUT; at++) {
		uint32_t *shares = toeplitz->shares[at];

		shares[0] = 0;
		/* That of a value's highest bit, and of the rest, which is there already. */
		for (unsigned value = 1; value < 256; value++) {
			unsigned highest = 31 - (unsigned)__builtin_clz(value);

			shares[value] =
				shares[value ^ 1u << highest] ^ window(key, at * 8 + 7 - highest);
		}
	}
	return true;
}
