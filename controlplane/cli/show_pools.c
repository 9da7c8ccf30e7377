/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Pools and their backends. */
#include "config/address.h"
#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

static enum table_colour state_colour(const char *state)
{
	if (strcmp(state, "up") == 0)
		return TABLE_GREEN;
	if (strcmp(state, "down") == 0)
		return TABLE_RED;
	return TABLE_YELLOW;
}

static const char *state_word(const char *state)
{
	if (strcmp(state, "up") == 0)
		return "UP";
	if (strcmp(state, "down") == 0)
		return "DOWN";
	return state;
}

static void add_place(struct table *table, const json_t *backend)
{
	uint16_t port = (uint16_t)show_number(backend, "port");
	const char *text = show_text(backend, "address");
	char place[ADDRESS_PORT_TEXT_SIZE];
	struct address address;

	if (port == 0 || address_parse(text, &address) < 0)
		table_add(table, TABLE_PLAIN, "%s", text);
	else
		table_add(table, TABLE_PLAIN, "%s", address_format_port(&address, port, place));
}

static void add_backend(struct table *table, const char *pool, const json_t *backend)
{
	const char *state = show_text(backend, "state");
	const json_t *next_hop = json_object_get(backend, "next_hop");
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s/%s", pool, show_text(backend, "name"));
	add_place(table, backend);
	table_add(table, state_colour(state), "%s", state_word(state));
	table_add(table, TABLE_PLAIN, "%s",
		  units_duration(json_number_value(json_object_get(backend, "since")), text));
	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(backend, "weight"));
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(backend, "flows"), text));
	table_add(table, TABLE_PLAIN, "%s",
		  units_count(show_number(backend, "flows_started"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(backend, "bytes_in"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(backend, "bytes_out"), text));
	table_add(table, show_number(backend, "drops") > 0 ? TABLE_YELLOW : TABLE_PLAIN, "%s",
		  units_count(show_number(backend, "drops"), text));
	table_add(table, TABLE_PLAIN, "%s",
		  json_is_object(next_hop) ? show_text(next_hop, "port") : "-");
	table_add(table, TABLE_PLAIN, "%s", show_text(backend, "reason"));
}

static void add_backends(struct table *table, const json_t *pool)
{
	const json_t *backends = json_object_get(pool, "backends");

	for (size_t i = 0; i < json_array_size(backends); i++)
		add_backend(table, show_text(pool, "name"), json_array_get(backends, i));
}

void show_backends(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {"BACKEND", "ADDRESS",    "STATE", "FOR",  ">WEIGHT",
					     ">FLOWS",  ">TOTAL",     ">IN",   ">OUT", ">DROPS",
					     "PORT",    "LAST CHECK", NULL};

	show_rows(titles, json_object_get(document, "pools"), add_backends, output);
}

static const char *where_written(const json_t *is_inline)
{
	if (json_is_null(is_inline))
		return "nowhere, drains";
	return json_is_true(is_inline) ? "in its service" : "by name";
}

static void add_pool(struct table *table, const json_t *pool)
{
	const json_t *backends = json_object_get(pool, "backends");
	size_t up = 0, all = json_array_size(backends);
	uint64_t flows = 0, started = 0;
	char text[UNITS_SIZE];

	for (size_t i = 0; i < all; i++) {
		const json_t *backend = json_array_get(backends, i);

		up += strcmp(show_text(backend, "state"), "up") == 0;
		flows += show_number(backend, "flows");
		started += show_number(backend, "flows_started");
	}
	table_add(table, TABLE_PLAIN, "%s", show_text(pool, "name"));
	table_add(table,
		  up == all ? TABLE_GREEN
		  : up == 0 ? TABLE_RED
			    : TABLE_YELLOW,
		  "%zu of %zu", up, all);
	table_add(table, TABLE_PLAIN, "%s", units_count(flows, text));
	table_add(table, TABLE_PLAIN, "%s", units_count(started, text));
	table_add(table, TABLE_PLAIN, "%s", where_written(json_object_get(pool, "inline")));
}

void show_pools(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {"POOL", "UP", ">FLOWS", ">TOTAL", "WRITTEN", NULL};

	show_rows(titles, json_object_get(document, "pools"), add_pool, output);
}
