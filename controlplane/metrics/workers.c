/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the dataplane's workers. */
#include "controlplane/metrics/families.h"

#include <string.h>

struct worker_row {
	struct metrics_labels labels; /* first: see metrics_columns() */
	uint64_t received, sent, polls, empty_polls, naps, evicted;
	uint64_t handed_over, taken_over, aged, flushed, adopted, busy_cycles;
	uint64_t heartbeat_age_ns;
	uint32_t cpu;
};

/* A worker has a flow table for each family. */
struct table_row {
	struct metrics_labels labels;
	uint64_t flows, capacity;
};

static const struct metrics_column table_columns[] = {
	{"headrace_worker_flows", "Flow records in use.", METRICS_GAUGE,
	 offsetof(struct table_row, flows)},
	{"headrace_worker_flow_capacity", "Flow records there is room for.", METRICS_GAUGE,
	 offsetof(struct table_row, capacity)},
};

#define AT(member) offsetof(struct worker_row, member)

static const struct metrics_column columns[] = {
	{"headrace_worker_received_packets_total", "Packets the worker received.", METRICS_COUNTER,
	 AT(received)},
	{"headrace_worker_sent_packets_total", "Packets the worker sent.", METRICS_COUNTER,
	 AT(sent)},
	{"headrace_worker_polls_total", "Turns of the worker's loop.", METRICS_COUNTER, AT(polls)},
	{"headrace_worker_empty_polls_total", "Turns of the worker's loop that found no packet.",
	 METRICS_COUNTER, AT(empty_polls)},
	{"headrace_worker_naps_total", "Times the worker slept for want of packets.",
	 METRICS_COUNTER, AT(naps)},
	{"headrace_worker_evicted_flows_total",
	 "Half-open connections that gave way to new ones in a full flow table.", METRICS_COUNTER,
	 AT(evicted)},
	{"headrace_worker_aged_flows_total", "Flows that ended because their time was over.",
	 METRICS_COUNTER, AT(aged)},
	{"headrace_worker_flushed_flows_total", "Flows that ended because somebody asked for it.",
	 METRICS_COUNTER, AT(flushed)},
	{"headrace_worker_adopted_flows_total",
	 "Connections of dnat services whose record was begun in their middle.", METRICS_COUNTER,
	 AT(adopted)},
	{"headrace_worker_handed_over_packets_total",
	 "Packets given to the worker that owns their flow.", METRICS_COUNTER, AT(handed_over)},
	{"headrace_worker_taken_over_packets_total", "Packets that other workers gave this one.",
	 METRICS_COUNTER, AT(taken_over)},
};

static void fill_row(struct worker_row *row, const struct metrics_source *source, uint32_t number,
		     struct abi_counters_block *counters)
{
	const struct abi_status_worker *worker = &source->status->workers[number];

	stats_worker(source->controlplane->stats, number, counters);
	*row = (struct worker_row){.received = counters->received,
				   .sent = counters->sent,
				   .polls = counters->polls,
				   .empty_polls = counters->empty_polls,
				   .naps = counters->naps,
				   .evicted = counters->evicted,
				   .handed_over = counters->handed_over,
				   .taken_over = counters->taken_over,
				   .aged = counters->aged,
				   .flushed = counters->flushed,
				   .adopted = counters->adopted,
				   .busy_cycles = counters->busy_cycles,
				   .cpu = worker->cpu};
	if (source->now_ns > worker->heartbeat)
		row->heartbeat_age_ns = source->now_ns - worker->heartbeat;
	metrics_label_number(&row->labels, "worker", number);
}

static void fill_tables(struct table_row rows[2], const struct abi_status_worker *worker,
			const struct metrics_labels *labels)
{
	rows[0] = (struct table_row){*labels, worker->flows, worker->flow_capacity};
	rows[1] = (struct table_row){*labels, worker->flows_ipv6, worker->flow_capacity_ipv6};
	metrics_label(&rows[0].labels, "family", "ipv4");
	metrics_label(&rows[1].labels, "family", "ipv6");
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

static void write_busy(struct metrics_text *text, const struct metrics_source *source,
		       const struct worker_row *rows, uint32_t count)
{
	metrics_family(text, "headrace_worker_busy_seconds_total", METRICS_COUNTER,
		       "Time in turns of the worker's loop that found something.");
	for (uint32_t i = 0; i < count && source->status->cycles_per_us > 0; i++)
		metrics_value(text, &rows[i].labels,
			      (double)rows[i].busy_cycles / source->status->cycles_per_us / 1e6);
}

void metrics_of_workers(struct metrics_text *text, const struct metrics_source *source)
{
	uint32_t count = source->status != NULL ? source->status->worker_count : 0;
	struct worker_row *rows = calloc(count + 1, sizeof(*rows));
	struct table_row *tables = calloc(2 * count + 1, sizeof(*tables));
	struct abi_counters_block *counters = malloc(sizeof(*counters));

	if (rows == NULL || tables == NULL || counters == NULL) {
		text->no_memory = true;
		count = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		fill_row(&rows[i], source, i, counters);
		fill_tables(&tables[2 * i], &source->status->workers[i], &rows[i].labels);
	}
	write_info(text, rows, count);
	metrics_columns(text, table_columns, sizeof(table_columns) / sizeof(table_columns[0]),
			tables, 2 * count, sizeof(tables[0]));
	metrics_columns(text, columns, sizeof(columns) / sizeof(columns[0]), rows, count,
			sizeof(rows[0]));
	write_busy(text, source, rows, count);
	metrics_family(text, "headrace_worker_heartbeat_age_seconds", METRICS_GAUGE,
		       "How long ago the worker last turned.");
	for (uint32_t i = 0; i < count; i++)
		metrics_value(text, &rows[i].labels, metrics_seconds(rows[i].heartbeat_age_ns));
	free(counters);
	free(tables);
	free(rows);
}
