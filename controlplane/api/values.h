/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Values out of shared memory, as JSON. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <string.h>

static inline json_t *value_of_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* A text, which may lack its end. */
static inline json_t *value_of_text(const char *bytes, size_t size)
{
	json_t *value = json_stringn(bytes, strnlen(bytes, size));

	return value != NULL ? value : json_string("?");
}

#define VALUE_OF_TEXT(field) value_of_text(field, sizeof(field))
