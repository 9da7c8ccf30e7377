/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void add_flow(struct table *table, const json_t *flow)
{
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", show_text(flow, "protocol"));
	table_add(table, TABLE_PLAIN, "%s", show_text(flow, "state"));
	table_add(table, TABLE_PLAIN, "%s", show_text(flow, "client"));
	table_add(table, TABLE_PLAIN, "%s", show_text(flow, "service"));
	table_add(table, TABLE_PLAIN, "%s", or_dash(show_text(flow, "local")));
	table_add(table, TABLE_PLAIN, "%s", show_text(flow, "backend"));
	table_add(table, TABLE_PLAIN, "%s", or_dash(show_text(flow, "service_name")));
	table_add(table, TABLE_PLAIN, "%s", or_dash(show_text(flow, "backend_name")));
	table_add(table, TABLE_PLAIN, "%s",
		  units_duration(json_number_value(json_object_get(flow, "idle")), text));
}

void show_flows(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {"PROTO",   "STATE", "CLIENT",       "SERVICE", "LOCAL",
					     "BACKEND", "OF",    "BACKEND NAME", "IDLE",    NULL};
	const json_t *flows = json_object_get(document, "flows");
	char shown[UNITS_SIZE], total[UNITS_SIZE];
	struct table table;

	table_init(&table, titles);
	for (size_t i = 0; i < json_array_size(flows); i++)
		add_flow(&table, json_array_get(flows, i));
	table_print(&table, output->stream, output->colours);
	table_free(&table);
	fprintf(output->stream, "%s of %s flows\n", units_count(json_array_size(flows), shown),
		units_count(show_number(document, "total"), total));
}
