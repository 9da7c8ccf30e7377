/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What a worker does when there is nothing to do. Polling takes a whole core;
 * `idle: sleep` naps instead, since the AF_XDP driver has no interrupt to wait
 * for. A nap lasts an eighth of the time for which nothing came, a millisecond
 * at most: waking costs some 20 us of CPU on a virtual machine, so that shorter
 * ones would take more than 5 % of a core for ever.
 */
#pragma once

#include "config/model.h"

#include <stdbool.h>
#include <stdint.h>

struct idle {
	bool sleeps;
	uint32_t empty_turns; /* in a row, up to the first nap */
	uint32_t napped_ns;   /* since the last packet; stops where naps do not grow any more */
};

/* Worker's thread: its timers become exact to the nanosecond. */
void idle_init(struct idle *idle, enum config_idle mode);

/* After each turn of the loop; true when it napped. */
bool idle_turn(struct idle *idle, bool found_work);

/*
 * The most a packet may wait because of a nap, in microseconds: the longest
 * nap and how late the kernel woke this thread at a few trials.
 */
uint32_t idle_latency_us(const struct idle *idle);
