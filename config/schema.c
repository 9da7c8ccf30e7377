/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The JSON Schema: what an editor or another program can check without us. */
#include "config/config.h"
#include "config/fields.h"
#include "config/values.h"

#include <string.h>

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *reference_to(const struct field_object *object)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", object->name));
}

static json_t *words_of(const struct field *field)
{
	json_t *words = json_array();

	for (size_t i = 0; field->words[i] != NULL; i++)
		json_array_append_new(words, json_string(field->words[i]));
	return words;
}

static json_t *pattern(const char *expression)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", expression);
}

static json_t *text_schema(const struct field *field)
{
	json_t *schema = field->type == FIELD_NAME ? pattern("^[A-Za-z0-9._-]+$")
						   : json_pack("{s:s}", "type", "string");

	set(schema, "minLength", json_integer(1));
	set(schema, "maxLength", json_integer((json_int_t)value_text_maximum(field)));
	return schema;
}

/* One value, of a list too. */
static json_t *value_schema(const struct field *field)
{
	switch (field->type) {
	case FIELD_OBJECT:
		return reference_to(field->object);
	case FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case FIELD_NUMBER:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
				 (json_int_t)field->minimum, "maximum", (json_int_t)field->maximum);
	case FIELD_DURATION:
		return pattern("^(0|[1-9][0-9]*)(ms|s|m|h)$");
	case FIELD_WORD:
		return json_pack("{s:o}", "enum", words_of(field));
	case FIELD_ADDRESS:
		return json_pack("{s:s, s:[{s:s}, {s:s}]}", "type", "string", "anyOf", "format",
				 "ipv4", "format", "ipv6");
	case FIELD_PREFIX:
		return pattern("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$");
	case FIELD_MAC:
		return pattern("^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$");
	case FIELD_PORTS:
		return pattern("^([1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?|\\*)$");
	case FIELD_STATUSES:
		return pattern("^[1-5][0-9]{2}(-[1-5][0-9]{2})?$");
	case FIELD_DEVICE:
		return pattern("^(af_xdp|pci|memif|pcap|ring|null):");
	default:
		return text_schema(field);
	}
}

static json_t *field_schema(const struct field *field)
{
	json_t *schema = value_schema(field);

	if (field->is_list) {
		schema = json_pack("{s:s, s:o, s:I}", "type", "array", "items", schema, "maxItems",
				   (json_int_t)field->count_maximum);
		if (field->count_minimum > 0)
			set(schema, "minItems", json_integer((json_int_t)field->count_minimum));
	}
	set(schema, "description",
	    json_sprintf("%s%s", field->help,
			 field->flags & FIELD_START_ONLY ? " A change needs a restart." : ""));
	if (field->fallback != NULL)
		set(schema, "default", fields_default(field));
	return schema;
}

/* Exactly one of the fields that exclude each other: {"oneOf": [{"required": [key]}, ...]}. */
static void add_alternatives(json_t *schema, const struct field_object *object)
{
	json_t *alternatives = json_array();

	for (size_t i = 0; i < object->field_count; i++) {
		if (object->fields[i].flags & FIELD_EITHER)
			json_array_append_new(alternatives, json_pack("{s:[s]}", "required",
								      object->fields[i].key));
	}
	if (json_array_size(alternatives) > 0)
		set(schema, "oneOf", alternatives);
	else
		json_decref(alternatives);
}

static json_t *object_schema(const struct field_object *object)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s, s:s, s:o}", "type", "object", "description", object->help,
				   "properties", properties);

	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		set(properties, field->key, field_schema(field));
		if (field->flags & FIELD_REQUIRED)
			json_array_append_new(required, json_string(field->key));
	}
	set(schema, "required", required);
	set(schema, "additionalProperties", json_false());
	add_alternatives(schema, object);
	return schema;
}

json_t *config_schema(void)
{
	const struct field_object *objects[FIELDS_OBJECTS_MAX];
	size_t count = fields_objects(objects);
	json_t *schema = json_object(), *definitions = json_object();

	set(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	set(schema, "title", json_string("Headrace configuration"));
	json_t *root = object_schema(objects[0]);
	json_object_update(schema, root);
	json_decref(root);
	for (size_t i = 1; i < count; i++)
		set(definitions, objects[i]->name, object_schema(objects[i]));
	set(schema, "$defs", definitions);
	return schema;
}
