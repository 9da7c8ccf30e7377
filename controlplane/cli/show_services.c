/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

/* "198.51.100.10, 198.51.100.11" */
static void join(const json_t *list, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && length < size; i++) {
		const char *item = json_string_value(json_array_get(list, i));
		int written = snprintf(text + length, size - length, "%s%s", i > 0 ? "," : "",
				       item != NULL ? item : "?");

		length += written > 0 ? (size_t)written : 0;
	}
}

static void add_service(struct table *table, const json_t *service)
{
	uint64_t up = show_number(service, "backends_up"), all = show_number(service, "backends");
	char addresses[256], ports[128], text[UNITS_SIZE];

	join(json_object_get(service, "addresses"), addresses, sizeof(addresses));
	join(json_object_get(service, "ports"), ports, sizeof(ports));
	table_add(table, TABLE_PLAIN, "%s", show_text(service, "name"));
	table_add(table, TABLE_PLAIN, "%s", addresses);
	table_add(table, TABLE_PLAIN, "%s/%s", ports, show_text(service, "protocol"));
	table_add(table, TABLE_PLAIN, "%s", show_text(service, "forwarding"));
	table_add(table, TABLE_PLAIN, "%s", show_text(service, "pool"));
	table_add(table,
		  up == all ? TABLE_GREEN
		  : up == 0 ? TABLE_RED
			    : TABLE_YELLOW,
		  "%" PRIu64 " of %" PRIu64, up, all);
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(service, "flows"), text));
	table_add(table, TABLE_PLAIN, "%s",
		  units_count(show_number(service, "flows_started"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(service, "bytes_in"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(service, "bytes_out"), text));
	table_add(table, show_number(service, "drops") > 0 ? TABLE_YELLOW : TABLE_PLAIN, "%s",
		  units_count(show_number(service, "drops"), text));
}

void show_services(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {"SERVICE", "ADDRESS", "PORT",   "FORWARDING",
					     "POOL",    "UP",      ">FLOWS", ">TOTAL",
					     ">IN",     ">OUT",    ">DROPS", NULL};

	show_rows(titles, json_object_get(document, "services"), add_service, output);
}
