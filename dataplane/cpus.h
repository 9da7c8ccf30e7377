/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which CPUs the workers and the main thread run on. */
#pragma once

#include "config/model.h"

#include "dataplane/abi/status.h"

#include <sched.h>
#include <stddef.h>

struct cpus {
	unsigned workers[ABI_MAX_WORKERS]; /* one each */
	unsigned worker_count;
	cpu_set_t main; /* all others that are allowed, or, with one CPU, the same */
};

/* By dataplane.cores, else the highest CPUs allowed; 0 or -1, with the reason logged. */
int cpus_plan(struct cpus *cpus, const struct config_dataplane *config);

/* "0-2,5": as EAL and people write it; returns `text`. */
char *cpus_format(const cpu_set_t *set, char *text, size_t size);
