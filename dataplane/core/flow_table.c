/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_table.h"

#include "dataplane/abi/status.h"

#define PAGE_SIZE 4096u

static const uint8_t record_shifts[FAMILY_COUNT] = {6, 7};
static const uint8_t families[FAMILY_COUNT] = {4, 6};

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static bool shares_a_divisor_with_a_stride(uint32_t count)
{
	return count % 2 == 0 || count % 3 == 0 || count % 5 == 0 || count % 7 == 0 ||
	       count % 11 == 0 || count % 13 == 0;
}

/*
 * Of its 10 entries a bucket uses 7.5 on average when every record is in use.
 * Every stride (1 to 16) comes by all of the buckets.
 */
static uint32_t bucket_count_for(uint32_t capacity)
{
	uint32_t count = (uint32_t)((uint64_t)capacity * 4 / 15 + 1);

	while (shares_a_divisor_with_a_stride(count))
		count++;
	return count;
}

static uint64_t head_size(uint32_t workers)
{
	return round_up(sizeof(struct abi_flows) +
				(uint64_t)workers * FAMILY_COUNT * sizeof(struct abi_flow_table),
			PAGE_SIZE);
}

/* Where the parts of a table that begins at `offset` lie; returns where it ends. */
static uint64_t lay_out(struct abi_flow_table *table, unsigned family, uint32_t capacity,
			uint64_t offset)
{
	table->capacity = capacity;
	table->hop_capacity = ABI_FLOW_HOPS;
	table->family = families[family];
	table->record_size = 1u << record_shifts[family];
	table->records_offset = offset;
	offset += (uint64_t)capacity << record_shifts[family];
	table->hops_offset = offset;
	offset = round_up(offset + ABI_FLOW_HOPS * sizeof(struct abi_flow_hop), ABI_CACHE_LINE);
	table->index_offset = offset;
	table->index_size = (uint64_t)bucket_count_for(capacity) * sizeof(struct flow_bucket);
	return round_up(offset + table->index_size, PAGE_SIZE);
}

size_t flow_file_size(uint32_t workers, const uint32_t capacities[FAMILY_COUNT])
{
	uint64_t each = 0;

	if (workers == 0 || workers > ABI_MAX_WORKERS)
		return 0;
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		struct abi_flow_table table = {0};

		if (capacities[i] > FLOW_CAPACITY_MAX)
			return 0;
		each += lay_out(&table, i, capacities[i], 0);
	}
	return head_size(workers) + workers * each;
}

struct abi_flows *flow_file_format(void *memory, uint32_t workers,
				   const uint32_t capacities[FAMILY_COUNT],
				   const uint64_t secret[2])
{
	struct abi_flows *file = memory;
	uint64_t offset = head_size(workers);

	file->file.magic = ABI_MAGIC_FLOWS;
	file->file.abi_version = ABI_VERSION;
	file->file.size = flow_file_size(workers, capacities);
	file->table_count = workers * FAMILY_COUNT;
	file->secret[0] = secret[0];
	file->secret[1] = secret[1];
	for (uint32_t i = 0; i < file->table_count; i++)
		offset = lay_out(&file->tables[i], i % FAMILY_COUNT, capacities[i % FAMILY_COUNT],
				 offset);
	return file;
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
		.record_shift = record_shifts[family],
		.family = families[family],
		.capacity = layout->capacity,
		.bucket_count = bucket_count_for(layout->capacity),
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
