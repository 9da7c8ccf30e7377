/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/table.h"

#include "controlplane/array.h"

#include <stdarg.h>
#include <string.h>

#define GAP 2

void table_init(struct table *table, const char *const *titles)
{
	*table = (struct table){.titles = titles};
	while (titles[table->columns] != NULL && table->columns < TABLE_COLUMNS_MAX)
		table->columns++;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}

void table_add(struct table *table, enum table_colour colour, const char *format, ...)
{
	struct table_cell *cells =
		array_grow(table->cells, table->count, &table->room, sizeof(*cells));
	struct table_cell cell = {.colour = colour};
	va_list arguments;

	if (cells == NULL)
		return;
	table->cells = cells;
	va_start(arguments, format);
	if (vasprintf(&cell.text, format, arguments) < 0)
		cell.text = NULL;
	va_end(arguments);
	table->cells[table->count++] = cell;
}

static bool is_number(const struct table *table, size_t column)
{
	return table->titles[column][0] == '>';
}

static const char *title(const struct table *table, size_t column)
{
	return table->titles[column] + is_number(table, column);
}

static const char *cell_text(const struct table_cell *cell)
{
	return cell->text != NULL ? cell->text : "";
}

static void measure(const struct table *table, size_t *widths)
{
	for (size_t i = 0; i < table->columns; i++)
		widths[i] = strlen(title(table, i));
	for (size_t i = 0; i < table->count; i++) {
		size_t length = strlen(cell_text(&table->cells[i]));

		if (length > widths[i % table->columns])
			widths[i % table->columns] = length;
	}
}

static void put_spaces(FILE *stream, size_t count)
{
	fprintf(stream, "%*s", (int)count, "");
}

/* `escape` begins a colour; NULL: none. */
static void put_cell(const struct table *table, size_t column, const size_t *widths,
		     const char *text, const char *escape, FILE *stream)
{
	size_t padding = widths[column] - strlen(text);
	bool last = column + 1 == table->columns;

	if (is_number(table, column))
		put_spaces(stream, padding);
	if (escape != NULL)
		fprintf(stream, "%s%s\033[0m", escape, text);
	else
		fputs(text, stream);
	if (!is_number(table, column) && !last)
		put_spaces(stream, padding);
	if (last)
		fputc('\n', stream);
	else
		put_spaces(stream, GAP);
}

static const char *escape_of(enum table_colour colour)
{
	static const char *const escapes[] = {[TABLE_PLAIN] = NULL,
					      [TABLE_GREEN] = "\033[32m",
					      [TABLE_RED] = "\033[31m",
					      [TABLE_YELLOW] = "\033[33m"};

	return escapes[colour];
}

void table_print(const struct table *table, FILE *stream, bool colours)
{
	size_t widths[TABLE_COLUMNS_MAX];

	measure(table, widths);
	for (size_t i = 0; i < table->columns; i++)
		put_cell(table, i, widths, title(table, i), colours ? "\033[1m" : NULL, stream);
	for (size_t i = 0; i < table->count; i++)
		put_cell(table, i % table->columns, widths, cell_text(&table->cells[i]),
			 colours ? escape_of(table->cells[i].colour) : NULL, stream);
}
