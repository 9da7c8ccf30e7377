/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Checksums by difference: RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). Only
 * what changed enters, so a sum that was wrong stays wrong by as much. Sums are
 * one's complement and do not depend on the byte order: all words are taken as
 * they lie in the packet. Nor do they depend on the size of the words that are
 * added up, as long as no carry is lost: here it comes round the end of 64 bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t checksum_add(uint64_t sum, uint64_t word)
{
	uint64_t total;
	bool carry = __builtin_add_overflow(sum, word, &total);

	return total + carry;
}

/* Adds ~m + m' of a word to the difference, which starts at 0. */
static inline uint64_t checksum_replace16(uint64_t difference, uint16_t old, uint16_t new)
{
	return checksum_add(difference, (uint64_t)(uint16_t)~old + new);
}

static inline uint64_t checksum_replace32(uint64_t difference, uint32_t old, uint32_t new)
{
	return checksum_add(difference, (uint64_t)(uint32_t)~old + new);
}

static inline uint64_t checksum_replace64(uint64_t difference, uint64_t old, uint64_t new)
{
	return checksum_add(checksum_add(difference, ~old), new);
}

/* Adds the halves, twice: what a half added to itself turned round carries comes round the end. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* The checksum after the difference. */
static inline uint16_t checksum_adjust(uint16_t checksum, uint64_t difference)
{
	return (uint16_t)~checksum_fold(checksum_add(difference, (uint16_t)~checksum));
}

/* UDP: 0 says that there is no checksum, so one that comes out as 0 is sent as its twin (RFC 768).
 */
static inline uint16_t checksum_adjust_udp(uint16_t checksum, uint64_t difference)
{
	if (checksum == 0)
		return 0;
	checksum = checksum_adjust(checksum, difference);
	return checksum == 0 ? 0xffff : checksum;
}
