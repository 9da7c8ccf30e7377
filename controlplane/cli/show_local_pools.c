/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

static enum table_colour colour_of(double used)
{
	return used >= 0.95 ? TABLE_RED : used >= 0.80 ? TABLE_YELLOW : TABLE_PLAIN;
}

static void add_pool(struct table *table, const json_t *pool)
{
	double used = json_number_value(json_object_get(pool, "used"));
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", show_text(pool, "name"));
	table_add(table, TABLE_PLAIN, "%zu", json_array_size(json_object_get(pool, "addresses")));
	table_add(table, TABLE_PLAIN, "%s", show_text(pool, "ports"));
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(pool, "places"), text));
	table_add(table, TABLE_PLAIN, "%s", show_text(pool, "busiest"));
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(pool, "flows"), text));
	table_add(table, colour_of(used), "%.1f %%", (1 - used) * 100);
}

void show_local_pools(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {
		"LOCAL POOL",      ">ADDRESSES", "PORTS",     ">PLACES",
		"BUSIEST BACKEND", ">FLOWS",     ">HEADROOM", NULL};

	show_rows(titles, json_object_get(document, "local_pools"), add_pool, output);
}
