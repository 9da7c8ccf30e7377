/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Single values of the configuration: from JSON into their struct and back. */
#pragma once

#include "config/fields.h"

#include <stdbool.h>

#define VALUE_WHY_SIZE 320

/*
 * Reads one value (never an object) into `memory`. False, with a sentence in
 * `why`, when it is not of the field's type or out of its bounds.
 */
bool value_parse(const struct field *field, const json_t *json, void *memory,
		 char why[VALUE_WHY_SIZE]);

/* The value as JSON, in its plainest form; a new reference. */
json_t *value_render(const struct field *field, const void *memory);

/* "a duration such as \"500ms\"", "an object": what a field expects, and what a value is. */
const char *value_expected(const struct field *field);
const char *value_kind(const json_t *json);

/* The longest text a field holds, in bytes. */
size_t value_text_maximum(const struct field *field);
