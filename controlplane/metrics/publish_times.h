/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How long it takes to make generations, and until the dataplane forwards by
 * them. The dataplane stamps when it took one, so that it does not matter when
 * we look. One that is not forwarding yet is not timed; of generations that
 * follow each other faster than they are taken only the first is.
 */
#pragma once

#include "controlplane/metrics/histogram.h"

#include <ev.h>

struct stats;

struct publish_times {
	struct ev_loop *loop;
	struct stats *stats;
	struct metrics_histogram making; /* of generations */
	struct metrics_histogram taking; /* from the publication until it is taken */
	uint64_t failures;               /* publications that failed */
	uint64_t generation;             /* on its way; 0: none */
	uint64_t began_ns, published_ns; /* of it */
	ev_timer look;
};

void publish_times_start(struct publish_times *times, struct ev_loop *loop, struct stats *stats);
void publish_times_stop(struct publish_times *times);

/* publisher_publish() was called at `began_ns`, and has just returned `outcome`. */
void publish_times_note(struct publish_times *times, int outcome, uint64_t generation,
			uint64_t began_ns);
