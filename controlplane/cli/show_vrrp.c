/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace show vrrp`: a line an instance, and why each group is as it is. */
#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

static enum table_colour colour_of(const char *state)
{
	if (strcmp(state, "active") == 0)
		return TABLE_GREEN;
	return strcmp(state, "fault") == 0 ? TABLE_RED : TABLE_PLAIN;
}

static void add_group(struct table *table, const json_t *group)
{
	const char *state = show_text(group, "state");
	bool released = json_is_true(json_object_get(group, "released"));
	const json_t *since = json_object_get(group, "since");
	char text[UNITS_SIZE] = "-";

	table_add(table, TABLE_PLAIN, "%s", show_text(group, "name"));
	table_add(table, colour_of(state), "%s%s", state, released ? ", released" : "");
	if (json_is_number(since))
		units_duration(json_number_value(since), text);
	table_add(table, TABLE_PLAIN, "%s", text);
	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(group, "priority"));
}

static uint64_t sum_faults(const json_t *instance)
{
	json_t *faults = json_object_get(instance, "faults");
	const char *name;
	json_t *count;
	uint64_t sum = 0;

	json_object_foreach (faults, name, count)
		sum += (uint64_t)json_integer_value(count);
	return sum;
}

/* "198.51.100.10 and 7 more": there may be hundreds. */
static void add_addresses(struct table *table, const json_t *instance)
{
	const json_t *addresses = json_object_get(instance, "addresses");
	const char *first = json_string_value(json_array_get(addresses, 0));
	size_t more = json_array_size(addresses);

	if (more > 1)
		table_add(table, TABLE_PLAIN, "%s and %zu more", first, more - 1);
	else
		table_add(table, TABLE_PLAIN, "%s", first == NULL ? "-" : first);
}

static void add_text(struct table *table, const char *text)
{
	table_add(table, TABLE_PLAIN, "%s", text[0] == '\0' ? "-" : text);
}

static void add_count(struct table *table, uint64_t count, enum table_colour colour)
{
	char text[UNITS_SIZE];

	table_add(table, colour, "%s", units_count(count, text));
}

static void add_instance(struct table *table, const json_t *instance)
{
	const json_t *active = json_object_get(instance, "active");
	bool is_down = json_is_false(json_object_get(instance, "link_up"));
	uint64_t faults = sum_faults(instance);

	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(instance, "id"));
	table_add(table, is_down ? TABLE_RED : TABLE_PLAIN, "%s%s",
		  show_text(instance, "interface"), is_down ? " (DOWN)" : "");
	add_text(table, show_text(instance, "source"));
	if (json_is_object(active))
		table_add(table, TABLE_PLAIN, "%s (%" PRIu64 ")", show_text(active, "address"),
			  show_number(active, "priority"));
	else
		add_text(table, "");
	add_count(table, show_number(instance, "adverts_sent"), TABLE_PLAIN);
	add_count(table, show_number(instance, "adverts_received"), TABLE_PLAIN);
	add_count(table, faults, faults > 0 ? TABLE_YELLOW : TABLE_PLAIN);
	add_addresses(table, instance);
}

/* The columns of the group stand in each of its rows, for sort, awk and their like. */
static void add_rows(struct table *table, const json_t *group)
{
	const json_t *instances = json_object_get(group, "instances");

	for (size_t i = 0; i < json_array_size(instances); i++) {
		add_group(table, group);
		add_instance(table, json_array_get(instances, i));
	}
}

void show_vrrp(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {"GROUP", "STATE",     "SINCE",   ">PRIORITY",
					     ">ID",   "INTERFACE", "SOURCE",  "ACTIVE NODE HEARD",
					     ">SENT", ">RECEIVED", ">FAULTS", "ADDRESSES",
					     NULL};
	const json_t *groups = json_object_get(document, "vrrp_groups");

	if (json_array_size(groups) == 0) {
		fputs("no VRRP groups are configured\n", output->stream);
		return;
	}
	show_rows(titles, groups, add_rows, output);
	fputc('\n', output->stream);
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);

		fprintf(output->stream, "%s: %s: %s\n", show_text(group, "name"),
			show_text(group, "state"), show_text(group, "reason"));
	}
}
