/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the local pools. */
#include "controlplane/local_pool_use.h"
#include "controlplane/metrics/families.h"

struct local_pool_row {
	struct metrics_labels labels; /* first: see metrics_columns() */
	uint64_t places, used_places;
};

static const struct metrics_column columns[] = {
	{"headrace_local_pool_places", "Flows that there can be with one backend.", METRICS_GAUGE,
	 offsetof(struct local_pool_row, places)},
	{"headrace_local_pool_used_places", "Flows with the pool's busiest backend.", METRICS_GAUGE,
	 offsetof(struct local_pool_row, used_places)},
};

void metrics_of_local_pools(struct metrics_text *text, const struct metrics_source *source)
{
	const struct controlplane *controlplane = source->controlplane;
	const struct config *config = controlplane->config;
	size_t count = config->local_pool_count;
	struct local_pool_row *rows = calloc(count + 1, sizeof(*rows));

	if (rows == NULL) {
		text->no_memory = true;
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct config_local_pool *pool = &config->local_pools[i];
		struct local_pool_use use =
			local_pool_use(config, pool, controlplane->publisher, controlplane->stats);

		rows[i] = (struct local_pool_row){.places = use.places, .used_places = use.flows};
		metrics_label(&rows[i].labels, "pool", pool->name);
	}
	metrics_columns(text, columns, sizeof(columns) / sizeof(columns[0]), rows, count,
			sizeof(rows[0]));
	free(rows);
}
