/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The flow table of one worker: records as abi/flows.h describes them, and the
 * index that finds a record by either direction's tuple.
 *
 * Memory. Records, hops and index lie in the `flows` file, which the caller
 * maps and flow_file_format() lays out. Links of the free list and the timers
 * are derived and lie in working memory of the process. Nothing allocates.
 *
 * Index. Buckets of one cache line hold 10 entries: 16 bits of the hash and
 * the record's number with the direction. An entry that finds its bucket full
 * goes to the next that has room, and every bucket it passed counts it, so that
 * a search ends at the first bucket nobody has passed. Two loads find a flow:
 * the bucket, then the record; flow_table_prefetch_*() hide both.
 *
 * Dying at any instruction. A record is written before its index entries and
 * freed after them; its version is odd meanwhile.
 *
 * Synchronization: one worker's; others read records only, as abi/flows.h says.
 */
#pragma once

#include "dataplane/abi/flows.h"
#include "dataplane/core/flow_tuple.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_NONE         UINT32_MAX
#define FLOW_CAPACITY_MAX (64u << 20)

enum flow_direction { FLOW_FROM_CLIENT, FLOW_FROM_BACKEND };

/* A record's number and the direction of the tuple that found it. */
static inline uint32_t flow_ref_record(uint32_t ref)
{
	return ref >> 1;
}

static inline enum flow_direction flow_ref_direction(uint32_t ref)
{
	return (enum flow_direction)(ref & 1);
}

#define FLOW_BUCKET_ENTRIES 10

struct flow_bucket {
	uint32_t passed; /* entries that found this bucket full and lie further on */
	uint16_t tags[FLOW_BUCKET_ENTRIES]; /* 0: free */
	uint32_t refs[FLOW_BUCKET_ENTRIES];
} __attribute__((aligned(ABI_CACHE_LINE)));

_Static_assert(sizeof(struct flow_bucket) == ABI_CACHE_LINE, "a bucket is one cache line");
_Static_assert(sizeof(struct abi_flow) == ABI_CACHE_LINE, "a record is one cache line");

/* Slots of the timer wheel: about 17 minutes; what is due later is looked at on the way. */
#define FLOW_TIMER_SLOTS (1u << 14)

/* Neighbours in the list a record is in: the free list, or a slot of the wheel. */
struct flow_link {
	uint32_t next;     /* FLOW_NONE: the last */
	uint32_t previous; /* with FLOW_LINK_HEAD: the first, and of which slot */
};

#define FLOW_LINK_HEAD 0x80000000u

struct flow_table {
	struct abi_flow *records;
	struct flow_bucket *buckets;
	struct abi_flow_hop *hops;
	uint32_t *hop_users; /* records that name each hop */
	struct flow_link *links;
	uint32_t capacity;
	uint32_t bucket_count;
	uint32_t count;      /* records in use */
	uint32_t untouched;  /* records from here on were never used */
	uint32_t free_list;  /* first of those used before; FLOW_NONE: none */
	uint32_t timer_tick; /* the next tick the wheel has to look at */
	uint64_t secret[2];
	uint32_t timer_slots[FLOW_TIMER_SLOTS]; /* first record of each */
};

/*
 * Bytes of the `flows` file with `table_count` tables (1 to 64) of `capacity` records
 * (1 to FLOW_CAPACITY_MAX) each; 0 when one is out of range.
 */
size_t flow_file_size(uint32_t table_count, uint32_t capacity);

/*
 * Lays the file out: `memory` is zeroed, aligned to a page and flow_file_size()
 * bytes long. `secret` keys the indexes: 16 random bytes, new at each start.
 * Fills all of the head but file.writer_pid and file.instance.
 */
struct abi_flows *flow_file_format(void *memory, uint32_t table_count, uint32_t capacity,
				   const uint64_t secret[2]);

/* Bytes of the working memory of one table. */
size_t flow_table_working_size(uint32_t capacity);

/*
 * The table of worker `number` in a file just formatted. `working` is aligned
 * to a cache line, flow_table_working_size() bytes long, need not be zeroed and
 * is the table's for its life; so is the file.
 */
struct flow_table *flow_table_open(void *working, struct abi_flows *file, uint32_t number,
				   uint64_t now_ms);

/* The tuple of each direction as its packets carry it. */
struct flow_tuple flow_client_tuple(const struct abi_flow *flow);
struct flow_tuple flow_backend_tuple(const struct abi_flow *flow);

/* The reference of the flow with this tuple, or FLOW_NONE. `hash` is flow_hash() of it. */
uint32_t flow_table_find(const struct flow_table *table, const struct flow_tuple *tuple,
			 uint64_t hash);

/*
 * Makes a record with the identity (state, addresses, ports, service, backend,
 * flags, times) of `flow` and both its index entries. The caller has seen to
 * it that neither tuple is there. The record's number, or FLOW_NONE: full.
 */
uint32_t flow_table_insert(struct flow_table *table, const struct abi_flow *flow);

/* Ends a flow; it must not be in the timer wheel any more. */
void flow_table_remove(struct flow_table *table, uint32_t record);

static inline uint32_t flow_table_bucket(const struct flow_table *table, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * table->bucket_count) >> 32);
}

static inline uint16_t flow_table_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)hash;

	return tag == 0 ? 1 : tag;
}

static inline void flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(&table->buckets[flow_table_bucket(table, hash)]);
}

/* Of the record the hash most likely belongs to; looks at the bucket. */
static inline void flow_table_prefetch_record(const struct flow_table *table, uint64_t hash)
{
	const struct flow_bucket *bucket = &table->buckets[flow_table_bucket(table, hash)];
	uint16_t tag = flow_table_tag(hash);

	for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		if (bucket->tags[i] == tag)
			__builtin_prefetch(&table->records[flow_ref_record(bucket->refs[i])], 1);
}
