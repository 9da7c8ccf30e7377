/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One direction of a flow: what a packet of it says, and the keyed hash that finds it. */
#pragma once

#include <stdint.h>
#include <string.h>

/* Network order. No padding: hashed and compared as two words. */
struct flow_tuple {
	uint32_t be_source, be_destination;
	uint16_t be_source_port, be_destination_port;
	uint32_t protocol;
};

_Static_assert(sizeof(struct flow_tuple) == 16, "the tuple must have no padding");

static inline struct flow_tuple flow_tuple_reverse(const struct flow_tuple *tuple)
{
	return (struct flow_tuple){
		.be_source = tuple->be_destination,
		.be_destination = tuple->be_source,
		.be_source_port = tuple->be_destination_port,
		.be_destination_port = tuple->be_source_port,
		.protocol = tuple->protocol,
	};
}

static inline uint64_t flow_hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Two folded multiplications under a secret drawn at each start: fast, and a
 * sender who does not know the secret cannot make its packets meet in a bucket.
 */
static inline uint64_t flow_hash(const uint64_t secret[2], const struct flow_tuple *tuple)
{
	uint64_t words[2];

	memcpy(words, tuple, sizeof(words));
	return flow_hash_mix(flow_hash_mix(words[0] ^ secret[0], words[1] ^ secret[1]) ^ secret[1],
			     0x9e3779b97f4a7c15ull);
}
