/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The flow table of one worker for one family: records as abi/flows.h describes
 * them, and the index that finds a record by either direction's tuple.
 *
 * Memory. Records, hops and index lie in the `flows` file, which the caller
 * maps and core/flow_file.h lays out. Links of the free list and the timers
 * are derived and lie in working memory of the process. Nothing allocates.
 *
 * Index. Buckets of one cache line hold 10 entries: 16 bits of the hash, the
 * tag, and the record's number with the direction. An entry that finds its
 * bucket full goes on, by a stride of 1 to 16 that its tag tells, to the first
 * that has room, and every bucket it passed counts it, in one of eight counts
 * that its tag tells. So a search ends at the first bucket that nobody of its
 * eighth has passed: after 1.2 buckets on average in a table that has been full
 * for long. Two loads find a flow: the bucket, then the record.
 *
 * Dying at any instruction. A record is written before its index entries and
 * freed after them; its version is odd meanwhile.
 *
 * Synchronization: one worker's; others read records only, as abi/flows.h says.
 */
#pragma once

#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/way.h"

#include <emmintrin.h>
#include <stddef.h>

#define FLOW_NONE         UINT32_MAX
#define FLOW_CAPACITY_MAX (64u << 20)

/* The families' places in arrays. */
enum { FAMILY_IPV4, FAMILY_IPV6, FAMILY_COUNT };

/* A record's number and the direction of the tuple that found it. */
static inline uint32_t flow_ref_record(uint32_t ref)
{
	return ref >> 1;
}

static inline enum abi_flow_direction flow_ref_direction(uint32_t ref)
{
	return (enum abi_flow_direction)(ref & 1);
}

#define FLOW_BUCKET_ENTRIES 10

struct flow_bucket {
	uint32_t passed; /* entries that found it full and lie further on: 8 counts of 4 bits */
	uint16_t tags[FLOW_BUCKET_ENTRIES]; /* 0: free */
	uint32_t refs[FLOW_BUCKET_ENTRIES];
} __attribute__((aligned(ABI_CACHE_LINE)));

_Static_assert(sizeof(struct flow_bucket) == ABI_CACHE_LINE, "a bucket is one cache line");
_Static_assert(sizeof(struct abi_flow) == ABI_CACHE_LINE, "a record is one cache line");
_Static_assert(sizeof(struct abi_flow6) == 2 * ABI_CACHE_LINE, "one of IPv6 is two");

/* Neighbours in the list a record is in: the free list, or a slot of a timer wheel. */
struct flow_link {
	uint32_t next;     /* FLOW_NONE: the last */
	uint32_t previous; /* with FLOW_LINK_HEAD: the first, and of which slot */
};

#define FLOW_LINK_HEAD 0x80000000u

/*
 * Slots of the timer wheels. What is due later than a wheel reaches is looked at on the way:
 * after 65 s at half-open and closing connections, after 17 minutes at the others.
 */
#define FLOW_BRIEF_SLOTS (1u << 10)
#define FLOW_TIMER_SLOTS (1u << 14)

struct flow_wheel {
	uint32_t first; /* its slots are flow_table.slots[first .. first + mask] */
	uint32_t mask;
	uint32_t tick;    /* the next tick it has to look at */
	uint32_t soonest; /* no timer is due before this tick */
};

/* A learned hop, ready for use: derived from the table's hop and the snapshot. */
struct flow_hop_way {
	uint64_t key; /* port, inner VLAN and MAC of packets that come by it; see core/hops.h */
	uint32_t era; /* of the engine, in which `way` was made */
	uint32_t learned_era; /* in which its neighbour was looked up */
	uint16_t outer_vlan;  /* of those packets */
	struct way way;
};

struct flow_table {
	uint8_t *records;
	struct flow_bucket *buckets;
	struct flow_link *links;
	uint32_t bucket_count;
	uint8_t record_shift; /* a record is 1 << record_shift bytes */
	uint8_t family;       /* 4 or 6 */
	uint32_t capacity;
	uint32_t count;     /* records in use */
	uint32_t untouched; /* records from here on were never used */
	uint32_t free_list; /* first of those used before; FLOW_NONE: none */
	uint64_t secret[2];
	struct flow_wheel timers, half_open, closing;
	struct abi_flow_hop *hops;
	struct flow_hop_way *hop_ways;
	uint32_t *hop_users;                                     /* records that name each hop */
	uint32_t slots[FLOW_TIMER_SLOTS + 2 * FLOW_BRIEF_SLOTS]; /* first record of each */
};

/* Bytes of the working memory of one table. */
size_t flow_table_working_size(uint32_t capacity);

/*
 * The table of a worker and a family in a file that flow_file_format() has laid out,
 * without flows; where the file held some before, core/flow_recover.h finds them, and must
 * before the table is used. `working` is aligned to a cache line,
 * flow_table_working_size() bytes long, need not be zeroed and is the table's for
 * its life; so is the file.
 */
struct flow_table *flow_table_open(void *working, struct abi_flows *file, uint32_t worker,
				   unsigned family, uint64_t now_ms);

static inline struct abi_flow *flow_table_record(const struct flow_table *table, uint32_t record)
{
	return (struct abi_flow *)(void *)(table->records +
					   ((size_t)record << table->record_shift));
}

/* The addresses of an IPv6 record. */
static inline struct abi_flow_ipv6 *flow_ipv6(struct abi_flow *flow)
{
	return ((struct abi_flow6 *)(void *)flow)->addresses;
}

static inline const struct abi_flow_ipv6 *flow_ipv6_of(const struct abi_flow *flow)
{
	return ((const struct abi_flow6 *)(const void *)flow)->addresses;
}

/* The tuple of a direction as its packets carry it. */
static inline struct flow_tuple flow_tuple_of(const struct abi_flow *flow,
					      enum abi_flow_direction direction)
{
	struct flow_tuple tuple;
	uint32_t ports;

	memcpy(&ports, &flow->ports[direction], sizeof(ports));
	tuple.head = flow_tuple_head(ports, flow->protocol, flow->family);
	if (flow->family == 4)
		memcpy(&tuple.ipv4_word, &flow->addresses[direction], sizeof(tuple.ipv4_word));
	else
		tuple.ipv6 = flow_ipv6_of(flow)[direction];
	return tuple;
}

/* Writes a direction's tuple into a record that is not in a table. */
static inline void flow_set_tuple(struct abi_flow6 *flow, enum abi_flow_direction direction,
				  const struct flow_tuple *tuple)
{
	flow->flow.ports[direction] = tuple->ports;
	if (tuple->family == 4)
		flow->flow.addresses[direction] = tuple->ipv4;
	else
		flow->addresses[direction] = tuple->ipv6;
}

/* The reference of the flow with this tuple, or FLOW_NONE. `hash` is flow_hash() of it. */
uint32_t flow_table_find(const struct flow_table *table, const struct flow_tuple *tuple,
			 uint64_t hash);

/*
 * Makes a record with the identity (state, addresses, ports, service, backend,
 * flags, times) of `flow`, of which an IPv4 table takes the first half, and
 * both its index entries. The caller has seen to it that neither tuple is
 * there. The record's number, or FLOW_NONE: full.
 */
uint32_t flow_table_insert(struct flow_table *table, const struct abi_flow6 *flow);

/*
 * Makes the index entries of a record that lies in its place already. `hashes` are
 * flow_hash() of its tuples, neither of which is there.
 */
void flow_table_adopt(struct flow_table *table, uint32_t record, const uint64_t hashes[2]);

/* Ends a flow; it must not be in a timer wheel any more. */
void flow_table_remove(struct flow_table *table, uint32_t record);

/* The record flow_table_insert() takes next; FLOW_NONE: full. */
static inline uint32_t flow_table_first_free(const struct flow_table *table)
{
	if (table->free_list != FLOW_NONE)
		return table->free_list;
	return table->untouched < table->capacity ? table->untouched : FLOW_NONE;
}

/* The one it takes after `record`, a free one. */
static inline uint32_t flow_table_free_after(const struct flow_table *table, uint32_t record)
{
	uint32_t next = record >= table->untouched ? record + 1 : table->links[record].next;

	if (next == FLOW_NONE)
		next = table->untouched;
	return next < table->capacity ? next : FLOW_NONE;
}

static inline uint32_t flow_table_bucket(const struct flow_table *table, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * table->bucket_count) >> 32);
}

static inline uint16_t flow_table_tag(uint64_t hash)
{
	return (uint16_t)(hash | 1); /* not 0: that is a free place */
}

/* Bit n: tag n of the bucket is `tag`. Two loads, in the one cache line. */
static inline uint32_t flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
	const char *tags = (const char *)bucket->tags;
	__m128i wanted = _mm_set1_epi16((short)tag);
	__m128i first = _mm_loadu_si128((const __m128i *)(const void *)tags);
	__m128i rest = _mm_loadu_si128((const __m128i *)(const void *)(tags + 16));
	__m128i equal =
		_mm_packs_epi16(_mm_cmpeq_epi16(first, wanted), _mm_cmpeq_epi16(rest, wanted));

	return (uint32_t)_mm_movemask_epi8(equal) & ((1u << FLOW_BUCKET_ENTRIES) - 1);
}

/* Whether an entry with such a tag may lie further on. */
static inline bool flow_bucket_is_passed(const struct flow_bucket *bucket, uint16_t tag)
{
	return (bucket->passed >> (tag >> 1 & 7) * 4 & 15) != 0;
}

/* Where it would lie then. */
static inline struct flow_bucket *flow_table_next_bucket(const struct flow_table *table,
							 const struct flow_bucket *bucket,
							 uint16_t tag)
{
	size_t number = (size_t)(bucket - table->buckets) + 1 + (tag >> 4 & 15);

	while (number >= table->bucket_count)
		number -= table->bucket_count;
	return &table->buckets[number];
}

/* Inlined always: of a function that does nothing but fetch the compiler drops the call. */
static inline __attribute__((__always_inline__)) void
flow_table_prefetch_bucket(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(&table->buckets[flow_table_bucket(table, hash)], 1);
}
