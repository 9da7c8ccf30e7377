/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Flow records, copied while workers write them. */
#include "controlplane/stats/stats.h"

#include <string.h>

bool stats_copy_flow(const struct abi_flow *record, uint32_t record_size, struct abi_flow6 *out)
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

static size_t collect_table(const struct abi_flows *flows, const struct abi_flow_table *table,
			    uint64_t count, size_t limit, struct abi_flow6 *out)
{
	const char *place = (const char *)flows + table->records_offset;
	size_t found = 0;

	/* Most records of a large table are free, and cost a glance. */
	for (uint64_t i = 0; i < count && found < limit; i++, place += table->record_size) {
		const struct abi_flow *record = (const void *)place;

		if (record->state != ABI_FLOW_FREE &&
		    stats_copy_flow(record, table->record_size, &out[found]))
			found++;
	}
	return found;
}

size_t stats_collect_flows(const struct abi_flows *flows, uint64_t looked_max, size_t limit,
			   struct abi_flow6 *out)
{
	size_t found = 0;

	for (uint32_t i = 0; i < flows->table_count; i++) {
		const struct abi_flow_table *table = &flows->tables[i];
		uint64_t most = looked_max / flows->table_count;
		uint64_t count = table->capacity < most ? table->capacity : most;

		found += collect_table(flows, table, count, limit - found, out + found);
	}
	return found;
}
