/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Why a request is refused: becomes application/problem+json (RFC 9457). */
#pragma once

#include "config/config.h"

#include <jansson.h>

struct api_problem {
	unsigned status;
	char detail[512];
	json_t *errors; /* a list of {pointer, detail, line, column}; NULL: none */
};

/* Fills it in; always returns NULL, for functions that return a body. */
void *problem_set(struct api_problem *problem, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds faults of a configuration. */
void problem_add_errors(struct api_problem *problem, const struct config_errors *errors);

/* The answer's body; a new reference; takes over the list. NULL: no memory. */
json_t *problem_render(struct api_problem *problem, const char *title);
