/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/metrics/metrics.h"

#include "controlplane/clock.h"
#include "controlplane/metrics/families.h"

/* What one backend, one service and all the rest take about. */
#define BACKEND_BYTES 2500
#define SERVICE_BYTES 1000
#define OTHER_BYTES   32768

static uint64_t unix_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void reserve(struct metrics_text *text, const struct config *config)
{
	size_t backends = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		backends += config->pools[i].backend_count;
	metrics_text_reserve(text, OTHER_BYTES + backends * BACKEND_BYTES +
					   config->service_count * SERVICE_BYTES);
}

char *metrics_render(struct controlplane *controlplane)
{
	static metrics_part *const parts[] = {
		metrics_of_programs,    metrics_of_configuration, metrics_of_generations,
		metrics_of_packets,     metrics_of_workers,       metrics_of_processing,
		metrics_of_ports,       metrics_of_services,      metrics_of_backends,
		metrics_of_local_pools, metrics_of_vrrp,          metrics_of_peer};
	struct abi_counters_block *totals = malloc(sizeof(*totals));
	struct metrics_text text = {0};
	struct metrics_source source = {.controlplane = controlplane,
					.totals = totals,
					.now_ns = clock_now_ns(),
					.unix_ns = unix_now_ns()};

	if (totals == NULL)
		return NULL;
	source.status = stats_status(controlplane->stats);
	source.lives = stats_dataplane_lives(controlplane->stats, source.status);
	stats_totals(controlplane->stats, totals);
	reserve(&text, controlplane->config);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i](&text, &source);
	free(totals);
	return metrics_text_take(&text);
}
