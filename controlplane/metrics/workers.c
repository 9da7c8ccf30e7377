/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the dataplane's workers. */
#include "controlplane/metrics/families.h"

#include <string.h>

struct worker_row {
	struct metrics_labels labels; /* first: see metrics_columns() */
	uint64_t flows, flow_capacity, received, sent, polls, empty_polls, naps;
	uint64_t heartbeat_age_ns;
	uint32_t cpu;
};

#define AT(member) offsetof(struct worker_row, member)

static const struct metrics_column columns[] = {
	{"headrace_worker_flows", "Flow records in use.", METRICS_GAUGE, AT(flows)},
	{"headrace_worker_flow_capacity", "Flow records there is room for.", METRICS_GAUGE,
	 AT(flow_capacity)},
	{"headrace_worker_received_packets_total", "Packets the worker received.", METRICS_COUNTER,
	 AT(received)},
	{"headrace_worker_sent_packets_total", "Packets the worker sent.", METRICS_COUNTER,
	 AT(sent)},
	{"headrace_worker_polls_total", "Turns of the worker's loop.", METRICS_COUNTER, AT(polls)},
	{"headrace_worker_empty_polls_total", "Turns of the worker's loop that found no packet.",
	 METRICS_COUNTER, AT(empty_polls)},
	{"headrace_worker_naps_total", "Times the worker slept for want of packets.",
	 METRICS_COUNTER, AT(naps)},
};

static void fill_row(struct worker_row *row, const struct metrics_source *source, uint32_t number,
		     struct abi_counters_block *counters)
{
	const struct abi_status_worker *worker = &source->status->workers[number];

	stats_worker(source->controlplane->stats, number, counters);
	*row = (struct worker_row){.flows = worker->flows + worker->flows_ipv6,
				   .flow_capacity = (uint64_t)worker->flow_capacity +
						    worker->flow_capacity_ipv6,
				   .received = counters->received,
				   .sent = counters->sent,
				   .polls = counters->polls,
				   .empty_polls = counters->empty_polls,
				   .naps = counters->naps,
				   .cpu = worker->cpu};
	if (source->now_ns > worker->heartbeat)
		row->heartbeat_age_ns = source->now_ns - worker->heartbeat;
	metrics_label_number(&row->labels, "worker", number);
}

static void write_info(struct metrics_text *text, const struct worker_row *rows, uint32_t count)
{
	metrics_family(text, "headrace_worker_info", METRICS_GAUGE,
		       "The CPU each worker runs on; always 1.");
	for (uint32_t i = 0; i < count; i++) {
		struct metrics_labels labels = rows[i].labels;

		metrics_label_number(&labels, "cpu", rows[i].cpu);
		metrics_count(text, &labels, 1);
	}
}

void metrics_of_workers(struct metrics_text *text, const struct metrics_source *source)
{
	uint32_t count = source->status != NULL ? source->status->worker_count : 0;
	struct worker_row *rows = calloc(count + 1, sizeof(*rows));
	struct abi_counters_block *counters = malloc(sizeof(*counters));

	if (rows == NULL || counters == NULL) {
		text->no_memory = true;
		count = 0;
	}
	for (uint32_t i = 0; i < count; i++)
		fill_row(&rows[i], source, i, counters);
	write_info(text, rows, count);
	metrics_columns(text, columns, sizeof(columns) / sizeof(columns[0]), rows, count,
			sizeof(rows[0]));
	metrics_family(text, "headrace_worker_heartbeat_age_seconds", METRICS_GAUGE,
		       "How long ago the worker last turned.");
	for (uint32_t i = 0; i < count; i++)
		metrics_value(text, &rows[i].labels, metrics_seconds(rows[i].heartbeat_age_ns));
	free(counters);
	free(rows);
}
