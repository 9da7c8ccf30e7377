/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The query of a request: what a resource does not know is refused, not passed over. */
#pragma once

#include "controlplane/api/problem.h"

#include <stdbool.h>

#define QUERY_NAMES_MAX 16

/* A walk over the arguments of one request. */
struct query {
	const char *const *known; /* names that may be there; NULL behind the last */
	bool seen[QUERY_NAMES_MAX];
	struct api_problem *problem;
	bool refused;
};

/*
 * One argument; a value of NULL: it had no "=". False, with the problem set, when
 * it is not known, has no value, or was there before: somebody who writes
 * "?dry_run" or "?dryrun=true" must not get a real change.
 */
bool query_take(struct query *query, const char *name, const char *value);
