/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The structs as JSON again, by the table of fields. */
#pragma once

#include "config/config.h"
#include "config/fields.h"

struct render {
	const struct config *config;
	bool with_defaults; /* write what is the default, too */
};

/* A new reference; `memory` is the struct that the object or field describes. */
json_t *render_object(const struct render *render, const struct field_object *object,
		      const char *memory);
json_t *render_field(const struct render *render, const struct field *field, const char *memory);
