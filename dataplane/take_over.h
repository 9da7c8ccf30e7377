/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The flows of an earlier dataplane go on: with the first tables there are, by
 * which they are judged, and before a worker has these.
 */
#pragma once

#include "dataplane/flows_file.h"
#include "dataplane/worker.h"

struct take_over {
	struct flows_file *flows;
	struct worker *workers;
	unsigned worker_count;
};

/* Removes the flows that a dataplane left which does not run any more. 0 or -1, with the reason
 * logged. */
int take_over_forget(const char *run_dir);

/* For struct generations: `context` is a struct take_over. */
void take_over_flows(void *context, const struct snapshot *first);
