/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The flows of an earlier dataplane go on: with the first tables there are, by
 * which they are judged, and before a worker has these.
 */
#pragma once

#include "dataplane/core/strays.h"
#include "dataplane/flows_file.h"
#include "dataplane/worker.h"

struct take_over {
	struct flows_file *flows;
	struct worker *workers;
	unsigned worker_count;
	const struct owner *owner;
	struct strays strays;
	size_t strays_size; /* of its memory; 0: there is none */
};

/* Gives back what is kept of flows that were taken over. No worker may run. */
void take_over_close(struct take_over *take_over);

/* Removes the flows that a dataplane left which does not run any more. 0 or -1, with the reason
 * logged. */
int take_over_forget(const char *run_dir);

/* For struct generations: `context` is a struct take_over. */
void take_over_flows(void *context, const struct snapshot *first);
