/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/render.h"

#include "config/values.h"

#include <string.h>

static bool is_inline_pool(const struct field *field, const char *value)
{
	return (field->flags & FIELD_POOLS) &&
	       ((const struct config_pool *)(const void *)value)->is_inline;
}

static json_t *render_list(const struct render *render, const struct field *field,
			   const char *memory)
{
	json_t *list = json_array();
	const char *values;
	size_t count;

	memcpy(&values, memory + field->offset, sizeof(values));
	memcpy(&count, memory + field->count_offset, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		const char *value = values + i * field->size;
		if (is_inline_pool(field, value))
			continue;
		json_array_append_new(list, field->object != NULL
						    ? render_object(render, field->object, value)
						    : value_render(field, value));
	}
	return list;
}

json_t *render_field(const struct render *render, const struct field *field, const char *memory)
{
	if (field->is_list)
		return render_list(render, field, memory);
	if (field->object != NULL)
		return render_object(render, field->object, memory + field->offset);
	return value_render(field, memory + field->offset);
}

/* Lists and objects are empty by default; a value without any default is zero. */
static json_t *render_default(const struct render *render, const struct field *field,
			      const char *memory)
{
	union {
		uint64_t aligned;
		char bytes[CONFIG_PATH_SIZE];
	} value = {0};
	char why[VALUE_WHY_SIZE];

	if (field->inherits != 0)
		return render_field(render, field, (const char *)render->config + field->inherits);
	if (field->is_list)
		return json_array();
	if (field->object != NULL)
		return json_object();
	if (field->derive != NULL)
		field->derive(field, render->config, memory, value.bytes);
	json_t *fallback = fields_default(field);
	if (fallback != NULL)
		value_parse(field, fallback, value.bytes, why);
	json_decref(fallback);
	return value_render(field, value.bytes);
}

/* The pool that a service holds itself, or NULL. */
static const char *inline_pool(const struct render *render, const char *service)
{
	const struct config_service *holder = (const void *)service;
	const struct config_pool *pool = config_find_pool(render->config, holder->pool);

	return pool != NULL && pool->is_inline ? (const char *)pool : NULL;
}

/* Whether a value is written: what is its default is not, nor the pool's name beside its backends.
 */
static bool is_written(const struct render *render, const struct field *field, const char *memory,
		       const json_t *json)
{
	if (field->flags & FIELD_REQUIRED)
		return true;
	if (field->flags & FIELD_EITHER)
		return (field->flags & FIELD_INLINE) || inline_pool(render, memory) == NULL;
	if (render->with_defaults)
		return true;
	json_t *fallback = render_default(render, field, memory);
	bool differs = !json_equal(json, fallback);
	json_decref(fallback);
	return differs;
}

json_t *render_object(const struct render *render, const struct field_object *object,
		      const char *memory)
{
	json_t *json = json_object();

	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		const char *source =
			field->flags & FIELD_INLINE ? inline_pool(render, memory) : memory;
		if (source == NULL)
			continue;
		json_t *value = render_field(render, field, source);
		if (is_written(render, field, source, value))
			json_object_set_new(json, field->key, value);
		else
			json_decref(value);
	}
	return json;
}

json_t *config_render(const struct config *config)
{
	struct render render = {.config = config};

	return render_object(&render, &fields_root, (const char *)config);
}
