/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Ending flows: goes through the records as a list of them does, and asks each
 * one's worker to end those that are meant, by `inbox`. A piece of work at a time;
 * a worker whose ring is full is waited for between two of them.
 */
#pragma once

#include "controlplane/flows/filter.h"

struct flow_flush;

/* Takes over `names`, whatever the outcome. NULL: no memory. */
struct flow_flush *flow_flush_open(const char *run_dir, const struct flow_filter *filter,
				   struct flow_names *names);
void flow_flush_close(struct flow_flush *flush);

/* Whether there is somebody to ask. */
bool flow_flush_has_inbox(const struct flow_flush *flush);

enum flow_flush_state {
	FLOW_FLUSH_GOES_ON, /* call again */
	FLOW_FLUSH_DONE,    /* the workers have taken every command */
	FLOW_FLUSH_STUCK    /* a worker has taken none for FLOW_FLUSH_PATIENCE_MS */
};

#define FLOW_FLUSH_PATIENCE_MS 2000

/* `now_ms` of CLOCK_MONOTONIC. */
enum flow_flush_state flow_flush_run(struct flow_flush *flush, uint64_t now_ms);

/* Flows whose end was asked for so far. */
uint64_t flow_flush_asked(const struct flow_flush *flush);
