/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What users are told of a backend's state, of one that left, and how many of a pool are up. Pure.
 */
#pragma once

#include "config/model.h"
#include "controlplane/health/health.h"
#include "dataplane/abi/tables.h"

enum backend_state {
	BACKEND_UP,       /* takes new flows */
	BACKEND_DOWN,     /* its checks fail, or it is in maintenance */
	BACKEND_DRAINING, /* keeps its flows, takes no new ones: drain, or weight 0 */
	BACKEND_CHECKING, /* its first check has not ended */
	BACKEND_REMOVED,  /* left the configuration, and still has flows */
	BACKEND_STATES
};

/* "up", ... */
const char *backend_state_text(enum backend_state state);

/* Of one that is configured. */
enum backend_state backend_state_of(const struct config_backend *backend,
				    enum check_verdict verdict);

/* What stands in `tables` as "pool/backend", taken apart. */
struct removed_name {
	char pool[ABI_NAME_SIZE];
	char backend[ABI_NAME_SIZE + 16];
};

/*
 * A name that filled its place may be cut, and like another, or have lost the
 * backend's part: "~" and the index, which no name holds, then tell which it is.
 */
void removed_split(const char *text, uint32_t index, struct removed_name *name);

/* How many backends a pool has, and how many of them take new flows. */
struct pool_count {
	const char *pool;
	size_t all, up;
};

/* Of every pool, for pool_count_find(); malloc'ed. NULL: no memory. */
struct pool_count *pool_counts_make(const struct config *config, const struct health *health);

/* NULL: there is no such pool. */
const struct pool_count *pool_count_find(const struct pool_count *counts,
					 const struct config *config, const char *pool);
