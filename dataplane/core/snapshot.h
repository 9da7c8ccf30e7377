/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What tables.c, tables_validate.c and snapshot*.c share: copied objects, the
 * steps of taking a generation, and how the look-up tables are hashed. Private
 * to them; everybody else includes core/tables.h.
 */
#pragma once

#include "dataplane/abi/kinds.h"
#include "dataplane/core/tables.h"

#include <string.h>

/*
 * A private copy of one object. Snapshots that hold the same bytes share it;
 * all counting is done by the main thread.
 */
struct object {
	struct abi_ref ref; /* as in the directory it came from */
	uint32_t users;     /* snapshots that hold it */
	uint8_t bytes[] __attribute__((aligned(ABI_CACHE_LINE)));
};

/* Where the sentence goes that says why a generation is refused. */
struct refusal {
	char *text;
	size_t size;
};

/* Writes the sentence; returns false, for `return refuse(...)`. */
bool refuse(const struct refusal *refusal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Checks one reference of a directory against the kind's bounds and the file's size. */
bool validate_reference(const struct abi_ref *ref, const struct abi_ref *previous,
			uint64_t generation, uint64_t file_size, const struct refusal *refusal);
/* Checks a copy by itself: counts against its length, enums, names, addresses, ports. */
bool validate_object(const struct object *object, const struct tables_limits *limits,
		     const struct refusal *refusal);
/* Checks the indexes between the objects; `before` (or NULL) has passed already. */
bool validate_links(const struct snapshot *snapshot, const struct snapshot *before,
		    const struct refusal *refusal);

/*
 * Makes a snapshot of objects that each have passed validate_object(); takes a
 * share of every one. NULL when refused: no memory, or two claim one address.
 */
struct snapshot *snapshot_build(struct object *const *objects, uint32_t count,
				const struct snapshot *before, const struct allocator *allocator,
				const struct refusal *refusal);
void object_unshare(struct object *object, const struct allocator *allocator);

/* IPv4 out of 16 bytes, network order. */
static inline uint32_t be_ipv4(const uint8_t address[16])
{
	uint32_t be_address;

	memcpy(&be_address, address + 12, sizeof(be_address));
	return be_address;
}

static inline uint32_t snapshot_hash(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(key >> 32) ^ (uint32_t)(key >> 47);
}

static inline uint64_t tuple_key(uint32_t be_address, uint16_t port, uint8_t protocol)
{
	return (uint64_t)be_address << 32 | (uint32_t)port << 16 | protocol;
}

static inline uint64_t neighbour_key(uint16_t port, uint32_t be_address)
{
	return (uint64_t)port << 32 | be_address;
}

static inline uint64_t mac_key(uint16_t port, uint16_t vlan, const uint8_t mac[6])
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return key << 16 ^ (uint32_t)vlan << 4 ^ port;
}

static inline uint64_t route_key(uint32_t be_prefix, unsigned bits)
{
	return (uint64_t)be_prefix << 8 | bits;
}
