/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Tells the log, once, when a local pool is nearly used up. */
#pragma once

#include <ev.h>
#include <stddef.h>

struct controlplane;

/* What was told of a pool: see local_pool_watch.c. */
struct local_pool_told;

struct local_pool_watch {
	struct controlplane *controlplane;
	ev_timer timer;
	struct local_pool_told *told;
	size_t count;
};

void local_pool_watch_start(struct local_pool_watch *watch, struct controlplane *controlplane);
void local_pool_watch_stop(struct local_pool_watch *watch);

/*
 * The threshold, in percent, that is passed now: 95, 80, or 0. One that was
 * passed holds until the share is below 70 %.
 */
unsigned local_pool_level(unsigned told, double share);
