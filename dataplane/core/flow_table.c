/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_table.h"

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

/* The parts of the working memory, behind the table itself. */
static size_t hop_ways_size(void)
{
	return ABI_FLOW_HOPS * sizeof(struct flow_hop_way);
}

size_t flow_table_working_size(uint32_t capacity)
{
	return round_up(sizeof(struct flow_table), ABI_CACHE_LINE) + hop_ways_size() +
	       ABI_FLOW_HOPS * sizeof(uint32_t) + (size_t)capacity * sizeof(struct flow_link);
}

static struct flow_wheel wheel(uint32_t first, uint32_t slots, uint64_t now_ms)
{
	return (struct flow_wheel){
		.first = first,
		.mask = slots - 1,
		.tick = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT),
	};
}

struct flow_table *flow_table_open(void *working, struct abi_flows *file, uint32_t worker,
				   unsigned family, uint64_t now_ms)
{
	const struct abi_flow_table *layout = &file->tables[worker * FAMILY_COUNT + family];
	struct flow_table *table = working;
	uint8_t *base = (uint8_t *)file;
	uint8_t *derived = (uint8_t *)working + round_up(sizeof(struct flow_table), ABI_CACHE_LINE);

	*table = (struct flow_table){
		.records = base + layout->records_offset,
		.buckets = (struct flow_bucket *)(void *)(base + layout->index_offset),
		.hops = (struct abi_flow_hop *)(void *)(base + layout->hops_offset),
		.record_shift = layout->family == 6 ? 7 : 6,
		.family = (uint8_t)layout->family,
		.capacity = layout->capacity,
		.bucket_count = (uint32_t)(layout->index_size / sizeof(struct flow_bucket)),
		.free_list = FLOW_NONE,
		.secret = {file->secret[0], file->secret[1]},
		.timers = wheel(0, FLOW_TIMER_SLOTS, now_ms),
		.half_open = wheel(FLOW_TIMER_SLOTS, FLOW_BRIEF_SLOTS, now_ms),
		.closing = wheel(FLOW_TIMER_SLOTS + FLOW_BRIEF_SLOTS, FLOW_BRIEF_SLOTS, now_ms),
	};
	table->hop_ways = (struct flow_hop_way *)(void *)derived;
	table->hop_users = (uint32_t *)(void *)(derived + hop_ways_size());
	table->links = (struct flow_link *)(void *)(table->hop_users + ABI_FLOW_HOPS);
	memset(table->hop_ways, 0, hop_ways_size());
	memset(table->hop_users, 0, ABI_FLOW_HOPS * sizeof(uint32_t));
	memset(table->slots, 0xff, sizeof(table->slots));
	return table;
}

static bool record_matches(const struct abi_flow *flow, enum abi_flow_direction direction,
			   const struct flow_tuple *tuple)
{
	if (memcmp(&flow->ports[direction], &tuple->ports, sizeof(tuple->ports)) != 0 ||
	    flow->protocol != tuple->protocol)
		return false;
	if (tuple->family == 4)
		return memcmp(&flow->addresses[direction], &tuple->ipv4, sizeof(tuple->ipv4)) == 0;
	return memcmp(&flow_ipv6_of(flow)[direction], &tuple->ipv6, sizeof(tuple->ipv6)) == 0;
}

uint32_t flow_table_find(const struct flow_table *table, const struct flow_tuple *tuple,
			 uint64_t hash)
{
	const struct flow_bucket *bucket = &table->buckets[flow_table_bucket(table, hash)];
	uint16_t tag = flow_table_tag(hash);

	/* Once around: entries may have left all of the buckets that were passed. */
	for (uint32_t left = table->bucket_count; left > 0; left--) {
		uint32_t matches = flow_bucket_match(bucket, tag);

		for (; matches != 0; matches &= matches - 1) {
			uint32_t ref = bucket->refs[__builtin_ctz(matches)];
			const struct abi_flow *flow =
				flow_table_record(table, flow_ref_record(ref));
			if (record_matches(flow, flow_ref_direction(ref), tuple))
				return ref;
		}
		if (!flow_bucket_is_passed(bucket, tag))
			return FLOW_NONE;
		bucket = flow_table_next_bucket(table, bucket, tag);
	}
	return FLOW_NONE;
}

/* A count that has come to 15 stays there: it may stand for more. Such as it is rare, and costs
 * some searches a bucket more. */
static void count_passed(struct flow_bucket *bucket, uint16_t tag, int by)
{
	unsigned shift = (tag >> 1 & 7) * 4;
	uint32_t count = bucket->passed >> shift & 15;

	if (count != 15)
		bucket->passed += (uint32_t)by << shift;
}

/* There are more places than two for each record: one is always free. */
static void index_add(struct flow_table *table, uint64_t hash, uint32_t ref)
{
	struct flow_bucket *bucket = &table->buckets[flow_table_bucket(table, hash)];
	uint16_t tag = flow_table_tag(hash);
	uint32_t free_places;

	while ((free_places = flow_bucket_match(bucket, 0)) == 0) {
		count_passed(bucket, tag, 1);
		bucket = flow_table_next_bucket(table, bucket, tag);
	}
	unsigned place = (unsigned)__builtin_ctz(free_places);
	bucket->refs[place] = ref;
	bucket->tags[place] = tag;
}

static bool bucket_remove(struct flow_bucket *bucket, uint16_t tag, uint32_t ref)
{
	for (uint32_t matches = flow_bucket_match(bucket, tag); matches != 0;
	     matches &= matches - 1) {
		unsigned place = (unsigned)__builtin_ctz(matches);

		if (bucket->refs[place] == ref) {
			bucket->tags[place] = 0;
			return true;
		}
	}
	return false;
}

static void index_remove(struct flow_table *table, uint64_t hash, uint32_t ref)
{
	struct flow_bucket *bucket = &table->buckets[flow_table_bucket(table, hash)];
	uint16_t tag = flow_table_tag(hash);

	while (!bucket_remove(bucket, tag, ref)) {
		count_passed(bucket, tag, -1);
		bucket = flow_table_next_bucket(table, bucket, tag);
	}
}

static uint32_t take_record(struct flow_table *table)
{
	uint32_t record = flow_table_first_free(table);

	if (record == FLOW_NONE)
		return FLOW_NONE;
	if (record == table->free_list)
		table->free_list = table->links[record].next;
	else
		table->untouched++;
	return record;
}

/* A reader sees the odd version before any of the new bytes, the even one after all of them. */
static void write_record(struct flow_table *table, uint32_t record, const struct abi_flow6 *flow)
{
	struct abi_flow *place = flow_table_record(table, record);
	struct abi_flow written = flow->flow;
	uint32_t version = place->version;

	__atomic_store_n(&place->version, version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	written.version = version + 1;
	*place = written;
	if (table->family == 6)
		memcpy(flow_ipv6(place), flow->addresses, sizeof(flow->addresses));
	__atomic_store_n(&place->version, version + 2, __ATOMIC_RELEASE);
}

static uint64_t hash_of(const struct flow_table *table, const struct abi_flow *flow,
			enum abi_flow_direction direction)
{
	struct flow_tuple tuple = flow_tuple_of(flow, direction);

	return flow_hash(table->secret, &tuple);
}

uint32_t flow_table_insert(struct flow_table *table, const struct abi_flow6 *flow)
{
	uint32_t record = take_record(table);

	if (record == FLOW_NONE)
		return FLOW_NONE;
	write_record(table, record, flow);
	for (uint32_t direction = 0; direction < 2; direction++)
		index_add(table, hash_of(table, &flow->flow, direction), record << 1 | direction);
	table->count++;
	return record;
}

void flow_table_adopt(struct flow_table *table, uint32_t record, const uint64_t hashes[2])
{
	for (uint32_t direction = 0; direction < 2; direction++)
		index_add(table, hashes[direction], record << 1 | direction);
	table->count++;
}

void flow_table_remove(struct flow_table *table, uint32_t record)
{
	struct abi_flow *flow = flow_table_record(table, record);

	for (uint32_t direction = 0; direction < 2; direction++)
		index_remove(table, hash_of(table, flow, direction), record << 1 | direction);
	__atomic_store_n(&flow->state, ABI_FLOW_FREE, __ATOMIC_RELEASE);
	table->links[record].next = table->free_list;
	table->free_list = record;
	table->count--;
}
