/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How long something took, over all the times it was done. Pure. */
#pragma once

#include "controlplane/metrics/text.h"

/* Upper bounds in seconds: 1 ms to 10 s. */
#define HISTOGRAM_BOUNDS                                                               \
	{                                                                              \
		0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 \
	}
#define HISTOGRAM_BUCKETS 13

struct metrics_histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* that were within this bound and no lower one */
	uint64_t count;
	uint64_t sum_ns, last_ns;
};

/* The samples of one series, as a histogram of any bounds has them. */
struct histogram_series {
	const double *bounds;    /* growing */
	const uint64_t *buckets; /* within this bound and no lower one */
	size_t bucket_count;
	uint64_t count; /* those above the last bound too */
	double sum;
};

/* Of the family `name`, which is begun. */
void histogram_write_series(struct metrics_text *text, const char *name,
			    const struct metrics_labels *labels,
			    const struct histogram_series *series);

void histogram_add(struct metrics_histogram *histogram, uint64_t duration_ns);

/* A whole family. */
void histogram_write(struct metrics_text *text, const char *name, const char *help,
		     const struct metrics_histogram *histogram);
