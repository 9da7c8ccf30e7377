/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The reference page, docs/configuration.md. */
#include "config/config.h"
#include "config/fields.h"
#include "config/notation.h"

#include <inttypes.h>
#include <stdio.h>

static const char introduction[] =
	"# Configuration reference\n"
	"\n"
	"This page is made from the table in `config/fields.c`; edit that, not this.\n"
	"\n"
	"Headrace reads one JSON file, by default `/etc/headrace/headrace.json`, of at most 16 "
	"MiB and a million values.\n"
	"`headrace check FILE` says all that is wrong with one, each fault with its line and its\n"
	"place as a JSON pointer (RFC 6901). Complete examples are in `config/examples/`.\n"
	"\n"
	"- Unknown keys are errors, and so are keys that come twice.\n"
	"- A *duration* is a text: a whole number and `ms`, `s`, `m` or `h`, such as `\"500ms\"`.\n"
	"- A *name* has letters, digits, `.`, `_` and `-`, 63 at most.\n"
	"- *Ports* are a text: `\"80\"`, `\"8000-8099\"` or `\"*\"`. Where several match, a single "
	"port\n"
	"  goes before a range, and a range before `\"*\"`.\n"
	"- *Statuses* are a text, of HTTP: `\"204\"` or `\"200-299\"`.\n"
	"- `port` is one of Headrace's, `interface` one of Linux's.\n"
	"- *restart* marks what a daemon reads only when it starts; all else can change at any "
	"time.\n"
	"- Addresses are IPv4 or IPv6. A service, its backends, its local pool and the clients it\n"
	"  names are of one family: make a service for each, as in `dual-stack.json`.\n";

static const char *type_name(const struct field *field)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "true or false", [FIELD_NUMBER] = "number",
		[FIELD_DURATION] = "duration",  [FIELD_NAME] = "name",
		[FIELD_TEXT] = "text",          [FIELD_ADDRESS] = "address",
		[FIELD_PREFIX] = "prefix",      [FIELD_MAC] = "MAC address",
		[FIELD_PORTS] = "ports",        [FIELD_STATUSES] = "statuses",
		[FIELD_DEVICE] = "device",
	};

	return names[field->type];
}

static void write_type(const struct field *field, FILE *stream)
{
	char least[NOTATION_SIZE], most[NOTATION_SIZE];

	if (field->is_list)
		fputs("list of ", stream);
	switch (field->type) {
	case FIELD_OBJECT:
		fprintf(stream, "[%s](#%s)", field->object->name, field->object->name);
		break;
	case FIELD_WORD:
		for (size_t i = 0; field->words[i] != NULL; i++)
			fprintf(stream, "%s`%s`", i == 0 ? "" : ", ", field->words[i]);
		break;
	case FIELD_NUMBER:
		fprintf(stream, "number, %" PRIu64 " to %" PRIu64, field->minimum, field->maximum);
		if (field->unit != NULL)
			fprintf(stream, " %s", field->unit);
		break;
	case FIELD_DURATION:
		fprintf(stream, "duration, %s to %s",
			notation_write_duration(field->minimum, 'h', least),
			notation_write_duration(field->maximum, 'h', most));
		break;
	default:
		fputs(type_name(field), stream);
	}
}

static void write_default(const struct field *field, FILE *stream)
{
	if (field->flags & FIELD_REQUIRED)
		fputs("**required**", stream);
	else if (field->flags & FIELD_EITHER)
		fputs("**required**, one of them", stream);
	else if (field->default_text != NULL)
		fputs(field->default_text, stream);
	else if (field->fallback != NULL)
		fprintf(stream, "`%s`", field->fallback);
	else
		fputs(field->is_list ? "empty" : "", stream);
}

static void write_object(const struct field_object *object, FILE *stream)
{
	fprintf(stream, "\n## %s\n\n%s\n\n", object->name, object->help);
	fputs("| key | type | default | meaning |\n|---|---|---|---|\n", stream);
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		fprintf(stream, "| `%s` | ", field->key);
		write_type(field, stream);
		fputs(" | ", stream);
		write_default(field, stream);
		fprintf(stream, " | %s%s |\n", field->help,
			field->flags & FIELD_START_ONLY ? " *(restart)*" : "");
	}
}

char *config_reference(void)
{
	const struct field_object *objects[FIELDS_OBJECTS_MAX];
	size_t count = fields_objects(objects), length;
	char *page = NULL;
	FILE *stream = open_memstream(&page, &length);

	if (stream == NULL)
		return NULL;
	fputs(introduction, stream);
	for (size_t i = 0; i < count; i++)
		write_object(objects[i], stream);
	fclose(stream);
	return page;
}
