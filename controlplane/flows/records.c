/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/records.h"

#include <string.h>

#define FAMILIES 2

static bool table_fits(const struct abi_flow_table *table, uint64_t size)
{
	uint32_t record = table->family == 6 ? sizeof(struct abi_flow6) : sizeof(struct abi_flow);

	return table->record_size == record && table->records_offset % ABI_CACHE_LINE == 0 &&
	       table->hops_offset % sizeof(uint64_t) == 0 && table->records_offset <= size &&
	       table->capacity <= (size - table->records_offset) / record &&
	       table->hops_offset <= size &&
	       table->hop_capacity <= (size - table->hops_offset) / sizeof(struct abi_flow_hop);
}

bool records_copy(const struct abi_flow *record, uint32_t record_size, struct abi_flow6 *out)
{
	uint32_t version = __atomic_load_n(&record->version, __ATOMIC_ACQUIRE);

	if ((version & 1) != 0)
		return false;
	memcpy(out, record, record_size);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&record->version, __ATOMIC_RELAXED) == version &&
	       out->flow.state != ABI_FLOW_FREE && out->flow.state < ABI_FLOW_STATE_COUNT &&
	       out->flow.family == (record_size == sizeof(*out) ? 6 : 4);
}

/* A copy is checked: what the file says, somebody may spoil at any time. */
static uint32_t copy_tables(const struct mapped_file *file, struct abi_flow_table *tables)
{
	const struct abi_flows *flows = file->data;
	uint32_t count = flows->table_count;

	if (count > RECORDS_TABLES_MAX || sizeof(*flows) + count * sizeof(*tables) > file->size)
		return 0;
	memcpy(tables, flows->tables, count * sizeof(*tables));
	for (uint32_t i = 0; i < count; i++) {
		if (!table_fits(&tables[i], file->size))
			return 0;
	}
	return count;
}

void records_open(struct records_walk *walk, const char *run_dir)
{
	*walk = (struct records_walk){0};
	mapped_file_init(&walk->file, run_dir, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS,
			 sizeof(struct abi_flows));
	if (mapped_file_refresh(&walk->file))
		walk->table_count = copy_tables(&walk->file, walk->tables);
}

void records_close(struct records_walk *walk)
{
	mapped_file_close(&walk->file);
	walk->table_count = 0;
}

/* Most records of a large table are free, and cost a glance. */
static enum records_step next_of_table(struct records_walk *walk,
				       const struct abi_flow_table *table, uint32_t *patience,
				       struct abi_flow6 *out)
{
	const uint32_t size = table->record_size, capacity = table->capacity;
	const char *place = (const char *)walk->file.data + table->records_offset;

	while (walk->record < capacity) {
		const struct abi_flow *record = (const void *)(place + (size_t)walk->record * size);

		if (*patience == 0)
			return RECORDS_PAUSE;
		(*patience)--;
		walk->record++;
		if (record->state != ABI_FLOW_FREE && records_copy(record, size, out))
			return RECORDS_FOUND;
	}
	return RECORDS_END;
}

enum records_step records_next(struct records_walk *walk, uint32_t *patience, struct abi_flow6 *out,
			       uint32_t *worker)
{
	while (walk->table < walk->table_count) {
		enum records_step step =
			next_of_table(walk, &walk->tables[walk->table], patience, out);

		*worker = walk->table / FAMILIES;
		if (step != RECORDS_END)
			return step;
		walk->table++;
		walk->record = 0;
	}
	return RECORDS_END;
}

bool records_hop(const struct records_walk *walk, const struct abi_flow6 *flow, uint32_t worker,
		 struct abi_flow_hop *out)
{
	uint32_t number = worker * FAMILIES + (flow->flow.family == 6);
	uint16_t hop = flow->flow.client_hop;

	if (number >= walk->table_count || hop == 0 || hop >= walk->tables[number].hop_capacity)
		return false;
	memcpy(out,
	       (const char *)walk->file.data + walk->tables[number].hops_offset +
		       hop * sizeof(*out),
	       sizeof(*out));
	return out->used != 0;
}
