/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/metrics/histogram.h"

#include <stdio.h>

static const double bounds[HISTOGRAM_BUCKETS] = HISTOGRAM_BOUNDS;

void histogram_add(struct metrics_histogram *histogram, uint64_t duration_ns)
{
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS && (double)duration_ns / 1e9 > bounds[i])
		i++;
	if (i < HISTOGRAM_BUCKETS)
		histogram->buckets[i]++;
	histogram->count++;
	histogram->sum_ns += duration_ns;
	histogram->last_ns = duration_ns;
}

void histogram_write_series(struct metrics_text *text, const char *name,
			    const struct metrics_labels *labels,
			    const struct histogram_series *series)
{
	uint64_t within = 0;
	char sample[128], bound[16];

	text->family = sample;
	snprintf(sample, sizeof(sample), "%s_bucket", name);
	for (size_t i = 0; i < series->bucket_count; i++) {
		within += series->buckets[i];
		snprintf(bound, sizeof(bound), "%g", series->bounds[i]);
		metrics_count_of(text, labels, "le", bound, within);
	}
	metrics_count_of(text, labels, "le", "+Inf", series->count);
	snprintf(sample, sizeof(sample), "%s_sum", name);
	metrics_value(text, labels, series->sum);
	snprintf(sample, sizeof(sample), "%s_count", name);
	metrics_count(text, labels, series->count);
	text->family = name;
}

void histogram_write(struct metrics_text *text, const char *name, const char *help,
		     const struct metrics_histogram *histogram)
{
	metrics_family(text, name, METRICS_HISTOGRAM, help);
	histogram_write_series(text, name, NULL,
			       &(struct histogram_series){.bounds = bounds,
							  .buckets = histogram->buckets,
							  .bucket_count = HISTOGRAM_BUCKETS,
							  .count = histogram->count,
							  .sum = (double)histogram->sum_ns / 1e9});
}
