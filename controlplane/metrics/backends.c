/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Metrics of the backends: those of the configuration, and those that left it
 * and still have flows. Pool, name, address and port make a backend that
 * backend, so they are its labels: another address begins other series.
 */
#include "controlplane/array.h"
#include "controlplane/backend_state.h"
#include "controlplane/metrics/families.h"

#include <stdio.h>
#include <string.h>

struct backend_row {
	struct metrics_traffic traffic; /* first: see metrics_of_traffic() */
	enum backend_state state;
	bool is_ready, is_checked;
	uint32_t weight;
	uint64_t since_ms;
	struct health_view health; /* not of removed ones */
};

struct backend_rows {
	struct backend_row *rows;
	size_t count, room;
	bool no_memory;
};

static struct backend_row *add_row(struct backend_rows *rows)
{
	struct backend_row *grown =
		array_grow(rows->rows, rows->count, &rows->room, sizeof(*rows->rows));

	if (grown == NULL) {
		rows->no_memory = true;
		return NULL;
	}
	rows->rows = grown;
	grown[rows->count] = (struct backend_row){0};
	return &grown[rows->count++];
}

/* 10.0.0.11:8080; [2001:db8::1]:80; 10.0.0.11 when it keeps the port the client asked for. */
static void label_address(struct metrics_labels *labels, const struct address *address,
			  uint16_t port)
{
	char text[ADDRESS_PORT_TEXT_SIZE];

	metrics_label(labels, "address",
		      port == 0 ? address_format(address, text)
				: address_format_port(address, port, text));
}

static void add_backend(struct backend_rows *rows, struct controlplane *controlplane,
			const struct config_pool *pool, size_t number, size_t position)
{
	const struct config_backend *backend = &pool->backends[number];
	struct backend_row *row = add_row(rows);
	int index;

	if (row == NULL)
		return;
	row->health = health_view(controlplane->health, position);
	row->state = backend_state_of(backend, row->health.verdict);
	row->is_ready = backend->admin == CONFIG_READY;
	row->is_checked = row->health.checked_ms != 0;
	row->weight = backend->weight;
	row->since_ms = row->health.since_ms;
	metrics_label(&row->traffic.labels, "pool", pool->name);
	metrics_label(&row->traffic.labels, "backend", backend->name);
	label_address(&row->traffic.labels, &backend->address, backend->port);
	index = publisher_backend_index(controlplane->publisher, pool->name, backend);
	if (index >= 0)
		stats_traffic(controlplane->stats, STATS_BACKEND, (uint32_t)index,
			      &row->traffic.counts);
}

static void label_removed(struct metrics_labels *labels, const struct publish_removed *removed)
{
	struct removed_name name;

	removed_split(removed->name, removed->index, &name);
	metrics_label(labels, "pool", name.pool);
	metrics_label(labels, "backend", name.backend);
	label_address(labels, &removed->address, removed->port);
}

static void add_removed(struct backend_rows *rows, struct controlplane *controlplane)
{
	struct publish_removed removed;
	uint32_t from = 0;

	while (publisher_next_removed(controlplane->publisher, from, &removed) >= 0) {
		struct backend_row *row = add_row(rows);

		from = removed.index + 1;
		if (row == NULL)
			return;
		row->state = BACKEND_REMOVED;
		row->since_ms = removed.removed_at;
		label_removed(&row->traffic.labels, &removed);
		stats_traffic(controlplane->stats, STATS_BACKEND, removed.index,
			      &row->traffic.counts);
	}
}

static void collect(struct backend_rows *rows, struct controlplane *controlplane)
{
	const struct config *config = controlplane->config;
	size_t position = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		for (size_t j = 0; j < config->pools[i].backend_count; j++)
			add_backend(rows, controlplane, &config->pools[i], j, position++);
	}
	add_removed(rows, controlplane);
}

static void write_state(struct metrics_text *text, const struct backend_rows *rows)
{
	metrics_family(text, "headrace_backend_state", METRICS_GAUGE,
		       "1 for the state the backend is in, 0 for the others.");
	for (size_t i = 0; i < rows->count; i++) {
		for (int state = 0; state < BACKEND_STATES; state++)
			metrics_count_of(text, &rows->rows[i].traffic.labels, "state",
					 backend_state_text((enum backend_state)state),
					 rows->rows[i].state == (enum backend_state)state);
	}
}

/* A family of the backends that are configured. */
struct configured_family {
	const char *name, *help;
	uint64_t (*value)(const struct backend_row *row);
};

static uint64_t is_up(const struct backend_row *row)
{
	return row->state == BACKEND_UP || row->state == BACKEND_DRAINING;
}

static uint64_t is_ready(const struct backend_row *row)
{
	return row->is_ready;
}

static uint64_t weight(const struct backend_row *row)
{
	return row->weight;
}

static const struct configured_family configured[] = {
	{"headrace_backend_up", "1 while the backend is healthy, draining or not, else 0.", is_up},
	{"headrace_backend_ready", "1 when its administrative state is ready, 0: drain or maint.",
	 is_ready},
	{"headrace_backend_weight", "Weight the backend is configured with.", weight},
};

static void write_configured(struct metrics_text *text, const struct backend_rows *rows)
{
	for (size_t i = 0; i < sizeof(configured) / sizeof(configured[0]); i++) {
		metrics_family(text, configured[i].name, METRICS_GAUGE, configured[i].help);
		for (size_t j = 0; j < rows->count; j++) {
			const struct backend_row *row = &rows->rows[j];

			if (row->state != BACKEND_REMOVED)
				metrics_count(text, &row->traffic.labels, configured[i].value(row));
		}
	}
}

static void write_checks(struct metrics_text *text, const struct metrics_source *source,
			 const struct backend_rows *rows)
{
	metrics_family(text, "headrace_backend_checks_total", METRICS_COUNTER,
		       "Health checks that ended, by result.");
	for (size_t i = 0; i < rows->count; i++) {
		const struct backend_row *row = &rows->rows[i];

		if (row->state == BACKEND_REMOVED)
			continue;
		metrics_count_of(text, &row->traffic.labels, "result", "good", row->health.good);
		metrics_count_of(text, &row->traffic.labels, "result", "failed",
				 row->health.failed);
	}
	metrics_family(text, "headrace_backend_last_check_duration_seconds", METRICS_GAUGE,
		       "How long the last health check took; none before the first ended.");
	for (size_t i = 0; i < rows->count; i++) {
		const struct backend_row *row = &rows->rows[i];

		if (row->is_checked)
			metrics_value(text, &row->traffic.labels,
				      (double)row->health.duration_us / 1e6);
	}
	metrics_family(text, "headrace_backend_last_change_timestamp_seconds", METRICS_GAUGE,
		       "When the backend last went up, went down or was removed, since 1970.");
	for (size_t i = 0; i < rows->count; i++)
		metrics_value(text, &rows->rows[i].traffic.labels,
			      metrics_timestamp(source, rows->rows[i].since_ms));
}

void metrics_of_backends(struct metrics_text *text, const struct metrics_source *source)
{
	struct backend_rows rows = {0};

	collect(&rows, source->controlplane);
	if (rows.no_memory)
		text->no_memory = true;
	write_state(text, &rows);
	write_configured(text, &rows);
	write_checks(text, source, &rows);
	metrics_of_traffic(text, "backend", rows.rows, rows.count, sizeof(rows.rows[0]));
	free(rows.rows);
}
