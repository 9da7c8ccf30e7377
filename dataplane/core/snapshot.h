/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What tables.c, tables_validate.c and snapshot*.c share: copied objects, the
 * steps of taking a generation, and how the look-up tables are hashed. Private
 * to them; everybody else includes core/tables.h.
 */
#pragma once

#include "dataplane/abi/kinds.h"
#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/tables.h"

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
 * Makes a snapshot of objects that each have passed validate_object(); it takes
 * over the caller's share of every one. NULL when refused, with the shares as they
 * were: no memory, or two claim one address.
 */
struct snapshot *snapshot_build(struct object *const *objects, uint32_t count,
				const struct snapshot *before, const struct tables_limits *limits,
				const struct allocator *allocator, const struct refusal *refusal);
void object_unshare(struct object *object, const struct allocator *allocator);

/* The parts of snapshot_build() that fill the look-up tables: listeners by port and by range. */
bool snapshot_fill_listeners(struct snapshot *snapshot, const struct refusal *refusal);
/* What the packet path needs of services and backends, in one place. */
void snapshot_fill_rules(struct snapshot *snapshot, const struct tables_limits *limits);
/* Which services had another mode in `before` (or NULL), or some time before that. */
void snapshot_note_turned(struct snapshot *snapshot, const struct snapshot *before);
/* Puts an address into a set; returns false when it was there. */
bool snapshot_add_address(struct ip_address *set, uint32_t mask, const struct ip_address *address);

/* A listener of one port, and not one of several. */
static inline bool is_single_port(const struct abi_listener *listener)
{
	return listener->port_first == listener->port_last;
}

/* Addresses of one network differ in their last bytes, the highest of the word: both halves of the
 * product count. */
static inline uint32_t snapshot_hash(uint64_t key)
{
	return (uint32_t)flow_hash_mix(key, 0x9e3779b97f4a7c15ull);
}

static inline uint32_t snapshot_hash_address(const struct ip_address *address, uint64_t salt)
{
	uint64_t folded = address->be_words[0] * 0xff51afd7ed558ccdull;

	return snapshot_hash((folded ^ folded >> 32) + address->be_words[1] +
			     salt * 0xc4ceb9fe1a85ec53ull);
}

static inline uint32_t hash_endpoint(const struct ip_address *address, uint16_t port,
				     uint8_t protocol)
{
	return snapshot_hash_address(address, (uint64_t)port << 8 | protocol);
}

static inline uint32_t hash_mac(uint16_t port, uint16_t vlan, const uint8_t mac[6])
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return snapshot_hash(key << 16 ^ (uint32_t)vlan << 4 ^ port);
}

/* The first `bits` of an address, the others 0. */
static inline struct ip_address address_prefix(const struct ip_address *address, unsigned bits)
{
	struct ip_address prefix = *address;

	if (bits < 64) {
		prefix.be_words[0] &= bits == 0 ? 0 : htobe64(UINT64_MAX << (64 - bits));
		prefix.be_words[1] = 0;
	} else if (bits < 128) {
		prefix.be_words[1] &= bits == 64 ? 0 : htobe64(UINT64_MAX << (128 - bits));
	}
	return prefix;
}
