/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show_flows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP       2
#define KEPT_SIZE (256 * 1024) /* some 700 lines */
#define LINE_MAX  4096
#define CELL_SIZE 192

/* As `keys`; the hop's three and those behind it make cells of their own. */
enum {
	KEY_PROTOCOL,
	KEY_STATE,
	KEY_CLIENT,
	KEY_SERVICE,
	KEY_LOCAL,
	KEY_BACKEND,
	KEY_SERVICE_NAME,
	KEY_BACKEND_NAME,
	KEY_AGE,
	KEY_IDLE,
	KEY_HOP_PORT,
	KEY_HOP_VLAN,
	KEY_HOP_MAC,
	KEY_WORKER, /* last here, first there: after it the search for keys goes round */
	KEY_COUNT
};

static const char *const keys[KEY_COUNT + 1] = {
	"protocol", "state",        "client",       "service", "local",
	"backend",  "service_name", "backend_name", "age",     "idle",
	"hop_port", "hop_vlan",     "hop_mac",      "worker",  NULL};

static const char *const titles[FLOW_COLUMNS] = {"PROTO", "STATE",   "CLIENT", "SERVICE",
						 "LOCAL", "BACKEND", "OF",     "POOL/BACKEND",
						 "AGE",   "IDLE",    "HOP",    "WORKER"};

struct flow_table {
	FILE *stream;
	bool colours;
	bool is_printing; /* the widths are known */
	size_t widths[FLOW_COLUMNS];
	char *kept;
	size_t kept_length;
	char line[LINE_MAX]; /* begun in the piece before */
	size_t line_length;
};

/* A row's cells; those that are not as the API wrote them lie in `made`. */
struct row {
	struct flat_value cells[FLOW_COLUMNS];
	char made[3][CELL_SIZE];
};

struct flow_table *flow_table_new(FILE *stream, bool colours)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->stream = stream;
	table->colours = colours;
	table->kept = malloc(KEPT_SIZE);
	for (size_t i = 0; i < FLOW_COLUMNS; i++)
		table->widths[i] = strlen(titles[i]);
	if (table->kept == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (table == NULL)
		return;
	free(table->kept);
	free(table);
}

static char *put_amount(char *to, uint64_t amount, char unit)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + amount % 10);
		amount /= 10;
	} while (amount != 0);
	memcpy(to, digits + at, sizeof(digits) - at);
	to += sizeof(digits) - at;
	*to++ = unit;
	return to;
}

char *flow_table_duration(char *to, const struct flat_value *seconds)
{
	uint64_t whole = 0;
	size_t i = 0;

	for (; i < seconds->length && seconds->text[i] >= '0' && seconds->text[i] <= '9'; i++)
		whole = whole * 10 + (uint64_t)(seconds->text[i] - '0');
	if (whole < 10 && i + 1 < seconds->length) {
		*to++ = (char)('0' + whole);
		*to++ = '.';
		*to++ = seconds->text[i + 1];
		*to++ = 's';
		return to;
	}
	if (whole < 60)
		return put_amount(to, whole, 's');
	if (whole < 3600)
		return put_amount(put_amount(to, whole / 60, 'm'), whole % 60, 's');
	if (whole < 86400)
		return put_amount(put_amount(to, whole / 3600, 'h'), whole % 3600 / 60, 'm');
	return put_amount(put_amount(to, whole / 86400, 'd'), whole % 86400 / 3600, 'h');
}

static char *put(char *to, const char *end, const struct flat_value *value)
{
	size_t length = value->length < (size_t)(end - to) ? value->length : (size_t)(end - to);

	memcpy(to, value->text, length);
	return to + length;
}

/* "wan/02:00:00:00:00:77", "wan.100/..." where the client's packets carry a VLAN. */
static struct flat_value hop_cell(const struct flat_value *values, char made[CELL_SIZE])
{
	const struct flat_value *vlan = &values[KEY_HOP_VLAN];
	const char *end = made + CELL_SIZE - 2;
	char *to = put(made, end, &values[KEY_HOP_PORT]);

	if (values[KEY_HOP_MAC].length == 0)
		return (struct flat_value){made, 0};
	if (vlan->length > 1 || (vlan->length == 1 && vlan->text[0] != '0')) {
		*to++ = '.';
		to = put(to, end, vlan);
	}
	*to++ = '/';
	to = put(to, end + 1, &values[KEY_HOP_MAC]);
	return (struct flat_value){made, (size_t)(to - made)};
}

static bool read_row(const char *line, size_t length, struct row *row)
{
	static const struct flat_value none = {"-", 1};
	struct flat_value values[KEY_COUNT];

	if (!flat_read(line, length, keys, values))
		return false;
	memcpy(row->cells, values, KEY_AGE * sizeof(values[0]));
	for (int i = 0; i < 2; i++) {
		char *end = flow_table_duration(row->made[i], &values[KEY_AGE + i]);

		row->cells[KEY_AGE + i] =
			(struct flat_value){row->made[i], (size_t)(end - row->made[i])};
	}
	row->cells[KEY_HOP_PORT] = hop_cell(values, row->made[2]);
	row->cells[FLOW_COLUMNS - 1] = values[KEY_WORKER];
	for (size_t i = 0; i < FLOW_COLUMNS; i++) {
		if (row->cells[i].length == 0)
			row->cells[i] = none;
	}
	return true;
}

/* A cell that does not fit any more is cut; none of the API's is as long as that. */
static void print_row(const struct flow_table *table, const struct flat_value *cells)
{
	char text[LINE_MAX];
	char *to = text, *end = text + sizeof(text) - 1;

	for (size_t i = 0; i < FLOW_COLUMNS; i++) {
		size_t width = table->widths[i] + GAP;
		size_t blanks = cells[i].length < width - 1 ? width - cells[i].length : 1;

		to = put(to, end, &cells[i]);
		if (i + 1 == FLOW_COLUMNS || blanks > (size_t)(end - to))
			break;
		memset(to, ' ', blanks);
		to += blanks;
	}
	*to++ = '\n';
	fwrite_unlocked(text, 1, (size_t)(to - text), table->stream);
}

static void print_titles(const struct flow_table *table)
{
	struct flat_value cells[FLOW_COLUMNS];

	for (size_t i = 0; i < FLOW_COLUMNS; i++)
		cells[i] = (struct flat_value){titles[i], strlen(titles[i])};
	if (table->colours)
		fputs("\033[1m", table->stream);
	print_row(table, cells);
	if (table->colours)
		fputs("\033[0m", table->stream);
}

static void widen(struct flow_table *table, const struct row *row)
{
	for (size_t i = 0; i < FLOW_COLUMNS; i++) {
		if (row->cells[i].length > table->widths[i])
			table->widths[i] = row->cells[i].length;
	}
}

/* Over the lines kept: either to measure them or to print them. */
static bool go_through_kept(struct flow_table *table, bool is_to_print)
{
	const char *line = table->kept, *end = table->kept + table->kept_length;
	struct row row;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		if (newline == NULL || !read_row(line, (size_t)(newline - line), &row))
			return false;
		if (is_to_print)
			print_row(table, row.cells);
		else
			widen(table, &row);
		line = newline + 1;
	}
	return true;
}

static bool print_kept(struct flow_table *table)
{
	table->is_printing = true;
	if (!go_through_kept(table, false))
		return false;
	print_titles(table);
	return go_through_kept(table, true);
}

/* A whole line, without its newline. */
static bool take_line(struct flow_table *table, const char *line, size_t length)
{
	struct row row;

	if (!table->is_printing) {
		if (table->kept_length + length + 1 <= KEPT_SIZE) {
			memcpy(table->kept + table->kept_length, line, length);
			table->kept_length += length;
			table->kept[table->kept_length++] = '\n';
			return true;
		}
		if (!print_kept(table))
			return false;
	}
	if (!read_row(line, length, &row))
		return false;
	print_row(table, row.cells);
	return true;
}

static bool append_part(struct flow_table *table, const char *bytes, size_t length)
{
	if (length > LINE_MAX - table->line_length)
		return false;
	memcpy(table->line + table->line_length, bytes, length);
	table->line_length += length;
	return true;
}

bool flow_table_add(struct flow_table *table, const char *bytes, size_t length)
{
	const char *end = bytes + length, *newline;

	while ((newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
		const char *line = bytes;
		size_t size = (size_t)(newline - bytes);

		if (table->line_length > 0) {
			if (!append_part(table, bytes, size))
				return false;
			line = table->line;
			size = table->line_length;
			table->line_length = 0;
		}
		if (!take_line(table, line, size))
			return false;
		bytes = newline + 1;
	}
	return append_part(table, bytes, (size_t)(end - bytes));
}

bool flow_table_finish(struct flow_table *table)
{
	return (table->is_printing || print_kept(table)) && table->line_length == 0;
}
