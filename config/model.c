/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/config.h"
#include "config/fields.h"
#include "config/groups.h"
#include "config/index.h"

#include <stdlib.h>
#include <string.h>

static void free_object(const struct field_object *object, char *memory);

static bool holds_text(const struct field *field)
{
	return field->type == FIELD_TEXT || field->type == FIELD_NAME;
}

static void free_list(const struct field *field, char *memory)
{
	char *values;
	size_t count;

	memcpy(&values, memory + field->offset, sizeof(values));
	memcpy(&count, memory + field->count_offset, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		if (field->object != NULL) {
			free_object(field->object, values + i * field->size);
		} else if (holds_text(field)) {
			char *text;
			memcpy(&text, values + i * field->size, sizeof(text));
			free(text);
		}
	}
	free(values);
}

/* A service's inline rows are those of its pool, which is in the list of pools. */
static void free_object(const struct field_object *object, char *memory)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		if (field->flags & FIELD_INLINE)
			continue;
		if (field->is_list)
			free_list(field, memory);
		else if (field->object != NULL)
			free_object(field->object, memory + field->offset);
	}
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	free_object(&fields_root, (char *)config);
	index_free(config);
	groups_free(config);
	free(config);
}

const struct config_local_pool *config_find_local_pool(const struct config *config,
						       const char *name)
{
	for (size_t i = 0; i < config->local_pool_count; i++) {
		if (strcmp(config->local_pools[i].name, name) == 0)
			return &config->local_pools[i];
	}
	return NULL;
}
