/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Taking over the flows of a dataplane that is no more.
 *
 * Nothing derived is trusted: index, free list, timers, counts and users of hops
 * are built from the records, and each record is judged (core/flow_accept.h). Where
 * the file fits, records stay in place, but for those whose owner is another
 * worker now; else they are copied out of it into the tables of a new one. What is not
 * taken over is dropped and counted.
 *
 * Dying at any instruction is safe, here too: in place, a record that goes to
 * another table is written there before it is freed here; copying leaves the old file
 * as it was.
 *
 * Synchronization: the tables must not be in use yet.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/flow_accept.h"
#include "dataplane/core/flow_file.h"

#define FLOW_OWNER_NONE UINT32_MAX

/*
 * The worker that owns a flow whose packets look so, by direction;
 * FLOW_OWNER_NONE: none owns both.
 */
typedef uint32_t flow_owner(void *context, const struct flow_tuple tuples[2]);

struct flow_recovery {
	/* The caller's. */
	const struct snapshot *snapshot; /* by which the flows will go on */
	struct engine *const *engines;   /* of the workers: their tables as flow_table_open()
					  * leaves them, their counters, their ports */
	uint32_t workers;
	flow_owner *owner; /* NULL: worker 0 owns all */
	void *owner_context;
	const struct flow_image *from; /* NULL: the tables' own file */
	bool forget_hops;              /* their ports mean others now */
	uint64_t now_ms;

	uint64_t flows[FLOW_REFUSAL_COUNT]; /* how many there were, by what became of them */
};

/*
 * Fills the tables, and counts each flow as started with its service and its
 * backend: flows_started - flows_ended are those there are.
 */
void flow_recover(struct flow_recovery *recovery);
