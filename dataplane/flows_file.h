/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The `flows` file: the flow tables of all workers. */
#pragma once

#include "dataplane/core/flow_table.h"
#include "dataplane/run_files.h"

struct flows_file {
	struct run_file file;
	void *working; /* of all tables, one behind the other */
	size_t working_size;
	size_t working_offsets[FAMILY_COUNT]; /* of each family's table in a worker's part */
	size_t working_each;                  /* of a worker's part */
};

/* Makes it, its tables empty. 0 or -1, with the reason logged. */
int flows_file_create(struct flows_file *flows, const struct run_directory *directory,
		      uint32_t workers, const uint32_t capacities[FAMILY_COUNT]);
void flows_file_remove(struct flows_file *flows);

/* The table of a worker and a family; to be called once for each. */
struct flow_table *flows_file_table(const struct flows_file *flows, uint32_t worker,
				    unsigned family, uint64_t now_ms);
