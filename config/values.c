/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/values.h"

#include "config/device.h"
#include "config/notation.h"
#include "config/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* What a value of each type is called when something else was found. */
static const char *const expected[] = {
	[FIELD_OBJECT] = "an object",
	[FIELD_BOOL] = "true or false",
	[FIELD_NUMBER] = "a whole number",
	[FIELD_DURATION] = "a duration such as \"500ms\"",
	[FIELD_WORD] = "a word in quotes",
	[FIELD_NAME] = "a name in quotes",
	[FIELD_TEXT] = "a text in quotes",
	[FIELD_ADDRESS] = "an IP address such as \"192.0.2.1\"",
	[FIELD_PREFIX] = "a prefix such as \"192.0.2.0/24\"",
	[FIELD_MAC] = "a MAC address such as \"02:00:5e:00:53:01\"",
	[FIELD_PORTS] = "ports in quotes, such as \"80\" or \"8000-8099\"",
	[FIELD_STATUSES] = "HTTP statuses in quotes, such as \"204\" or \"200-299\"",
	[FIELD_DEVICE] = "a device such as \"af_xdp:eth1\"",
};

const char *value_expected(const struct field *field)
{
	return expected[field->type];
}

const char *value_kind(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return "null";
	}
}

size_t value_text_maximum(const struct field *field)
{
	if (field->maximum != 0)
		return field->maximum;
	if (field->is_list)
		return (field->type == FIELD_NAME ? CONFIG_NAME_SIZE : CONFIG_PATH_SIZE) - 1;
	return field->size - 1;
}

static void __attribute__((format(printf, 2, 3))) say(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, VALUE_WHY_SIZE, format, arguments);
	va_end(arguments);
}

static void store_number(const struct field *field, uint64_t number, void *memory)
{
	if (field->size == sizeof(uint16_t))
		*(uint16_t *)memory = (uint16_t)number;
	else if (field->size == sizeof(uint32_t))
		*(uint32_t *)memory = (uint32_t)number;
	else
		*(uint64_t *)memory = number;
}

static uint64_t load_number(const struct field *field, const void *memory)
{
	if (field->size == sizeof(uint16_t))
		return *(const uint16_t *)memory;
	if (field->size == sizeof(uint32_t))
		return *(const uint32_t *)memory;
	return *(const uint64_t *)memory;
}

static bool parse_number(const struct field *field, json_int_t number, void *memory, char *why)
{
	if (number < 0 || (uint64_t)number < field->minimum || (uint64_t)number > field->maximum) {
		say(why, "%" JSON_INTEGER_FORMAT " is out of range: write %" PRIu64 " to %" PRIu64,
		    number, field->minimum, field->maximum);
		return false;
	}
	store_number(field, (uint64_t)number, memory);
	return true;
}

/* A text that a notation refused: "TEXT is no duration: ...". */
static bool is_right(const char *text, const char *flaw, char *why)
{
	char quoted[TEXT_QUOTE_SIZE];

	if (flaw != NULL)
		say(why, "%s %s", text_quote(text, quoted), flaw);
	return flaw == NULL;
}

static bool parse_duration(const struct field *field, const char *text, void *memory, char *why)
{
	char quoted[TEXT_QUOTE_SIZE], least[NOTATION_SIZE], most[NOTATION_SIZE];
	uint64_t ms;

	if (!is_right(text, notation_read_duration(text, &ms), why))
		return false;
	if (ms < field->minimum || ms > field->maximum) {
		say(why, "%s is out of range: write %s to %s", text_quote(text, quoted),
		    notation_write_duration(field->minimum, 'h', least),
		    notation_write_duration(field->maximum, 'h', most));
		return false;
	}
	store_number(field, ms, memory);
	return true;
}

static bool parse_word(const struct field *field, const char *text, void *memory, char *why)
{
	char quoted[TEXT_QUOTE_SIZE];
	const char *close = NULL;
	size_t length;

	for (unsigned i = 0; field->words[i] != NULL; i++) {
		if (strcmp(text, field->words[i]) == 0) {
			memcpy(memory, &i, sizeof(i));
			return true;
		}
		if (text_is_close(text, field->words[i]))
			close = field->words[i];
	}
	if (close != NULL) {
		say(why, "%s is not known here; did you mean \"%s\"?", text_quote(text, quoted),
		    close);
		return false;
	}
	say(why, "%s is not known here: write ", text_quote(text, quoted));
	for (unsigned i = 0; field->words[i] != NULL; i++) {
		const char *before = i == 0 ? "" : field->words[i + 1] == NULL ? " or " : ", ";
		length = strlen(why);
		snprintf(why + length, VALUE_WHY_SIZE - length, "%s\"%s\"", before,
			 field->words[i]);
	}
	return false;
}

static bool parse_text(const struct field *field, const char *text, void *memory, char *why)
{
	char quoted[TEXT_QUOTE_SIZE];
	size_t length = strlen(text), maximum = value_text_maximum(field);

	if (length == 0 || length > maximum) {
		say(why, "%s is %s: write 1 to %zu characters", text_quote(text, quoted),
		    length == 0 ? "empty" : "too long", maximum);
		return false;
	}
	for (const char *at = text; *at != '\0'; at++) {
		if (iscntrl((unsigned char)*at)) {
			say(why, "%s holds a control character: take it out",
			    text_quote(text, quoted));
			return false;
		}
	}
	if (field->type == FIELD_NAME && strspn(text, NAME_LETTERS) != length) {
		say(why, "%s is no name: use letters, digits, \".\", \"_\" and \"-\" only",
		    text_quote(text, quoted));
		return false;
	}
	if (!field->is_list) {
		memcpy(memory, text, length + 1);
		return true;
	}
	char *copy = strdup(text);
	memcpy(memory, &copy, sizeof(copy));
	if (copy == NULL)
		say(why, "there is not enough memory for it");
	return copy != NULL;
}

static bool parse_prefix(const struct field *field, const char *text, struct config_prefix *prefix,
			 char *why)
{
	if (!is_right(text, notation_read_prefix(text, prefix), why))
		return false;
	if (!(field->flags & FIELD_NETWORK) || !notation_has_host_bits(prefix))
		return true;
	return is_right(text, "has bits set behind its prefix length: clear them, or lengthen it",
			why);
}

static bool parse_device(const struct field *field, const char *text, char *device, char *why)
{
	struct config_port *port = (void *)(device - offsetof(struct config_port, device));

	return parse_text(field, text, device, why) && is_right(text, device_parse(port), why);
}

static bool parse_string(const struct field *field, const char *text, void *memory, char *why)
{
	switch (field->type) {
	case FIELD_DURATION:
		return parse_duration(field, text, memory, why);
	case FIELD_WORD:
		return parse_word(field, text, memory, why);
	case FIELD_ADDRESS:
		return is_right(text, notation_read_address(text, memory), why);
	case FIELD_PREFIX:
		return parse_prefix(field, text, memory, why);
	case FIELD_MAC:
		return is_right(text, notation_read_mac(text, memory), why);
	case FIELD_PORTS:
		return is_right(text, notation_read_ports(text, memory), why);
	case FIELD_STATUSES:
		return is_right(text, notation_read_statuses(text, memory), why);
	case FIELD_DEVICE:
		return parse_device(field, text, memory, why);
	default:
		return parse_text(field, text, memory, why);
	}
}

bool value_parse(const struct field *field, const json_t *json, void *memory,
		 char why[VALUE_WHY_SIZE])
{
	if (field->type == FIELD_BOOL && json_is_boolean(json)) {
		*(bool *)memory = json_is_true(json);
		return true;
	}
	if (field->type == FIELD_NUMBER && json_is_integer(json))
		return parse_number(field, json_integer_value(json), memory, why);
	if (field->type != FIELD_BOOL && field->type != FIELD_NUMBER && json_is_string(json))
		return parse_string(field, json_string_value(json), memory, why);
	say(why, "expected %s, got %s", value_expected(field), value_kind(json));
	return false;
}

static json_t *render_word(const struct field *field, const void *memory)
{
	unsigned word;

	memcpy(&word, memory, sizeof(word));
	return json_string(field->words[word]);
}

static json_t *render_text(const struct field *field, const void *memory)
{
	const char *text = memory;

	if (field->is_list)
		memcpy(&text, memory, sizeof(text));
	return json_string(text);
}

json_t *value_render(const struct field *field, const void *memory)
{
	char text[NOTATION_SIZE];

	switch (field->type) {
	case FIELD_BOOL:
		return json_boolean(*(const bool *)memory);
	case FIELD_NUMBER:
		return json_integer((json_int_t)load_number(field, memory));
	case FIELD_DURATION:
		return json_string(notation_write_duration(load_number(field, memory), 's', text));
	case FIELD_WORD:
		return render_word(field, memory);
	case FIELD_ADDRESS:
		return json_string(address_format(memory, text));
	case FIELD_PREFIX:
		return json_string(notation_write_prefix(memory, text));
	case FIELD_MAC:
		return json_string(notation_write_mac(memory, text));
	case FIELD_PORTS:
		return json_string(notation_write_ports(memory, text));
	case FIELD_STATUSES:
		return json_string(notation_write_statuses(memory, text));
	default:
		return render_text(field, memory);
	}
}
