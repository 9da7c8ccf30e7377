/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which changes only a restart brings about. */
#include "config/errors.h"
#include "config/render.h"

#include <string.h>

/* A walk through two configurations at once. */
struct walk {
	struct render before, after;
	struct pointer place;
	struct pointer field; /* that is read at start only, and `place` lies in */
	config_restart_visit *visit;
	void *context;
	bool differs;
};

static void compare(struct walk *walk, json_t *a, const json_t *b);

static void compare_lists(struct walk *walk, const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < json_array_size(a); i++) {
		size_t up = pointer_push_index(&walk->place, i);
		compare(walk, json_array_get(a, i), json_array_get(b, i));
		pointer_pop(&walk->place, up);
	}
}

/* Both have the same keys: they were rendered with all defaults. */
static void compare_objects(struct walk *walk, json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach (a, key, value) {
		size_t up = pointer_push_key(&walk->place, key);
		compare(walk, value, json_object_get(b, key));
		pointer_pop(&walk->place, up);
	}
}

/* Lists of another length differ as a whole. */
static void compare(struct walk *walk, json_t *a, const json_t *b)
{
	if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
		compare_lists(walk, a, b);
	} else if (json_is_object(a) && json_is_object(b)) {
		compare_objects(walk, a, b);
	} else if (!json_equal(a, b)) {
		walk->differs = true;
		walk->visit(walk->context, walk->field.text, walk->place.text);
	}
}

static void compare_field(struct walk *walk, const struct field *field, const char *was,
			  const char *will_be)
{
	json_t *before = render_field(&walk->before, field, was);
	json_t *after = render_field(&walk->after, field, will_be);

	walk->field = walk->place;
	compare(walk, before, after);
	json_decref(before);
	json_decref(after);
}

/* Lists are read as a whole at start, or not at all: only single objects are walked into. */
static void walk_object(struct walk *walk, const struct field_object *object, const char *was,
			const char *will_be)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		size_t up = pointer_push_key(&walk->place, field->key);
		if (field->flags & FIELD_START_ONLY)
			compare_field(walk, field, was, will_be);
		else if (field->object != NULL && !field->is_list)
			walk_object(walk, field->object, was + field->offset,
				    will_be + field->offset);
		pointer_pop(&walk->place, up);
	}
}

bool config_needs_restart(const struct config *running, const struct config *next,
			  config_restart_visit *visit, void *context)
{
	struct walk walk = {.before = {.config = running, .with_defaults = true},
			    .after = {.config = next, .with_defaults = true},
			    .visit = visit,
			    .context = context};

	walk_object(&walk, &fields_root, (const char *)running, (const char *)next);
	return walk.differs;
}
