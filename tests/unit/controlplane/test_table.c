/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Tables and units of the command line. */
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"
#include "tests/unit/controlplane/check.h"

#include <stdlib.h>
#include <string.h>

static char *print(const struct table *table, bool colours)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	table_print(table, stream, colours);
	fclose(stream);
	return text;
}

static void columns_are_aligned(void **state)
{
	static const char *const titles[] = {"NAME", ">FLOWS", "STATE", NULL};
	struct table table;

	(void)state;
	table_init(&table, titles);
	table_add(&table, TABLE_PLAIN, "web/a");
	table_add(&table, TABLE_PLAIN, "%d", 7);
	table_add(&table, TABLE_GREEN, "UP");
	table_add(&table, TABLE_PLAIN, "b");
	table_add(&table, TABLE_PLAIN, "1,234,567");
	table_add(&table, TABLE_RED, "DOWN");

	char *plain = print(&table, false);
	char *coloured = print(&table, true);

	assert_string_equal(plain, "NAME       FLOWS  STATE\n"
				   "web/a          7  UP\n"
				   "b      1,234,567  DOWN\n");
	/* colours take no room */
	assert_non_null(strstr(coloured, "web/a          7  \033[32mUP\033[0m\n"));
	assert_non_null(strstr(coloured, "\033[31mDOWN\033[0m\n"));
	free(plain);
	free(coloured);
	table_free(&table);
}

static void empty_table_has_its_titles(void **state)
{
	static const char *const titles[] = {"A", ">B", NULL};
	struct table table;

	(void)state;
	table_init(&table, titles);

	char *text = print(&table, false);

	assert_string_equal(text, "A  B\n");
	free(text);
	table_free(&table);
}

static void counts(void **state)
{
	char text[UNITS_SIZE];

	(void)state;
	assert_string_equal(units_count(0, text), "0");
	assert_string_equal(units_count(999, text), "999");
	assert_string_equal(units_count(1000, text), "1,000");
	assert_string_equal(units_count(12345678, text), "12,345,678");
	assert_string_equal(units_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void bytes(void **state)
{
	char text[UNITS_SIZE];

	(void)state;
	assert_string_equal(units_bytes(999, text), "999 B");
	assert_string_equal(units_bytes(1000, text), "1.0 kB");
	assert_string_equal(units_bytes(999949, text), "999.9 kB");
	assert_string_equal(units_bytes(999950, text), "1.0 MB");
	assert_string_equal(units_bytes(1234567890, text), "1.2 GB");
	assert_string_equal(units_bytes(UINT64_MAX, text), "18.4 EB");
}

static void durations(void **state)
{
	char text[UNITS_SIZE];

	(void)state;
	assert_string_equal(units_duration(-1, text), "0.0 s");
	assert_string_equal(units_duration(1.25, text), "1.2 s");
	assert_string_equal(units_duration(59.9, text), "59 s");
	assert_string_equal(units_duration(185, text), "3 m 5 s");
	assert_string_equal(units_duration(7440, text), "2 h 4 m");
	assert_string_equal(units_duration(442800, text), "5 d 3 h");
}

static void short_times(void **state)
{
	char text[UNITS_SIZE];

	(void)state;
	assert_string_equal(units_short(0, text), "0.00 us");
	assert_string_equal(units_short(0.4249, text), "0.42 us");
	assert_string_equal(units_short(0.996, text), "1.0 us");
	assert_string_equal(units_short(9.94, text), "9.9 us");
	assert_string_equal(units_short(9.96, text), "10 us");
	assert_string_equal(units_short(999.4, text), "999 us");
	assert_string_equal(units_short(999.6, text), "1.0 ms");
	assert_string_equal(units_short(123456, text), "123 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(empty_table_has_its_titles),
		cmocka_unit_test(counts),
		cmocka_unit_test(bytes),
		cmocka_unit_test(durations),
		cmocka_unit_test(short_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
