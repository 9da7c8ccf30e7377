/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Paths of the API. Pure. */
#pragma once

#include "config/model.h"

#include <stdbool.h>

#define ROUTE_NAMES_MAX 2

/* The names in a path: of a service or pool, and of a backend in it. */
struct route_names {
	char names[ROUTE_NAMES_MAX][CONFIG_NAME_SIZE];
};

/*
 * Whether a path, its percent-encoding undone, is of this pattern, where "*"
 * stands for a name: "/v1/pools/ * /backends/ *" without the blanks. What the
 * stars stand for goes into `names`; a name longer than any there can be is no match.
 */
bool route_matches(const char *pattern, const char *path, struct route_names *names);
