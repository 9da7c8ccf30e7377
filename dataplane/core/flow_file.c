/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_file.h"

#include <stdarg.h>
#include <stdio.h>

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

static bool refuse(char *reason, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(char *reason, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, size, format, arguments);
	va_end(arguments);
	return false;
}

static bool lies_within(uint64_t size, uint64_t offset, uint64_t count, uint64_t each,
			uint64_t alignment)
{
	return offset % alignment == 0 && offset <= size && count <= (size - offset) / each;
}

static bool table_is_sound(const struct abi_flow_table *table, unsigned family, uint64_t size)
{
	return table->family == families[family] &&
	       table->record_size == 1u << record_shifts[family] &&
	       table->capacity <= FLOW_CAPACITY_MAX && table->hop_capacity <= ABI_FLOW_HOPS &&
	       lies_within(size, table->records_offset, table->capacity, table->record_size,
			   ABI_CACHE_LINE) &&
	       lies_within(size, table->hops_offset, table->hop_capacity,
			   sizeof(struct abi_flow_hop), sizeof(uint64_t));
}

static bool head_is_sound(const struct abi_flows *head, size_t size, char *reason,
			  size_t reason_size)
{
	const struct abi_file *file = &head->file;

	if (file->magic != ABI_MAGIC_FLOWS)
		return refuse(reason, reason_size, "holds no flows");
	if (!abi_versions_agree(file->abi_version, ABI_VERSION))
		return refuse(reason, reason_size,
			      "is of ABI version %u, and this dataplane reads %u to %u",
			      file->abi_version, ABI_VERSION_BEFORE, ABI_VERSION_AFTER);
	if (file->size > size)
		return refuse(reason, reason_size, "is cut: %zu of %llu bytes are left", size,
			      (unsigned long long)file->size);
	if (head->table_count == 0 || head->table_count % FAMILY_COUNT != 0 ||
	    head->table_count > FAMILY_COUNT * ABI_MAX_WORKERS)
		return refuse(reason, reason_size, "says that it has %u tables", head->table_count);
	return true;
}

bool flow_image_open(struct flow_image *image, const void *bytes, size_t size, char *reason,
		     size_t reason_size)
{
	struct abi_flows head;

	if (size < sizeof(head))
		return refuse(reason, reason_size, "is cut: %zu bytes are left", size);
	memcpy(&head, bytes, sizeof(head));
	if (!head_is_sound(&head, size, reason, reason_size))
		return false;
	if (head_size(head.table_count / FAMILY_COUNT) > size)
		return refuse(reason, reason_size, "is cut: %zu bytes are left", size);
	image->bytes = bytes;
	image->size = size;
	image->table_count = head.table_count;
	memcpy(image->tables, image->bytes + sizeof(head),
	       image->table_count * sizeof(struct abi_flow_table));
	for (uint32_t i = 0; i < image->table_count; i++)
		if (!table_is_sound(&image->tables[i], i % FAMILY_COUNT, size))
			return refuse(reason, reason_size, "is damaged: table %u of %u", i,
				      image->table_count);
	return true;
}

bool flow_image_fits(const struct flow_image *image, uint32_t workers,
		     const uint32_t capacities[FAMILY_COUNT])
{
	uint64_t offset = head_size(workers);

	if (image->table_count != workers * FAMILY_COUNT ||
	    image->size < flow_file_size(workers, capacities))
		return false;
	for (uint32_t i = 0; i < image->table_count; i++) {
		struct abi_flow_table table = {0};

		offset = lay_out(&table, i % FAMILY_COUNT, capacities[i % FAMILY_COUNT], offset);
		if (memcmp(&table, &image->tables[i], sizeof(table)) != 0)
			return false;
	}
	return true;
}
