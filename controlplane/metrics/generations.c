/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the generations of tables: made, taken, refused, and how long each took. */
#include "controlplane/metrics/families.h"

static void write_numbers(struct metrics_text *text, const struct metrics_source *source)
{
	const struct abi_status *status = source->status;

	metrics_one_count(text, "headrace_generation_published", METRICS_GAUGE,
			  "Number of the last generation of tables published.",
			  publisher_generation(source->controlplane->publisher));
	metrics_one_count(text, "headrace_generation_taken", METRICS_GAUGE,
			  "Number of the generation the dataplane forwards by; 0: none.",
			  status != NULL ? status->generation_taken : 0);
	metrics_one_count(text, "headrace_generation_refused", METRICS_GAUGE,
			  "Number of the last generation the dataplane refused; 0: none.",
			  status != NULL ? status->generation_refused : 0);
	metrics_one_count(text, "headrace_generation_refusals_total", METRICS_COUNTER,
			  "Generations the dataplane refused.",
			  status != NULL ? status->refusals : 0);
	metrics_one_count(text, "headrace_generation_torn_copies_total", METRICS_COUNTER,
			  "Copies of tables the dataplane began again, their place being reused.",
			  status != NULL ? status->torn_copies : 0);
}

static void write_times(struct metrics_text *text, const struct metrics_source *source)
{
	const struct publish_times *times = &source->controlplane->publication.times;

	metrics_one_count(text, "headrace_publish_failures_total", METRICS_COUNTER,
			  "Attempts to publish a generation that failed.", times->failures);
	histogram_write(text, "headrace_publish_duration_seconds",
			"How long making and publishing a generation took.", &times->making);
	metrics_family(text, "headrace_publish_last_duration_seconds", METRICS_GAUGE,
		       "How long making and publishing the last generation took.");
	if (times->making.count > 0)
		metrics_value(text, NULL, metrics_seconds(times->making.last_ns));
	histogram_write(text, "headrace_publish_to_taken_seconds",
			"From the publication of a generation until all workers had it.",
			&times->taking);
	metrics_family(text, "headrace_publish_last_to_taken_seconds", METRICS_GAUGE,
		       "From the last publication that was timed until all workers had it.");
	if (times->taking.count > 0)
		metrics_value(text, NULL, metrics_seconds(times->taking.last_ns));
	metrics_family(text, "headrace_generation_last_copy_duration_seconds", METRICS_GAUGE,
		       "How long the dataplane copied and checked the generation it took last.");
	if (source->status != NULL && source->status->generation_taken != 0)
		metrics_value(text, NULL, metrics_seconds(source->status->take_nanoseconds));
}

void metrics_of_generations(struct metrics_text *text, const struct metrics_source *source)
{
	write_numbers(text, source);
	write_times(text, source);
}
