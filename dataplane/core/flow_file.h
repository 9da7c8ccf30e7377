/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How the `flows` file is laid out, and what of one that another process left
 * may be believed: nothing that flow_image_open() has not checked. It looks at
 * every length and offset once, and keeps a copy of what it has seen.
 */
#pragma once

#include "dataplane/abi/status.h"
#include "dataplane/core/flow_table.h"

/*
 * Bytes of the `flows` file with two tables for each of `workers` (1 to 64):
 * one of capacities[FAMILY_IPV4] records, one of capacities[FAMILY_IPV6] (0, or
 * up to FLOW_CAPACITY_MAX); 0 when one is out of range.
 */
size_t flow_file_size(uint32_t workers, const uint32_t capacities[FAMILY_COUNT]);

/*
 * Lays the file out: `memory` is zeroed, aligned to a page and flow_file_size()
 * bytes long; or it is a file that fits, as flow_image_fits() says. `secret` keys
 * the indexes: 16 random bytes, new at each start. Fills all of the head but
 * file.writer_pid and file.instance.
 */
struct abi_flows *flow_file_format(void *memory, uint32_t workers,
				   const uint32_t capacities[FAMILY_COUNT],
				   const uint64_t secret[2]);

/* A file that another process left. */
struct flow_image {
	const uint8_t *bytes;
	size_t size;
	uint32_t table_count;
	struct abi_flow_table tables[FAMILY_COUNT * ABI_MAX_WORKERS];
};

/* False, and a reason to follow "the file": it is not one to read flows from. */
bool flow_image_open(struct flow_image *image, const void *bytes, size_t size, char *reason,
		     size_t reason_size);

/* Whether its tables are those that flow_file_format() would make: they may be used where they lie.
 */
bool flow_image_fits(const struct flow_image *image, uint32_t workers,
		     const uint32_t capacities[FAMILY_COUNT]);
