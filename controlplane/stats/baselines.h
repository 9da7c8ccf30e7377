/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What each index had counted when it was given to its present object. The
 * counters are the dataplane's and outlive this process, so this must too: it
 * is written through to a file `baselines` in the run directory. Without that
 * file (no room for it) it ends with the process.
 */
#pragma once

#include "dataplane/abi/counters.h"

enum stats_kind { STATS_SERVICE, STATS_BACKEND, STATS_KINDS };

struct baseline {
	uint64_t identity; /* 0: never assigned */
	uint64_t instance; /* of `counters`; another one began at 0 */
	struct abi_traffic traffic;
};

struct baselines;

/* NULL: no memory. */
struct baselines *baselines_open(const char *run_dir);
void baselines_close(struct baselines *baselines);

/* Indexes the kind has. */
uint32_t baselines_limit(enum stats_kind kind);

/* `index` is below the limit. */
const struct baseline *baselines_get(const struct baselines *baselines, enum stats_kind kind,
				     uint32_t index);
void baselines_set(struct baselines *baselines, enum stats_kind kind, uint32_t index,
		   const struct baseline *baseline);
