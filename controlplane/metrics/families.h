/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The parts of GET /metrics, a file each. Private to this folder. */
#pragma once

#include "controlplane/controlplane.h"
#include "controlplane/metrics/text.h"

/* What the parts render from, all of one moment. */
struct metrics_source {
	struct controlplane *controlplane;
	const struct abi_status *status;         /* NULL: there is no dataplane */
	bool lives;                              /* the dataplane */
	const struct abi_counters_block *totals; /* all blocks summed, their heads only */
	uint64_t now_ns;                         /* CLOCK_MONOTONIC */
	uint64_t unix_ns;                        /* the same moment, since 1970 */
};

typedef void metrics_part(struct metrics_text *text, const struct metrics_source *source);

metrics_part metrics_of_programs;
metrics_part metrics_of_configuration;
metrics_part metrics_of_generations;
metrics_part metrics_of_packets;
metrics_part metrics_of_workers;
metrics_part metrics_of_processing;
metrics_part metrics_of_ports;
metrics_part metrics_of_services;
metrics_part metrics_of_backends;
metrics_part metrics_of_local_pools;
metrics_part metrics_of_vrrp;
metrics_part metrics_of_peer;

static inline double metrics_seconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / 1e9;
}

/* Seconds since 1970 of a moment of CLOCK_MONOTONIC, to the millisecond. */
static inline double metrics_timestamp(const struct metrics_source *source, uint64_t then_ms)
{
	return (double)((source->unix_ns - source->now_ns) / 1000000u + then_ms) / 1e3;
}

/* Families of one sample without labels. */
void metrics_one_count(struct metrics_text *text, const char *name, enum metrics_kind kind,
		       const char *help, uint64_t value);
void metrics_one_value(struct metrics_text *text, const char *name, enum metrics_kind kind,
		       const char *help, double value);

/* A family of one sample a row: the 64-bit number at `offset` of it. */
struct metrics_column {
	const char *name, *help;
	enum metrics_kind kind;
	size_t offset;
};

/* Each row begins with its struct metrics_labels. */
void metrics_columns(struct metrics_text *text, const struct metrics_column *columns,
		     size_t column_count, const void *rows, size_t row_count, size_t row_size);

/* What rows of services and of backends begin with. */
struct metrics_traffic {
	struct metrics_labels labels;
	struct abi_traffic counts;
};

/* Their families; `noun`: "service" or "backend". */
void metrics_of_traffic(struct metrics_text *text, const char *noun, const void *rows,
			size_t row_count, size_t row_size);
