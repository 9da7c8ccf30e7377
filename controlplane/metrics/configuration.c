/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the configuration, and of the API by which it is changed. */
#include "controlplane/metrics/counts.h"
#include "controlplane/metrics/families.h"

/* Dry runs change nothing, and are not counted. */
static void write_changes(struct metrics_text *text, const struct counts *counts)
{
	static const struct {
		enum change_outcome outcome;
		const char *result;
	} results[] = {{CHANGE_APPLIED, "applied"},   {CHANGE_UNCHANGED, "unchanged"},
		       {CHANGE_INVALID, "invalid"},   {CHANGE_STALE, "stale"},
		       {CHANGE_CONFLICT, "conflict"}, {CHANGE_NOT_SAVED, "not-saved"},
		       {CHANGE_FAILED, "failed"}};

	metrics_family(text, "headrace_config_changes_total", METRICS_COUNTER,
		       "Changes of the configuration asked for, by API and by file, by result.");
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		metrics_count_of(text, NULL, "result", results[i].result,
				 counts->changes[results[i].outcome]);
}

static void write_requests(struct metrics_text *text, const struct counts *counts)
{
	metrics_family(text, "headrace_api_requests_total", METRICS_COUNTER,
		       "Requests the API answered, by HTTP status.");
	for (unsigned status = 0; status < COUNTED_STATUSES; status++) {
		struct metrics_labels labels = {0};

		if (counts->answers[status] == 0)
			continue;
		metrics_label_number(&labels, "code", status);
		metrics_count(text, &labels, counts->answers[status]);
	}
}

void metrics_of_configuration(struct metrics_text *text, const struct metrics_source *source)
{
	const struct controlplane *controlplane = source->controlplane;

	metrics_one_count(text, "headrace_config_revision", METRICS_GAUGE,
			  "Revision of the configuration: counts its changes.",
			  controlplane->revision);
	metrics_one_count(text, "headrace_config_restart_required_fields", METRICS_GAUGE,
			  "Fields whose new value waits for a restart.",
			  controlplane->restart_required.count);
	write_changes(text, &controlplane->counts);
	write_requests(text, &controlplane->counts);
}
