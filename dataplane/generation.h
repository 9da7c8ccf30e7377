/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Generations of `tables`: the main thread's polling for new ones, and their
 * way to the workers and into the steering maps.
 *
 * Life-cycle. IDLE: a new generation is taken as soon as it is published.
 * What it steers no more leaves the maps first; DRAINING lets workers finish
 * what waits in the receive rings. Then the workers are switched by one
 * release store; SWITCHING waits until each has passed a quiescent state, so
 * that what is steered now for the first time meets the new tables. Both waits
 * are bounded: a stalled worker delays reclamation, never publication. The old
 * snapshot is released when no worker can hold it.
 *
 * Main thread only; shared with workers are `snapshot` and `quiescent`, as
 * worker.h says.
 */
#pragma once

#include "bpf/rules.h"
#include "dataplane/abi/status.h"
#include "dataplane/core/tables.h"
#include "dataplane/port.h"
#include "dataplane/run_files.h"
#include "dataplane/tables_reader.h"
#include "dataplane/worker.h"

#include <stdbool.h>

enum generation_phase { GENERATION_IDLE, GENERATION_DRAINING, GENERATION_SWITCHING };

/* A snapshot workers may still hold. */
struct retired {
	struct snapshot *snapshot;
	uint64_t token; /* of the grace period */
	struct retired *next;
};

struct generations {
	struct ports *ports;
	struct worker *workers;
	unsigned worker_count;
	struct rte_rcu_qsbr *quiescent;
	struct abi_status *status;
	struct allocator allocator;
	struct tables_reader reader;

	enum generation_phase phase;
	uint64_t deadline_ms; /* of the phase */
	uint64_t token;       /* of the workers' grace period, SWITCHING */
	uint64_t polls[ABI_MAX_WORKERS], empty_polls[ABI_MAX_WORKERS]; /* at its begin, DRAINING */
	struct snapshot *current;                                      /* the workers have it */
	struct snapshot *next;                                         /* DRAINING */
	struct retired *retired;
	struct steering_rules rules, next_rules; /* in the maps; of the generation under way */
	bool steering;                           /* the maps are open and workers run */

	/* Called with the first snapshot before any worker has it; NULL: nothing is to be done. */
	void (*prepare)(void *context, const struct snapshot *first);
	void *context;
};

void generation_init(struct generations *generations, const struct run_directory *directory,
		     bool huge_pages);

/* One step, at `now_ms` (CLOCK_MONOTONIC); never waits. To be called about every millisecond. */
void generation_poll(struct generations *generations, uint64_t now_ms);

/* Empties the steering maps: from now on nothing is redirected. */
void generation_stop_steering(struct generations *generations);

/* Releases everything; workers have stopped. */
void generation_close(struct generations *generations);
