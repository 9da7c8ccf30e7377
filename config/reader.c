/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/reader.h"

#include "config/fields.h"
#include "config/groups.h"
#include "config/index.h"
#include "config/text.h"
#include "config/values.h"

#include <stdlib.h>
#include <string.h>

/* A default that waits until all of the document is read. */
struct pending {
	const struct field *field;
	char *object;
};

struct reader {
	struct report *report;
	struct pointer pointer;
	const json_t *document;
	struct config *config;
	struct pending *pending;
	size_t pending_count;
};

static void read_object(struct reader *reader, const struct field_object *object, json_t *json,
			char *memory);

static void add_pending(struct reader *reader, const struct field *field, char *object)
{
	size_t count = reader->pending_count;

	if ((count & (count - 1)) == 0) {
		void *grown = reallocarray(reader->pending, count == 0 ? 1 : 2 * count,
					   sizeof(*reader->pending));
		if (grown == NULL) {
			reader->report->out_of_memory = true;
			return;
		}
		reader->pending = grown;
	}
	reader->pending[reader->pending_count++] = (struct pending){field, object};
}

/* False when the value was refused and its default must do. */
static bool read_value(struct reader *reader, const struct field *field, json_t *json, char *value)
{
	char why[VALUE_WHY_SIZE];

	if (field->object != NULL) {
		read_object(reader, field->object, json, value);
		return true;
	}
	if (value_parse(field, json, value, why))
		return true;
	report_add(reader->report, reader->pointer.text, "%s", why);
	return false;
}

/* How many services hold their backends inline: each becomes one pool more. */
static size_t count_inline_pools(const json_t *document)
{
	const json_t *services = json_object_get(document, "services");
	const json_t *service;
	size_t index, count = 0;

	json_array_foreach (services, index, service) {
		count += json_object_get(service, "backends") != NULL;
	}
	return count;
}

/* False, with a fault, when there are more or fewer elements than the field may have. */
static bool count_is_right(struct reader *reader, const struct field *field, size_t count)
{
	const char *pointer = reader->pointer.text;

	if (count < field->count_minimum)
		report_add(reader->report, pointer, "the list is empty: name at least %zu",
			   field->count_minimum);
	else if (count > field->count_maximum)
		report_add(reader->report, pointer, "%zu are too many: there may be %zu", count,
			   field->count_maximum);
	return count >= field->count_minimum && count <= field->count_maximum;
}

/* Allocates once: other structs point into the elements. */
static void read_list(struct reader *reader, const struct field *field, json_t *json, char *memory)
{
	size_t count = json_array_size(json);
	size_t room = count;

	if (json != NULL && !json_is_array(json)) {
		report_add(reader->report, reader->pointer.text, "expected a list, got %s",
			   value_kind(json));
	} else if (json != NULL && !count_is_right(reader, field, count)) {
		count = 0;
		room = 0;
	}
	if (field->flags & FIELD_POOLS)
		room += count_inline_pools(reader->document);
	if (room == 0)
		return;
	char *values = calloc(room, field->size);
	if (values == NULL) {
		reader->report->out_of_memory = true;
		return;
	}
	memcpy(memory + field->offset, &values, sizeof(values));
	memcpy(memory + field->count_offset, &count, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		size_t up = pointer_push_index(&reader->pointer, i);
		read_value(reader, field, json_array_get(json, i), values + i * field->size);
		pointer_pop(&reader->pointer, up);
	}
}

/* What a field is when the document does not name it. */
static void read_default(struct reader *reader, const struct field *field, char *memory)
{
	json_t *fallback = fields_default(field);
	char why[VALUE_WHY_SIZE];

	if (field->derive != NULL || field->inherits != 0)
		add_pending(reader, field, memory);
	else if (field->is_list)
		read_list(reader, field, NULL, memory);
	else if (field->object != NULL)
		read_object(reader, field->object, NULL, memory + field->offset);
	else if (fallback != NULL)
		value_parse(field, fallback, memory + field->offset, why);
	json_decref(fallback);
}

static void read_field(struct reader *reader, const struct field *field, json_t *json, char *memory)
{
	size_t up = pointer_push_key(&reader->pointer, field->key);

	if (field->is_list)
		read_list(reader, field, json, memory);
	else if (!read_value(reader, field, json, memory + field->offset))
		read_default(reader, field, memory);
	pointer_pop(&reader->pointer, up);
}

static void report_unknown(struct reader *reader, const struct field_object *object,
			   const char *key)
{
	size_t up = pointer_push_key(&reader->pointer, key);
	char quoted[TEXT_QUOTE_SIZE], known[256] = "";
	const char *close = NULL;

	for (size_t i = 0; i < object->field_count && !report_is_full(reader->report); i++) {
		const char *name = object->fields[i].key;
		size_t length = strlen(known);
		if (report_suggests(reader->report) && text_is_close(key, name))
			close = name;
		snprintf(known + length, sizeof(known) - length, "%s%s", i == 0 ? "" : ", ", name);
	}
	if (close != NULL)
		report_add(reader->report, reader->pointer.text,
			   "the key %s is not known here; did you mean \"%s\"?",
			   text_quote(key, quoted), close);
	else
		report_add(reader->report, reader->pointer.text,
			   "the key %s is not known here; known are %s", text_quote(key, quoted),
			   known);
	pointer_pop(&reader->pointer, up);
}

/* Of fields that exclude each other, exactly one must be there. */
static void check_either(struct reader *reader, const struct field_object *object,
			 const json_t *json)
{
	const char *keys[2] = {NULL, NULL};
	size_t count = 0, present = 0;

	for (size_t i = 0; i < object->field_count && count < 2; i++) {
		if (!(object->fields[i].flags & FIELD_EITHER))
			continue;
		keys[count++] = object->fields[i].key;
		present += json_object_get(json, object->fields[i].key) != NULL;
	}
	if (count == 2 && present != 1)
		report_add(reader->report, reader->pointer.text,
			   present == 0 ? "neither \"%s\" nor \"%s\" is here: write one of them"
					: "both \"%s\" and \"%s\" are here: keep one of them",
			   keys[0], keys[1]);
}

static void check_keys(struct reader *reader, const struct field_object *object, json_t *json)
{
	const char *key;
	json_t *value;

	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		if ((field->flags & FIELD_REQUIRED) && json_object_get(json, field->key) == NULL)
			report_add(reader->report, reader->pointer.text,
				   "\"%s\" is missing: write %s%s", field->key,
				   field->is_list ? "a list, each " : "", value_expected(field));
	}
	check_either(reader, object, json);
	json_object_foreach (json, key, value) {
		if (fields_find(object, key) == NULL)
			report_unknown(reader, object, key);
	}
}

/* The pool of a service that holds its backends itself; room for it was made. */
static struct config_pool *add_inline_pool(struct reader *reader, const json_t *service)
{
	struct config *config = reader->config;

	if (json_object_get(service, "backends") == NULL || config->pools == NULL)
		return NULL;
	struct config_pool *pool = &config->pools[config->pool_count++];
	pool->is_inline = true;
	return pool;
}

static void name_inline_pool(struct config_pool *pool, struct config_service *service)
{
	memcpy(pool->name, service->name, sizeof(pool->name));
	memcpy(service->pool, service->name, sizeof(service->pool));
}

/* Without `json` every field gets its default. */
static void read_object(struct reader *reader, const struct field_object *object, json_t *json,
			char *memory)
{
	struct config_pool *pool = NULL;

	if (json != NULL && !json_is_object(json)) {
		report_add(reader->report, reader->pointer.text, "expected an object, got %s",
			   value_kind(json));
		json = NULL;
	}
	if (json != NULL)
		check_keys(reader, object, json);
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		json_t *value = json_object_get(json, field->key);
		char *target = memory;
		if (field->flags & FIELD_INLINE) {
			if (pool == NULL)
				pool = add_inline_pool(reader, json);
			target = (char *)pool;
		}
		if (target == NULL)
			continue;
		if (value != NULL)
			read_field(reader, field, value, target);
		else
			read_default(reader, field, target);
	}
	if (pool != NULL)
		name_inline_pool(pool, (struct config_service *)(void *)memory);
}

/* A list of its own that is as the one in `from`. */
static void copy_list(struct reader *reader, const struct field *field, const char *from,
		      char *memory)
{
	const void *values;
	size_t count;

	memcpy(&values, from + field->offset, sizeof(values));
	memcpy(&count, from + field->count_offset, sizeof(count));
	if (count == 0)
		return;
	void *copy = calloc(count, field->size);
	if (copy == NULL) {
		reader->report->out_of_memory = true;
		return;
	}
	memcpy(copy, values, count * field->size);
	memcpy(memory + field->offset, &copy, sizeof(copy));
	memcpy(memory + field->count_offset, &count, sizeof(count));
}

static void inherit(struct reader *reader, const struct field *field, char *memory)
{
	const char *from = (const char *)reader->config + field->inherits;

	if (field->is_list)
		copy_list(reader, field, from, memory);
	else
		memcpy(memory + field->offset, from + field->offset, field->size);
}

static void fill_pending(struct reader *reader)
{
	for (size_t i = 0; i < reader->pending_count; i++) {
		const struct field *field = reader->pending[i].field;
		char *object = reader->pending[i].object;
		if (field->derive != NULL)
			field->derive(field, reader->config, object, object + field->offset);
		else
			inherit(reader, field, object);
	}
}

void reader_read(json_t *document, struct config *config, struct report *report)
{
	struct reader reader = {.report = report, .document = document, .config = config};

	read_object(&reader, &fields_root, document, (char *)config);
	if (index_make(config) < 0 || groups_make(config) < 0)
		report->out_of_memory = true;
	if (!report->out_of_memory)
		fill_pending(&reader);
	free(reader.pending);
}
