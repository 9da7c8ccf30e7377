/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/metrics/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN    4096
#define NUMBER_SIZE 32
#define REPLACEMENT '?'

/* Where `bytes` more may be written; NULL: no memory. */
static char *make_room(struct metrics_text *text, size_t bytes)
{
	size_t room = text->room > 0 ? text->room : ROOM_MIN;
	char *larger;

	if (text->no_memory)
		return NULL;
	while (room - text->length < bytes)
		room *= 2;
	if (room != text->room) {
		larger = realloc(text->bytes, room);
		if (larger == NULL) {
			text->no_memory = true;
			return NULL;
		}
		text->bytes = larger;
		text->room = room;
	}
	return text->bytes + text->length;
}

static void append(struct metrics_text *text, const char *bytes, size_t length)
{
	char *to = make_room(text, length);

	if (to == NULL)
		return;
	memcpy(to, bytes, length);
	text->length += length;
}

static void append_text(struct metrics_text *text, const char *string)
{
	append(text, string, strlen(string));
}

void metrics_text_reserve(struct metrics_text *text, size_t bytes)
{
	make_room(text, bytes);
}

/* HELP escapes backslashes and line ends, and no quotes. */
static void append_help(struct metrics_text *text, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			append_text(text, "\\\\");
		else if (*help == '\n')
			append_text(text, "\\n");
		else
			append(text, help, 1);
	}
}

void metrics_family(struct metrics_text *text, const char *name, enum metrics_kind kind,
		    const char *help)
{
	static const char *const kinds[] = {[METRICS_COUNTER] = "counter",
					    [METRICS_GAUGE] = "gauge",
					    [METRICS_HISTOGRAM] = "histogram"};

	text->family = name;
	append_text(text, "# HELP ");
	append_text(text, name);
	append_text(text, " ");
	append_help(text, help);
	append_text(text, "\n# TYPE ");
	append_text(text, name);
	append_text(text, " ");
	append_text(text, kinds[kind]);
	append_text(text, "\n");
}

/* Writes the decimal digits of a number; returns how many. */
static size_t format_count(uint64_t value, char digits[NUMBER_SIZE])
{
	char reverse[NUMBER_SIZE];
	size_t length = 0;

	do {
		reverse[length++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	for (size_t i = 0; i < length; i++)
		digits[i] = reverse[length - 1 - i];
	return length;
}

static size_t format_value(double value, char digits[NUMBER_SIZE])
{
	const char *special = isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

	if (isfinite(value))
		return (size_t)snprintf(digits, NUMBER_SIZE, "%.15g", value);
	strcpy(digits, special);
	return strlen(special);
}

/* Name and labels of a sample; the value follows. */
static void append_head(struct metrics_text *text, const struct metrics_labels *labels,
			const char *key, const char *of)
{
	bool has_labels = labels != NULL && labels->length > 0;

	append_text(text, text->family);
	if (!has_labels && key == NULL)
		return;
	append_text(text, "{");
	if (has_labels)
		append(text, labels->text, labels->length);
	if (key != NULL) {
		append_text(text, has_labels ? "," : "");
		append_text(text, key);
		append_text(text, "=\"");
		append_text(text, of);
		append_text(text, "\"");
	}
	append_text(text, "}");
}

static void append_number(struct metrics_text *text, const char *digits, size_t length)
{
	append_text(text, " ");
	append(text, digits, length);
	append_text(text, "\n");
}

void metrics_count_of(struct metrics_text *text, const struct metrics_labels *labels,
		      const char *key, const char *of, uint64_t value)
{
	char digits[NUMBER_SIZE];

	append_head(text, labels, key, of);
	append_number(text, digits, format_count(value, digits));
}

void metrics_count(struct metrics_text *text, const struct metrics_labels *labels, uint64_t value)
{
	metrics_count_of(text, labels, NULL, NULL, value);
}

void metrics_value(struct metrics_text *text, const struct metrics_labels *labels, double value)
{
	char digits[NUMBER_SIZE];

	append_head(text, labels, NULL, NULL);
	append_number(text, digits, format_value(value, digits));
}

/* Bytes of the UTF-8 character at the start, as RFC 3629 has them; 0: it is none. */
static size_t character_length(const char *bytes, size_t size)
{
	uint8_t lead = (uint8_t)bytes[0], low = 0x80, high = 0xbf;
	size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead > 0xf4 || length == 0 || length > size)
		return 0;
	if (lead == 0xe0)
		low = 0xa0; /* no overlong forms */
	else if (lead == 0xed)
		high = 0x9f; /* no surrogates */
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf) {
		if ((uint8_t)bytes[i] < low || (uint8_t)bytes[i] > high)
			return 0;
	}
	return length;
}

/* One character as a label's value holds it; returns its length there, in `from` its own. */
static size_t escape(const char *bytes, size_t size, size_t *from, char escaped[4])
{
	*from = character_length(bytes, size);
	if (*from == 0) {
		*from = 1;
		escaped[0] = REPLACEMENT;
		return 1;
	}
	if (bytes[0] == '\\' || bytes[0] == '"' || bytes[0] == '\n') {
		escaped[0] = '\\';
		escaped[1] = bytes[0];
		if (bytes[0] == '\n')
			escaped[1] = 'n';
		return 2;
	}
	memcpy(escaped, bytes, *from);
	return *from;
}

void metrics_label_bytes(struct metrics_labels *labels, const char *key, const char *bytes,
			 size_t size)
{
	size_t key_length = strlen(key), length = labels->length, from;
	char escaped[4];

	size = strnlen(bytes, size);
	if (length + key_length + strlen(",=\"\"") > sizeof(labels->text))
		return;
	if (length > 0)
		labels->text[length++] = ',';
	memcpy(labels->text + length, key, key_length);
	length += key_length;
	labels->text[length++] = '=';
	labels->text[length++] = '"';
	for (size_t at = 0; at < size; at += from) {
		size_t more = escape(bytes + at, size - at, &from, escaped);

		if (length + more >= sizeof(labels->text))
			break;
		memcpy(labels->text + length, escaped, more);
		length += more;
	}
	labels->text[length++] = '"';
	labels->length = length;
}

void metrics_label(struct metrics_labels *labels, const char *key, const char *value)
{
	metrics_label_bytes(labels, key, value, strlen(value));
}

void metrics_label_number(struct metrics_labels *labels, const char *key, uint64_t value)
{
	char digits[NUMBER_SIZE];

	metrics_label_bytes(labels, key, digits, format_count(value, digits));
}

char *metrics_text_take(struct metrics_text *text)
{
	char *bytes;

	append(text, "", 1);
	bytes = text->bytes;
	if (text->no_memory) {
		free(bytes);
		bytes = NULL;
	}
	*text = (struct metrics_text){0};
	return bytes;
}
