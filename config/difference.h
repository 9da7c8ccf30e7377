/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What changed between two documents, in the words of who reads it. Pure; any thread. */
#pragma once

#include <jansson.h>

/*
 * A list of {"op": "add" | "remove" | "change", "pointer", "name", "from", "to"}; a new reference,
 * NULL: no memory. Members of lists that have a "name" are compared by it, not by position. The
 * pointer is one into `after`; of what was removed, into `before`. "name" is for people:
 * "pool web / backend a / weight". `revision` is not compared. Where members of such a list that
 * are in both have changed places, "from" and "to" are their names: "pools / order". Rows come as
 * in `before`, then what is new.
 */
json_t *difference_list(const json_t *before, const json_t *after);
