/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The Toeplitz hash, as network cards compute it to spread packets over receive
 * queues (Microsoft, "RSS hashing types"; Krawczyk, "New Hash Functions for
 * Message Authentication", EUROCRYPT 1995): the exclusive or of 32-bit windows of
 * a key, the one that begins at bit i for each bit i that is set in the input.
 *
 * The input is source address, destination address, source port, destination
 * port, as packets carry them: 12 bytes with IPv4, 36 with IPv6. The longest
 * takes 40 bytes of key; some cards have keys of 52, of which the others touch
 * longer inputs only.
 *
 * The sum is linear: hash(a ^ b) = hash(a) ^ hash(b). So each byte of the input
 * adds its own share, whatever the others are, and all shares there are lie in
 * tables, made once from the key: 12 KiB for IPv4, 36 with IPv6. (Tables for half
 * bytes are an eighth of that but take twice the look-ups: 2.3 ns against 5.4
 * with IPv4, 6.5 against 17 with IPv6; with all of them gone from the first-level
 * cache there is nothing between the two.)
 *
 * A key that is known to a sender is no protection: it can choose what hash its
 * packets have.
 */
#pragma once

#include "dataplane/core/flow_tuple.h"

#include <stdbool.h>
#include <stddef.h>

#define TOEPLITZ_KEY_SIZE 40 /* bytes of a key that count */
#define TOEPLITZ_INPUT    36 /* bytes of the longest input */

/* Where a port lies in the input. */
#define TOEPLITZ_PORTS(family)            ((family) == 4 ? 8u : 32u)
#define TOEPLITZ_DESTINATION_PORT(family) (TOEPLITZ_PORTS(family) + 2)

/* Read-only once made: for all workers. */
struct toeplitz {
	uint32_t shares[TOEPLITZ_INPUT][256] __attribute__((aligned(ABI_CACHE_LINE)));
};

/* False: the key is shorter than TOEPLITZ_KEY_SIZE. */
bool toeplitz_init(struct toeplitz *toeplitz, const uint8_t *key, size_t key_size);

/* What `count` bytes add that lie at `at` in the input; the first is the word's lowest. */
static inline __attribute__((__always_inline__)) uint32_t
toeplitz_share(const struct toeplitz *toeplitz, unsigned at, uint64_t word, unsigned count)
{
	uint32_t hash = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < count; i++)
		hash ^= toeplitz->shares[at + i][(uint8_t)(word >> (8 * i))];
	return hash;
}

/* What a port adds that lies at `at`; host order. */
static inline uint32_t toeplitz_port_share(const struct toeplitz *toeplitz, unsigned at,
					   uint16_t port)
{
	return toeplitz->shares[at][port >> 8] ^ toeplitz->shares[at + 1][port & 0xff];
}

/* The hash of 16 bytes at `at`. */
static inline uint32_t toeplitz_ipv6_share(const struct toeplitz *toeplitz, unsigned at,
					   const uint8_t address[16])
{
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	return toeplitz_share(toeplitz, at, words[0], 8) ^
	       toeplitz_share(toeplitz, at + 8, words[1], 8);
}

/* Of both addresses: how a card hashes what has no ports. */
static inline uint32_t toeplitz_hash_addresses(const struct toeplitz *toeplitz,
					       const struct flow_tuple *tuple)
{
	if (tuple->family == 4)
		return toeplitz_share(toeplitz, 0, tuple->ipv4_word, 8);
	return toeplitz_ipv6_share(toeplitz, 0, tuple->ipv6.be_source) ^
	       toeplitz_ipv6_share(toeplitz, 16, tuple->ipv6.be_destination);
}

/* Of addresses and ports: how a card hashes TCP and UDP. */
static inline uint32_t toeplitz_hash(const struct toeplitz *toeplitz,
				     const struct flow_tuple *tuple)
{
	if (tuple->family == 4)
		return toeplitz_hash_addresses(toeplitz, tuple) ^
		       toeplitz_share(toeplitz, 8, tuple->head, 4);
	return toeplitz_hash_addresses(toeplitz, tuple) ^
	       toeplitz_share(toeplitz, 32, tuple->head, 4);
}

/*
 * Of one end, address and then port, as if the input had nothing else: how a
 * card hashes that is told to take only the source, or only the destination. No
 * branch between the two, for packets of both directions come mixed.
 */
static inline uint32_t toeplitz_hash_end(const struct toeplitz *toeplitz,
					 const struct flow_tuple *tuple, bool destination)
{
	uint64_t port = (uint32_t)tuple->head >> (destination ? 16 : 0) & 0xffff;

	if (tuple->family == 4) {
		uint32_t address = (uint32_t)(tuple->ipv4_word >> (destination ? 32 : 0));

		return toeplitz_share(toeplitz, 0, address | port << 32, 6);
	}
	return toeplitz_ipv6_share(toeplitz, 0,
				   destination ? tuple->ipv6.be_destination
					       : tuple->ipv6.be_source) ^
	       toeplitz_share(toeplitz, 16, port, 2);
}
