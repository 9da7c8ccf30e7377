/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the services. */
#include "controlplane/backend_state.h"
#include "controlplane/metrics/families.h"

struct service_row {
	struct metrics_traffic traffic; /* first: see metrics_of_traffic() */
	uint64_t backends, backends_up;
};

#define AT(member) offsetof(struct service_row, member)

static const struct metrics_column columns[] = {
	{"headrace_service_backends", "Backends of the service's pool.", METRICS_GAUGE,
	 AT(backends)},
	{"headrace_service_backends_up", "Backends of the service's pool that take new flows.",
	 METRICS_GAUGE, AT(backends_up)},
};

static void write_info(struct metrics_text *text, const struct config *config)
{
	metrics_family(text, "headrace_service_info", METRICS_GAUGE,
		       "How each service is configured; always 1.");
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		struct metrics_labels labels = {0};

		metrics_label(&labels, "service", service->name);
		metrics_label(&labels, "protocol", service->protocol == CONFIG_UDP ? "udp" : "tcp");
		metrics_label(&labels, "forwarding",
			      service->forwarding == CONFIG_FULL_NAT ? "full-nat" : "dnat");
		metrics_label(&labels, "pool", service->pool);
		metrics_count(text, &labels, 1);
	}
}

static void fill_row(struct service_row *row, struct controlplane *controlplane,
		     const struct config_service *service, const struct pool_count *counts)
{
	const struct pool_count *count =
		pool_count_find(counts, controlplane->config, service->pool);
	int index = publisher_service_index(controlplane->publisher, service->name);

	*row = (struct service_row){.backends = count != NULL ? count->all : 0,
				    .backends_up = count != NULL ? count->up : 0};
	metrics_label(&row->traffic.labels, "service", service->name);
	if (index >= 0)
		stats_traffic(controlplane->stats, STATS_SERVICE, (uint32_t)index,
			      &row->traffic.counts);
}

void metrics_of_services(struct metrics_text *text, const struct metrics_source *source)
{
	struct controlplane *controlplane = source->controlplane;
	const struct config *config = controlplane->config;
	size_t row_count = config->service_count;
	struct pool_count *counts = pool_counts_make(config, controlplane->health);
	struct service_row *rows = calloc(row_count + 1, sizeof(*rows));

	if (counts == NULL || rows == NULL) {
		text->no_memory = true;
		row_count = 0;
	}
	for (size_t i = 0; i < row_count; i++)
		fill_row(&rows[i], controlplane, &config->services[i], counts);
	write_info(text, config);
	metrics_columns(text, columns, sizeof(columns) / sizeof(columns[0]), rows, row_count,
			sizeof(rows[0]));
	metrics_of_traffic(text, "service", rows, row_count, sizeof(rows[0]));
	free(counts);
	free(rows);
}
