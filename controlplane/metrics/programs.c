/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the two programs: what they are, whether and since when they run. */
#include "controlplane/metrics/families.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void write_build(struct metrics_text *text, const struct metrics_source *source)
{
	struct metrics_labels labels = {0};

	metrics_family(text, "headrace_build_info", METRICS_GAUGE,
		       "The version of each program that runs; always 1.");
	metrics_label(&labels, "program", "headrace-controlplane");
	metrics_label(&labels, "version", HEADRACE_VERSION);
	metrics_count(text, &labels, 1);
	if (!source->lives)
		return;
	labels.length = 0;
	metrics_label(&labels, "program", "headrace-dataplane");
	metrics_label_bytes(&labels, "version", source->status->version,
			    sizeof(source->status->version));
	metrics_count(text, &labels, 1);
}

static void write_node(struct metrics_text *text, const struct config_node *node)
{
	struct metrics_labels labels = {0};
	char host[CONFIG_NAME_SIZE] = "";

	if (node->name[0] == '\0')
		gethostname(host, sizeof(host) - 1);
	metrics_label_number(&labels, "id", node->id);
	metrics_label(&labels, "name", node->name[0] != '\0' ? node->name : host);
	metrics_family(text, "headrace_node_info", METRICS_GAUGE,
		       "Which node of a pair this is, and its name; always 1.");
	metrics_count(text, &labels, 1);
}

static void write_dataplane(struct metrics_text *text, const struct metrics_source *source)
{
	const struct abi_status *status = source->status;

	metrics_one_count(text, "headrace_dataplane_up", METRICS_GAUGE,
			  "1 while the dataplane lives and forwards, else 0.",
			  source->lives && status->state == ABI_DATAPLANE_RUNNING);
	metrics_family(text, "headrace_dataplane_start_time_seconds", METRICS_GAUGE,
		       "When the dataplane started, since 1970.");
	if (source->lives)
		metrics_value(text, NULL, (double)(status->started / 1000000u) / 1e3);
	metrics_family(text, "headrace_dataplane_heartbeat_age_seconds", METRICS_GAUGE,
		       "How long ago the dataplane's main thread last turned.");
	if (status != NULL)
		metrics_value(text, NULL,
			      metrics_seconds(source->now_ns > status->heartbeat
						      ? source->now_ns - status->heartbeat
						      : 0));
}

/* 0 when /proc does not tell. */
static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_process(struct metrics_text *text, const struct metrics_source *source)
{
	struct timespec used = {0};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	metrics_one_value(text, "process_start_time_seconds", METRICS_GAUGE,
			  "When the control plane started, since 1970.",
			  metrics_timestamp(source, source->controlplane->started_ms));
	metrics_one_value(text, "process_cpu_seconds_total", METRICS_COUNTER,
			  "CPU time the control plane used.",
			  (double)used.tv_sec + (double)used.tv_nsec / 1e9);
	metrics_one_count(text, "process_resident_memory_bytes", METRICS_GAUGE,
			  "Memory the control plane has in RAM.", resident_bytes());
}

void metrics_of_programs(struct metrics_text *text, const struct metrics_source *source)
{
	write_build(text, source);
	write_node(text, &source->controlplane->config->node);
	write_dataplane(text, source);
	write_process(text, source);
}
