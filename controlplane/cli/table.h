/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A table for reading: aligned columns, an optional colour for a cell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 24

enum table_colour { TABLE_PLAIN, TABLE_GREEN, TABLE_RED, TABLE_YELLOW };

struct table_cell {
	char *text;
	enum table_colour colour;
};

struct table {
	const char *const *titles; /* one that begins with '>' is of a column of numbers */
	size_t columns;
	struct table_cell *cells; /* row after row */
	size_t count, room;
};

/* `titles` ends with NULL and must outlive the table. */
void table_init(struct table *table, const char *const *titles);
void table_free(struct table *table);

/* Adds the next cell; a row is full when it has a cell for each column. */
void table_add(struct table *table, enum table_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void table_print(const struct table *table, FILE *stream, bool colours);
