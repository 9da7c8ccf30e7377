/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The two hashes both sides of shared memory must agree on.
 *
 * abi_checksum: guards a copy against being torn by reuse of its place. Not
 * against an adversary: who can write the file can write the sum.
 *
 * abi_siphash: SipHash-2-4 (Aumasson, Bernstein 2012), keyed. It names the
 * ring slot of a client and orders the backends in a ring.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t abi_checksum(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint64_t sum = 0x9e3779b97f4a7c15ull ^ length;

	for (; length >= 8; bytes += 8, length -= 8) {
		uint64_t word;
		memcpy(&word, bytes, 8);
		sum = (sum ^ word) * 0xff51afd7ed558ccdull;
		sum ^= sum >> 32;
	}
	if (length > 0) {
		uint64_t word = 0;
		memcpy(&word, bytes, length);
		sum = (sum ^ word) * 0xff51afd7ed558ccdull;
		sum ^= sum >> 32;
	}
	sum *= 0xc4ceb9fe1a85ec53ull;
	return sum ^ (sum >> 29);
}

static inline uint64_t abi_rotate_left(uint64_t value, unsigned bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline void abi_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = abi_rotate_left(v[1], 13) ^ v[0];
	v[3] = abi_rotate_left(v[3], 16) ^ v[2];
	v[0] = abi_rotate_left(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = abi_rotate_left(v[1], 17) ^ v[2];
	v[3] = abi_rotate_left(v[3], 21) ^ v[0];
	v[2] = abi_rotate_left(v[2], 32);
}

static inline uint64_t abi_siphash(const uint64_t key[2], const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint64_t last = (uint64_t)length << 56;
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
			 key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};

	for (; length >= 8; bytes += 8, length -= 8) {
		uint64_t word;
		memcpy(&word, bytes, 8);
		v[3] ^= word;
		abi_sip_round(v);
		abi_sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < length; i++)
		last |= (uint64_t)bytes[i] << (8 * i);
	v[3] ^= last;
	abi_sip_round(v);
	abi_sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		abi_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
