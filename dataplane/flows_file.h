/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The `flows` file: the flow tables of all workers, and the flows that an earlier
 * process left in one.
 *
 * An earlier file that fits is used where it lies, unless it could be moved into
 * huge pages now; else its flows are copied into a new one, which takes its place when
 * all are in it. It stays when this process stops: the next one goes on with its flows.
 */
#pragma once

#include "config/model.h"
#include "dataplane/core/flow_file.h"
#include "dataplane/core/flow_recover.h"
#include "dataplane/run_files.h"

struct flows_file {
	struct run_file file;
	struct run_file previous; /* flows are copied from it; no data: there is none */
	struct flow_image image;  /* of it */
	bool waits;               /* flows wait for flows_file_recover() */
	bool published;
	uint64_t ports; /* as in struct abi_flows */
	void *working;  /* of all tables, one behind the other */
	size_t working_size;
	size_t working_offsets[FAMILY_COUNT]; /* of each family's table in a worker's part */
	size_t working_each;                  /* of a worker's part */
};

/* Finds or makes it, its tables empty for now. 0 or -1, with the reason logged. */
int flows_file_open(struct flows_file *flows, const struct run_directory *directory,
		    const struct config_dataplane *config, uint32_t workers);
void flows_file_close(struct flows_file *flows);

/* The table of a worker and a family; to be called once for each. */
struct flow_table *flows_file_table(const struct flows_file *flows, uint32_t worker,
				    unsigned family, uint64_t now_ms);

/* Takes the flows over that wait; of `recovery` all is set but `from` and `forget_hops`. */
void flows_file_recover(struct flows_file *flows, struct flow_recovery *recovery);

/* Removes what a dataplane left in the run directory. */
void flows_file_forget(const struct run_directory *directory);
