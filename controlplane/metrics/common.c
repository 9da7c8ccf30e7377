/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Shapes of families that several parts have. */
#include "controlplane/metrics/families.h"

#include <stdio.h>

void metrics_one_count(struct metrics_text *text, const char *name, enum metrics_kind kind,
		       const char *help, uint64_t value)
{
	metrics_family(text, name, kind, help);
	metrics_count(text, NULL, value);
}

void metrics_one_value(struct metrics_text *text, const char *name, enum metrics_kind kind,
		       const char *help, double value)
{
	metrics_family(text, name, kind, help);
	metrics_value(text, NULL, value);
}

void metrics_columns(struct metrics_text *text, const struct metrics_column *columns,
		     size_t column_count, const void *rows, size_t row_count, size_t row_size)
{
	for (size_t i = 0; i < column_count; i++) {
		const uint8_t *row = rows;

		metrics_family(text, columns[i].name, columns[i].kind, columns[i].help);
		for (size_t j = 0; j < row_count; j++, row += row_size)
			metrics_count(text, (const void *)row,
				      *(const uint64_t *)(const void *)(row + columns[i].offset));
	}
}

/* A family of traffic, for the services or for the backends. */
struct traffic_family {
	const char *suffix, *help;
	size_t in, out; /* offsets; `out` 0: no direction */
};

#define AT(member) offsetof(struct abi_traffic, member)

static const struct traffic_family families[] = {
	{"flows_started_total", "Flows begun.", AT(flows_started), 0},
	{"packets_total", "Packets forwarded; in: from clients, out: to clients.", AT(packets_in),
	 AT(packets_out)},
	{"bytes_total", "Bytes forwarded, IP headers included; in: from clients, out: to clients.",
	 AT(bytes_in), AT(bytes_out)},
	{"dropped_packets_total", "Packets dropped.", AT(drops), 0},
	{"client_on_backend_link_flows_total",
	 "Flows begun with dnat by clients on the backend's own link, which it answers past us.",
	 AT(client_on_backend_link), 0},
};

static uint64_t count_at(const struct metrics_traffic *row, size_t offset)
{
	return *(const uint64_t *)(const void *)((const uint8_t *)&row->counts + offset);
}

static void write_traffic(struct metrics_text *text, const struct traffic_family *family,
			  const struct metrics_traffic *row)
{
	if (family->out == 0) {
		metrics_count(text, &row->labels, count_at(row, family->in));
		return;
	}
	metrics_count_of(text, &row->labels, "direction", "in", count_at(row, family->in));
	metrics_count_of(text, &row->labels, "direction", "out", count_at(row, family->out));
}

static void write_flows(struct metrics_text *text, const struct metrics_traffic *row)
{
	const struct abi_traffic *counts = &row->counts;

	metrics_count(text, &row->labels,
		      counts->flows_started > counts->flows_ended
			      ? counts->flows_started - counts->flows_ended
			      : 0);
}

void metrics_of_traffic(struct metrics_text *text, const char *noun, const void *rows,
			size_t row_count, size_t row_size)
{
	const uint8_t *row = rows;
	char name[64];

	snprintf(name, sizeof(name), "headrace_%s_flows", noun);
	metrics_family(text, name, METRICS_GAUGE, "Flows there are now.");
	for (size_t i = 0; i < row_count; i++)
		write_flows(text, (const void *)(row + i * row_size));
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		snprintf(name, sizeof(name), "headrace_%s_%s", noun, families[i].suffix);
		metrics_family(text, name, METRICS_COUNTER, families[i].help);
		for (size_t j = 0; j < row_count; j++)
			write_traffic(text, &families[i], (const void *)(row + j * row_size));
	}
	text->family = NULL;
}
