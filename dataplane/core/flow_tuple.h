/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One direction of a flow: what a packet of it says, and the keyed hash that finds it. */
#pragma once

#include "dataplane/abi/flows.h"
#include "dataplane/core/ip_address.h"

/*
 * Network order. No padding, and words first: hashed and compared as words.
 * What is written in pieces just before it is read as a word costs the processor
 * a wait for its stores: so the functions below write words.
 */
struct flow_tuple {
	union {
		struct {
			struct abi_flow_ports ports;
			uint8_t protocol;
			uint8_t family; /* 4 or 6; says which of the addresses count */
			uint16_t zero;
		};
		uint64_t head; /* all of these, to be written at once */
	};
	union {
		struct abi_flow_ipv4 ipv4;
		uint64_t ipv4_word;
		struct abi_flow_ipv6 ipv6;
	};
};

_Static_assert(sizeof(struct flow_tuple) == 40, "the tuple must have no padding");

/* `ports` is struct abi_flow_ports in one word. */
static inline uint64_t flow_tuple_head(uint32_t ports, uint8_t protocol, uint8_t family)
{
	return ports | (uint64_t)protocol << 32 | (uint64_t)family << 40;
}

static inline struct flow_tuple flow_tuple_reverse(const struct flow_tuple *tuple)
{
	uint32_t ports = (uint32_t)tuple->head;
	struct flow_tuple reverse;

	reverse.head = (tuple->head & ~(uint64_t)UINT32_MAX) | (ports << 16 | ports >> 16);
	if (tuple->family == 4) {
		reverse.ipv4_word = tuple->ipv4_word << 32 | tuple->ipv4_word >> 32;
	} else {
		memcpy(reverse.ipv6.be_source, tuple->ipv6.be_destination, 16);
		memcpy(reverse.ipv6.be_destination, tuple->ipv6.be_source, 16);
	}
	return reverse;
}

/* `address` is 16 bytes, of the tuple's family. */
static inline void flow_tuple_set_source(struct flow_tuple *tuple, const uint8_t *address,
					 uint16_t be_port)
{
	uint32_t be_ipv4;

	tuple->head = (tuple->head & ~0xffffull) | be_port;
	if (tuple->family == 4) {
		memcpy(&be_ipv4, address + 12, sizeof(be_ipv4));
		tuple->ipv4_word = (tuple->ipv4_word & ~(uint64_t)UINT32_MAX) | be_ipv4;
	} else {
		memcpy(tuple->ipv6.be_source, address, 16);
	}
}

static inline void flow_tuple_set_destination(struct flow_tuple *tuple, const uint8_t *address,
					      uint16_t be_port)
{
	uint32_t be_ipv4;

	tuple->head = (tuple->head & ~0xffff0000ull) | (uint32_t)be_port << 16;
	if (tuple->family == 4) {
		memcpy(&be_ipv4, address + 12, sizeof(be_ipv4));
		tuple->ipv4_word = (tuple->ipv4_word & UINT32_MAX) | (uint64_t)be_ipv4 << 32;
	} else {
		memcpy(tuple->ipv6.be_destination, address, 16);
	}
}

static inline struct ip_address flow_tuple_source(const struct flow_tuple *tuple)
{
	return tuple->family == 4 ? ip_address_of_ipv4(tuple->ipv4.be_source)
				  : ip_address_load(tuple->ipv6.be_source);
}

static inline struct ip_address flow_tuple_destination(const struct flow_tuple *tuple)
{
	return tuple->family == 4 ? ip_address_of_ipv4(tuple->ipv4.be_destination)
				  : ip_address_load(tuple->ipv6.be_destination);
}

static inline uint64_t flow_hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Folded multiplications under a secret drawn at each start: fast, and a sender
 * who does not know the secret cannot make its packets meet in a bucket.
 */
static inline uint64_t flow_hash_ipv4(const uint64_t secret[2], const struct flow_tuple *tuple)
{
	uint64_t words[2];

	memcpy(words, tuple, sizeof(words));
	return flow_hash_mix(flow_hash_mix(words[0] ^ secret[0], words[1] ^ secret[1]) ^ secret[1],
			     0x9e3779b97f4a7c15ull);
}

static inline uint64_t flow_hash_ipv6(const uint64_t secret[2], const struct flow_tuple *tuple)
{
	uint64_t words[5];

	memcpy(words, tuple, sizeof(words));
	uint64_t source = flow_hash_mix(words[1] ^ secret[0], words[2] ^ secret[1]);
	uint64_t destination =
		flow_hash_mix(words[3] ^ secret[1], words[4] ^ secret[0] ^ 0xbf58476d1ce4e5b9ull);
	return flow_hash_mix(flow_hash_mix(words[0] ^ secret[0] ^ source, destination ^ secret[1]) ^
				     secret[1],
			     0x9e3779b97f4a7c15ull);
}

static inline uint64_t flow_hash(const uint64_t secret[2], const struct flow_tuple *tuple)
{
	return tuple->family == 4 ? flow_hash_ipv4(secret, tuple) : flow_hash_ipv6(secret, tuple);
}
