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

void histogram_write(struct metrics_text *text, const char *name, const char *help,
		     const struct metrics_histogram *histogram)
{
	uint64_t within = 0;
	char series[128], bound[16];

	metrics_family(text, name, METRICS_HISTOGRAM, help);
	text->family = series;
	snprintf(series, sizeof(series), "%s_bucket", name);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		within += histogram->buckets[i];
		snprintf(bound, sizeof(bound), "%g", bounds[i]);
		metrics_count_of(text, NULL, "le", bound, within);
	}
	metrics_count_of(text, NULL, "le", "+Inf", histogram->count);
	snprintf(series, sizeof(series), "%s_sum", name);
	metrics_value(text, NULL, (double)histogram->sum_ns / 1e9);
	snprintf(series, sizeof(series), "%s_count", name);
	metrics_count(text, NULL, histogram->count);
	text->family = name;
}
