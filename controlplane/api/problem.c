/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/problem.h"

#include "config/text.h"

#include <stdarg.h>
#include <stdio.h>

void *problem_set(struct api_problem *problem, unsigned status, const char *format, ...)
{
	va_list arguments;

	problem->status = status;
	va_start(arguments, format);

	int length = vsnprintf(problem->detail, sizeof(problem->detail), format, arguments);

	va_end(arguments);
	if (length >= (int)sizeof(problem->detail))
		text_trim(problem->detail);
	text_make_utf8(problem->detail);
	return NULL;
}

void problem_add_errors(struct api_problem *problem, const struct config_errors *errors)
{
	if (problem->errors == NULL)
		problem->errors = json_array();
	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *error = &errors->items[i];
		json_t *item =
			json_pack("{s:s, s:s}", "pointer", error->pointer, "detail", error->detail);

		if (error->line > 0) {
			json_object_set_new(item, "line", json_integer(error->line));
			json_object_set_new(item, "column", json_integer(error->column));
		}
		json_array_append_new(problem->errors, item);
	}
}

json_t *problem_render(struct api_problem *problem, const char *title)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title,
				 "status", (int)problem->status, "detail", problem->detail);

	if (problem->errors != NULL)
		json_object_set_new(body, "errors", problem->errors);
	problem->errors = NULL;
	return body;
}
