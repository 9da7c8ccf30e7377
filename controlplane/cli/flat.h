/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A line of JSON that is one flat object of plain texts and numbers, as the API
 * writes a flow, taken apart in place: for lists of a million, which a general
 * parser takes seconds for. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where a value lies in the line; of a text without its quotes. Of null, and when missing: 0 long.
 */
struct flat_value {
	const char *text;
	size_t length;
};

/*
 * The values of the keys, which end with NULL. False: the line is something else, a text with
 * an escape or an object within among them.
 */
bool flat_read(const char *line, size_t length, const char *const *keys, struct flat_value *values);
