/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_table.h"

#include "dataplane/abi/status.h"

#include <string.h>

#define PAGE_SIZE 4096u

/* Of its 10 entries a bucket uses this many on average when every record is in use. */
#define ENTRIES_PER_BUCKET 6u

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static uint32_t bucket_count_for(uint32_t capacity)
{
	return 2 * capacity / ENTRIES_PER_BUCKET + 1;
}

static uint64_t head_size(uint32_t table_count)
{
	return round_up(sizeof(struct abi_flows) + table_count * sizeof(struct abi_flow_table),
			PAGE_SIZE);
}

/* Where the parts of a table that begins at `offset` lie; returns where it ends. */
static uint64_t lay_out(struct abi_flow_table *table, uint32_t capacity, uint64_t offset)
{
	table->capacity = capacity;
	table->hop_capacity = ABI_FLOW_HOPS;
	table->records_offset = offset;
	offset += (uint64_t)capacity * sizeof(struct abi_flow);
	table->hops_offset = offset;
	offset = round_up(offset + ABI_FLOW_HOPS * sizeof(struct abi_flow_hop), ABI_CACHE_LINE);
	table->index_offset = offset;
	table->index_size = (uint64_t)bucket_count_for(capacity) * sizeof(struct flow_bucket);
	return round_up(offset + table->index_size, PAGE_SIZE);
}

size_t flow_file_size(uint32_t table_count, uint32_t capacity)
{
	struct abi_flow_table table = {0};

	if (table_count == 0 || table_count > ABI_MAX_WORKERS || capacity == 0 ||
	    capacity > FLOW_CAPACITY_MAX)
		return 0;
	return head_size(table_count) + table_count * lay_out(&table, capacity, 0);
}

struct abi_flows *flow_file_format(void *memory, uint32_t table_count, uint32_t capacity,
				   const uint64_t secret[2])
{
	struct abi_flows *file = memory;
	uint64_t offset = head_size(table_count);

	file->file.magic = ABI_MAGIC_FLOWS;
	file->file.abi_version = ABI_VERSION;
	file->file.size = flow_file_size(table_count, capacity);
	file->table_count = table_count;
	file->record_size = sizeof(struct abi_flow);
	file->secret[0] = secret[0];
	file->secret[1] = secret[1];
	for (uint32_t i = 0; i < table_count; i++)
		offset = lay_out(&file->tables[i], capacity, offset);
	return file;
}

size_t flow_table_working_size(uint32_t capacity)
{
	return sizeof(struct flow_table) + ABI_FLOW_HOPS * sizeof(uint32_t) +
	       (size_t)capacity * sizeof(struct flow_link);
}

struct flow_table *flow_table_open(void *working, struct abi_flows *file, uint32_t number,
				   uint64_t now_ms)
{
	const struct abi_flow_table *layout = &file->tables[number];
	struct flow_table *table = working;
	uint8_t *base = (uint8_t *)file;

	*table = (struct flow_table){
		.records = (struct abi_flow *)(base + layout->records_offset),
		.buckets = (struct flow_bucket *)(base + layout->index_offset),
		.hops = (struct abi_flow_hop *)(base + layout->hops_offset),
		.hop_users = (uint32_t *)(table + 1),
		.capacity = layout->capacity,
		.bucket_count = bucket_count_for(layout->capacity),
		.free_list = FLOW_NONE,
		.timer_tick = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT),
		.secret = {file->secret[0], file->secret[1]},
	};
	table->links = (struct flow_link *)(table->hop_users + ABI_FLOW_HOPS);
	memset(table->hop_users, 0, ABI_FLOW_HOPS * sizeof(uint32_t));
	memset(table->timer_slots, 0xff, sizeof(table->timer_slots));
	return table;
}

struct flow_tuple flow_client_tuple(const struct abi_flow *flow)
{
	return (struct flow_tuple){
		.be_source = flow->be_client,
		.be_destination = flow->be_service,
		.be_source_port = flow->be_client_port,
		.be_destination_port = flow->be_service_port,
		.protocol = flow->protocol,
	};
}

struct flow_tuple flow_backend_tuple(const struct abi_flow *flow)
{
	return (struct flow_tuple){
		.be_source = flow->be_backend,
		.be_destination = flow->be_local,
		.be_source_port = flow->be_backend_port,
		.be_destination_port = flow->be_local_port,
		.protocol = flow->protocol,
	};
}

static bool record_matches(const struct abi_flow *flow, enum flow_direction direction,
			   const struct flow_tuple *tuple)
{
	struct flow_tuple own =
		direction == FLOW_FROM_CLIENT ? flow_client_tuple(flow) : flow_backend_tuple(flow);

	return memcmp(&own, tuple, sizeof(own)) == 0;
}

static const struct flow_bucket *next_bucket(const struct flow_table *table,
					     const struct flow_bucket *bucket)
{
	return bucket + 1 == table->buckets + table->bucket_count ? table->buckets : bucket + 1;
}

uint32_t flow_table_find(const struct flow_table *table, const struct flow_tuple *tuple,
			 uint64_t hash)
{
	const struct flow_bucket *bucket = &table->buckets[flow_table_bucket(table, hash)];
	uint16_t tag = flow_table_tag(hash);

	for (;;) {
		for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++) {
			if (bucket->tags[i] != tag)
				continue;
			uint32_t ref = bucket->refs[i];
			if (record_matches(&table->records[flow_ref_record(ref)],
					   flow_ref_direction(ref), tuple))
				return ref;
		}
		if (bucket->passed == 0)
			return FLOW_NONE;
		bucket = next_bucket(table, bucket);
	}
}

/* There are more places than two for each record: one is always free. */
static void index_add(struct flow_table *table, uint64_t hash, uint32_t ref)
{
	uint32_t number = flow_table_bucket(table, hash);

	for (;;) {
		struct flow_bucket *bucket = &table->buckets[number];
		for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++) {
			if (bucket->tags[i] != 0)
				continue;
			bucket->refs[i] = ref;
			bucket->tags[i] = flow_table_tag(hash);
			return;
		}
		bucket->passed++;
		number = number + 1 == table->bucket_count ? 0 : number + 1;
	}
}

static void index_remove(struct flow_table *table, uint64_t hash, uint32_t ref)
{
	uint32_t number = flow_table_bucket(table, hash);

	for (;;) {
		struct flow_bucket *bucket = &table->buckets[number];
		for (unsigned i = 0; i < FLOW_BUCKET_ENTRIES; i++) {
			if (bucket->tags[i] == 0 || bucket->refs[i] != ref)
				continue;
			bucket->tags[i] = 0;
			return;
		}
		bucket->passed--;
		number = number + 1 == table->bucket_count ? 0 : number + 1;
	}
}

static uint32_t take_record(struct flow_table *table)
{
	uint32_t record = table->free_list;

	if (record != FLOW_NONE)
		table->free_list = table->links[record].next;
	else if (table->untouched < table->capacity)
		record = table->untouched++;
	return record;
}

uint32_t flow_table_insert(struct flow_table *table, const struct abi_flow *flow)
{
	uint32_t record = take_record(table);

	if (record == FLOW_NONE)
		return FLOW_NONE;

	struct abi_flow *place = &table->records[record];
	struct abi_flow written = *flow;
	uint32_t version = place->version;

	/* A reader sees the odd version before any of the new bytes, the even one after all of
	 * them. */
	__atomic_store_n(&place->version, version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	written.version = version + 1;
	*place = written;
	__atomic_store_n(&place->version, version + 2, __ATOMIC_RELEASE);

	struct flow_tuple from_client = flow_client_tuple(flow);
	struct flow_tuple from_backend = flow_backend_tuple(flow);
	index_add(table, flow_hash(table->secret, &from_client), record << 1 | FLOW_FROM_CLIENT);
	index_add(table, flow_hash(table->secret, &from_backend), record << 1 | FLOW_FROM_BACKEND);
	table->count++;
	return record;
}

void flow_table_remove(struct flow_table *table, uint32_t record)
{
	struct abi_flow *flow = &table->records[record];
	struct flow_tuple from_client = flow_client_tuple(flow);
	struct flow_tuple from_backend = flow_backend_tuple(flow);

	index_remove(table, flow_hash(table->secret, &from_client), record << 1 | FLOW_FROM_CLIENT);
	index_remove(table, flow_hash(table->secret, &from_backend),
		     record << 1 | FLOW_FROM_BACKEND);
	__atomic_store_n(&flow->state, ABI_FLOW_FREE, __ATOMIC_RELEASE);
	table->links[record].next = table->free_list;
	table->free_list = record;
	table->count--;
}
