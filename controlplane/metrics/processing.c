/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How long each worker had its packets, as a histogram. */
#include "controlplane/metrics/families.h"
#include "controlplane/metrics/histogram.h"

/*
 * Bounds that are written, as exponents of two cycles: a tenth of a microsecond
 * to half a second of a CPU of 2.5 GHz. They are the same whatever was counted.
 */
#define LOWEST  8
#define HIGHEST 30
#define BOUNDS  (HIGHEST - LOWEST + 1)

static void write_worker(struct metrics_text *text, const char *name, uint32_t number,
			 const struct latency *latency)
{
	struct metrics_labels labels = {0};
	double bounds[BOUNDS];
	uint64_t within[BOUNDS] = {0};

	/* latency->buckets[n] is below the bound of exponent n + 1. */
	for (unsigned i = 0; i < HIGHEST; i++)
		within[i < LOWEST ? 0 : i + 1 - LOWEST] += latency->buckets[i];
	for (unsigned i = 0; i < BOUNDS; i++)
		bounds[i] = latency_bound(latency, LOWEST - 1 + i);
	metrics_label_number(&labels, "worker", number);
	histogram_write_series(text, name, &labels,
			       &(struct histogram_series){.bounds = bounds,
							  .buckets = within,
							  .bucket_count = BOUNDS,
							  .count = latency_packets(latency),
							  .sum = latency_sum(latency)});
}

void metrics_of_processing(struct metrics_text *text, const struct metrics_source *source)
{
	static const char name[] = "headrace_worker_processing_seconds";
	uint32_t count = source->status != NULL ? source->status->worker_count : 0;

	metrics_family(text, name, METRICS_HISTOGRAM,
		       "How long the worker had a packet, from its burst's receipt to the burst's "
		       "hand-over to the driver.");
	for (uint32_t i = 0; i < count; i++) {
		struct latency latency;

		if (stats_latency(source->controlplane->stats, i, source->status->cycles_per_us,
				  &latency))
			write_worker(text, name, i, &latency);
	}
}
