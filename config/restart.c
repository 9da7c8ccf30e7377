/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which changes only a restart brings about. */
#include "config/errors.h"
#include "config/render.h"

#include <string.h>

static bool find_difference(json_t *a, const json_t *b, struct pointer *pointer);

static bool find_in_list(const json_t *a, const json_t *b, struct pointer *pointer)
{
	if (json_array_size(a) != json_array_size(b))
		return true;
	for (size_t i = 0; i < json_array_size(a); i++) {
		size_t up = pointer_push_index(pointer, i);
		if (find_difference(json_array_get(a, i), json_array_get(b, i), pointer))
			return true;
		pointer_pop(pointer, up);
	}
	return false;
}

/* Both have the same keys: they were rendered with all defaults. */
static bool find_in_object(json_t *a, const json_t *b, struct pointer *pointer)
{
	const char *key;
	json_t *value;

	json_object_foreach (a, key, value) {
		size_t up = pointer_push_key(pointer, key);
		if (find_difference(value, json_object_get(b, key), pointer))
			return true;
		pointer_pop(pointer, up);
	}
	return false;
}

/* True when they differ; `pointer` is left at the first place where they do. */
static bool find_difference(json_t *a, const json_t *b, struct pointer *pointer)
{
	if (json_is_array(a) && json_is_array(b))
		return find_in_list(a, b, pointer);
	if (json_is_object(a) && json_is_object(b))
		return find_in_object(a, b, pointer);
	return !json_equal(a, b);
}

static bool field_differs(const struct field *field, const struct render *running, const char *was,
			  const struct render *next, const char *will_be, struct pointer *pointer)
{
	json_t *before = render_field(running, field, was);
	json_t *after = render_field(next, field, will_be);
	bool differs = find_difference(before, after, pointer);

	json_decref(before);
	json_decref(after);
	return differs;
}

/* Lists are read as a whole at start, or not at all: only single objects are walked into. */
static bool object_differs(const struct field_object *object, const struct render *running,
			   const char *was, const struct render *next, const char *will_be,
			   struct pointer *pointer)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		size_t up = pointer_push_key(pointer, field->key);
		if ((field->flags & FIELD_START_ONLY) &&
		    field_differs(field, running, was, next, will_be, pointer))
			return true;
		if (field->object != NULL && !field->is_list &&
		    object_differs(field->object, running, was + field->offset, next,
				   will_be + field->offset, pointer))
			return true;
		pointer_pop(pointer, up);
	}
	return false;
}

bool config_needs_restart(const struct config *running, const struct config *next, char *pointer)
{
	struct render before = {.config = running, .with_defaults = true};
	struct render after = {.config = next, .with_defaults = true};
	struct pointer place = {.length = 0};
	bool differs = object_differs(&fields_root, &before, (const char *)running, &after,
				      (const char *)next, &place);

	memcpy(pointer, place.text, place.length + 1);
	return differs;
}
