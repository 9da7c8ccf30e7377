/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/scan.h"

#include "config/errors.h"

#include <errno.h>
#include <string.h>

struct scanner {
	const char *at, *end;
	int line, column;
	struct pointer pointer;
	scan_visit *visit;
	void *context;
};

static int scan_value(struct scanner *scanner);

static bool ended(const struct scanner *scanner)
{
	return scanner->at >= scanner->end;
}

/* Columns count characters: the bytes that continue one in UTF-8 do not. */
static void step(struct scanner *scanner)
{
	if (*scanner->at == '\n') {
		scanner->line++;
		scanner->column = 1;
	} else if (((unsigned char)*scanner->at & 0xc0) != 0x80) {
		scanner->column++;
	}
	scanner->at++;
}

static void skip(struct scanner *scanner, const char *bytes)
{
	while (!ended(scanner) && *scanner->at != '\0' && strchr(bytes, *scanner->at) != NULL)
		step(scanner);
}

static void skip_until(struct scanner *scanner, const char *bytes)
{
	while (!ended(scanner) && *scanner->at != '\0' && strchr(bytes, *scanner->at) == NULL)
		step(scanner);
}

static void skip_string(struct scanner *scanner)
{
	step(scanner);
	while (!ended(scanner) && *scanner->at != '"') {
		if (*scanner->at == '\\')
			step(scanner);
		if (!ended(scanner))
			step(scanner);
	}
	if (!ended(scanner))
		step(scanner);
}

/* One member; `keys` are those its object had so far. */
static int scan_member(struct scanner *scanner, json_t *keys)
{
	const char *start = scanner->at;
	int line = scanner->line, column = scanner->column;

	skip_string(scanner);
	/* Jansson undoes the escapes: "\u006eame" is "name" too. */
	json_t *key = json_loadb(start, (size_t)(scanner->at - start), JSON_DECODE_ANY, NULL);
	if (key == NULL)
		return -ENOMEM;
	size_t up = pointer_push_key(&scanner->pointer, json_string_value(key));
	bool duplicate = json_object_get(keys, json_string_value(key)) != NULL;
	int error = json_object_set_new(keys, json_string_value(key), json_true()) ? -ENOMEM : 0;
	json_decref(key);
	scanner->visit(scanner->context, scanner->pointer.text, line, column, duplicate);
	skip(scanner, " \t\r\n:");
	if (error == 0)
		error = scan_value(scanner);
	pointer_pop(&scanner->pointer, up);
	return error;
}

static int scan_object(struct scanner *scanner)
{
	json_t *keys = json_object();
	int error = keys == NULL ? -ENOMEM : 0;

	step(scanner);
	skip(scanner, " \t\r\n");
	while (error == 0 && !ended(scanner) && *scanner->at == '"') {
		error = scan_member(scanner, keys);
		skip(scanner, " \t\r\n,");
	}
	if (!ended(scanner))
		step(scanner);
	json_decref(keys);
	return error;
}

static int scan_array(struct scanner *scanner)
{
	int error = 0;

	step(scanner);
	skip(scanner, " \t\r\n");
	for (size_t index = 0; error == 0 && !ended(scanner) && *scanner->at != ']'; index++) {
		size_t up = pointer_push_index(&scanner->pointer, index);
		scanner->visit(scanner->context, scanner->pointer.text, scanner->line,
			       scanner->column, false);
		error = scan_value(scanner);
		pointer_pop(&scanner->pointer, up);
		skip(scanner, " \t\r\n,");
	}
	if (!ended(scanner))
		step(scanner);
	return error;
}

/* Recursive; Jansson has refused what is nested deeper than 2048. */
static int scan_value(struct scanner *scanner)
{
	if (ended(scanner))
		return 0;
	if (*scanner->at == '{')
		return scan_object(scanner);
	if (*scanner->at == '[')
		return scan_array(scanner);
	if (*scanner->at == '"')
		skip_string(scanner);
	else
		skip_until(scanner, " \t\r\n,]}");
	return 0;
}

int scan_document(const char *text, size_t length, scan_visit *visit, void *context)
{
	struct scanner scanner = {
		.at = text,
		.end = text + length,
		.line = 1,
		.column = 1,
		.visit = visit,
		.context = context,
	};

	skip(&scanner, " \t\r\n");
	visit(context, "", scanner.line, scanner.column, false);
	return scan_value(&scanner);
}

size_t scan_count_values(const char *text, size_t length)
{
	bool in_string = false;
	size_t count = 1;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
		else
			count += text[i] == '{' || text[i] == '[' || text[i] == ',';
	}
	return count;
}
