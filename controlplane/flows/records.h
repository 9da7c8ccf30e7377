/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The records in `flows`, read without asking the dataplane: a walk over all of
 * them in bounded steps. Where a flow's record is it stays for as long as the
 * flow lives, and each record is looked at once: so no flow is met twice, and
 * one that lives throughout is met.
 *
 * A walk holds a mapping of its own: another dataplane may put another file into
 * place meanwhile, and the walk ends in the file it began in.
 */
#pragma once

#include "controlplane/stats/mapped_file.h"
#include "dataplane/abi/flows.h"
#include "dataplane/abi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies a record in use; false when it is free, or is being written. */
bool records_copy(const struct abi_flow *record, uint32_t record_size, struct abi_flow6 *out);

#define RECORDS_TABLES_MAX (2 * ABI_MAX_WORKERS)

struct records_walk {
	struct mapped_file file;
	struct abi_flow_table tables[RECORDS_TABLES_MAX]; /* as they were when they were checked */
	uint32_t table_count;                             /* 0: there is no file worth reading */
	uint32_t table;
	uint32_t record; /* the next one of it */
};

void records_open(struct records_walk *walk, const char *run_dir);
void records_close(struct records_walk *walk);

enum records_step { RECORDS_FOUND, RECORDS_PAUSE, RECORDS_END };

/*
 * The next record in use, and how many may still be looked at: at 0 it pauses, to be
 * called again. *worker is whose it is.
 */
enum records_step records_next(struct records_walk *walk, uint32_t *patience, struct abi_flow6 *out,
			       uint32_t *worker);

/* The hop that a flow's answers take; false: the route, or a hop that is being written. */
bool records_hop(const struct records_walk *walk, const struct abi_flow6 *flow, uint32_t worker,
		 struct abi_flow_hop *out);
