/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/errors.h"

#include "config/scan.h"
#include "config/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds bytes, or as many as there is room for; a character is not cut in two. */
static void append(struct pointer *pointer, const char *bytes, size_t count)
{
	size_t room = sizeof(pointer->text) - 1 - pointer->length;
	bool cut = count > room;

	if (cut)
		count = room;
	memcpy(pointer->text + pointer->length, bytes, count);
	pointer->length += count;
	pointer->text[pointer->length] = '\0';
	if (cut) {
		text_trim(pointer->text);
		pointer->length = strlen(pointer->text);
	}
}

void pointer_push_text(struct pointer *pointer, const char *text)
{
	append(pointer, text, strlen(text));
}

size_t pointer_push_key(struct pointer *pointer, const char *key)
{
	size_t before = pointer->length;
	size_t plain;

	append(pointer, "/", 1);
	while (key[plain = strcspn(key, "~/")] != '\0') {
		append(pointer, key, plain);
		append(pointer, key[plain] == '~' ? "~0" : "~1", 2);
		key += plain + 1;
	}
	append(pointer, key, plain);
	return before;
}

/* Walks do this for each member of each list: by hand it takes a tenth of snprintf()'s time. */
size_t pointer_push_index(struct pointer *pointer, size_t index)
{
	char text[24];
	size_t before = pointer->length, at = sizeof(text);

	do
		text[--at] = (char)('0' + index % 10);
	while ((index /= 10) > 0);
	text[--at] = '/';
	append(pointer, text + at, sizeof(text) - at);
	return before;
}

void pointer_pop(struct pointer *pointer, size_t length)
{
	pointer->length = length;
	pointer->text[length] = '\0';
}

/* Room for one more; the array's room is the next power of two of its count. */
static struct config_error *extend(struct report *report)
{
	struct config_errors *errors = report->errors;

	if ((errors->count & (errors->count - 1)) == 0) {
		size_t room = errors->count == 0 ? 1 : errors->count * 2;
		void *items = reallocarray(errors->items, room, sizeof(*errors->items));
		if (items == NULL) {
			report->out_of_memory = true;
			return NULL;
		}
		errors->items = items;
	}
	struct config_error *error = &errors->items[errors->count++];
	memset(error, 0, sizeof(*error));
	return error;
}

static void __attribute__((format(printf, 5, 0)))
add(struct report *report, const char *pointer, int line, int column, const char *format,
    va_list arguments)
{
	size_t count = report->errors->count;
	struct config_error *error = report_is_full(report) ? NULL : extend(report);

	if (error == NULL)
		return;
	if (count == REPORT_MAX) {
		snprintf(error->detail, sizeof(error->detail),
			 "more is wrong than the %d faults that are listed", REPORT_MAX);
		return;
	}
	snprintf(error->pointer, sizeof(error->pointer), "%s", pointer);
	vsnprintf(error->detail, sizeof(error->detail), format, arguments);
	text_make_utf8(error->pointer);
	text_make_utf8(error->detail);
	error->line = line;
	error->column = column;
}

void report_add(struct report *report, const char *pointer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(report, pointer, 0, 0, format, arguments);
	va_end(arguments);
}

void report_add_at(struct report *report, const char *pointer, int line, int column,
		   const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(report, pointer, line, column, format, arguments);
	va_end(arguments);
}

bool report_suggests(const struct report *report)
{
	return report->errors->count < REPORT_SUGGESTED_MAX;
}

bool report_is_full(const struct report *report)
{
	return report->errors->count > REPORT_MAX;
}

bool report_has(const struct report *report, const char *pointer)
{
	size_t length = strlen(pointer);

	for (size_t i = 0; i < report->errors->count; i++) {
		const char *at = report->errors->items[i].pointer;
		if (strncmp(at, pointer, length) == 0 && (at[length] == '\0' || at[length] == '/'))
			return true;
	}
	return false;
}

static int by_pointer(const void *a, const void *b)
{
	const struct config_error *left = a, *right = b;

	return strcmp(left->pointer, right->pointer);
}

static int by_place(const void *a, const void *b)
{
	const struct config_error *left = a, *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	return strcmp(left->detail, right->detail);
}

/* Of the errors sorted by pointer, those at this one. */
static void locate(void *context, const char *pointer, int line, int column, bool duplicate)
{
	struct config_errors *errors = context;
	size_t first = 0, last = errors->count;

	(void)duplicate;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		if (strcmp(errors->items[middle].pointer, pointer) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	for (; first < errors->count; first++) {
		struct config_error *error = &errors->items[first];
		if (strcmp(error->pointer, pointer) != 0)
			return;
		if (error->line == 0) {
			error->line = line;
			error->column = column;
		}
	}
}

void report_end(struct report *report, const char *text, size_t length)
{
	struct config_errors *errors = report->errors;

	if (errors->count == 0)
		return;
	qsort(errors->items, errors->count, sizeof(*errors->items), by_pointer);
	if (text != NULL && scan_document(text, length, locate, errors) != 0)
		report->out_of_memory = true;
	qsort(errors->items, errors->count, sizeof(*errors->items), by_place);
}

void config_errors_free(struct config_errors *errors)
{
	free(errors->items);
	errors->items = NULL;
	errors->count = 0;
}

static void print_plain(const char *text, FILE *stream)
{
	for (; *text != '\0'; text++)
		putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
}

void config_errors_print(const char *path, const struct config_errors *errors, FILE *stream)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *error = &errors->items[i];
		fprintf(stream, "%s:", path);
		if (error->line > 0)
			fprintf(stream, "%d:%d:", error->line, error->column);
		putc(' ', stream);
		if (error->pointer[0] != '\0') {
			print_plain(error->pointer, stream);
			fputs(": ", stream);
		}
		print_plain(error->detail, stream);
		putc('\n', stream);
	}
}
