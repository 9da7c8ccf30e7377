/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * GET /v1/workers: what each worker has counted since the dataplane started, with
 * the clock it is read at: of two readings a reader makes rates and shares.
 */
#include "controlplane/api/resource.h"
#include "controlplane/api/values.h"
#include "controlplane/clock.h"

#include <stdlib.h>

static void put_counts(json_t *object, const struct abi_counters_block *counters)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"polls", counters->polls},
		{"empty_polls", counters->empty_polls},
		{"naps", counters->naps},
		{"busy_cycles", counters->busy_cycles},
		{"received", counters->received},
		{"sent", counters->sent},
		{"handed_over", counters->handed_over},
		{"taken_over", counters->taken_over},
		{"evicted", counters->evicted},
		{"aged", counters->aged},
		{"flushed", counters->flushed},
		{"adopted", counters->adopted},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(object, rows[i].name, value_of_number(rows[i].value));
}

static json_t *render_verdicts(const struct abi_counters_block *counters)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < ABI_VERDICT_COUNT; i++)
		json_object_set_new(object, abi_verdict_text(i),
				    value_of_number(counters->verdicts[i]));
	return object;
}

static json_t *render_table(uint64_t flows, uint32_t capacity)
{
	return json_pack("{s:o, s:o}", "flows", value_of_number(flows), "capacity",
			 value_of_number(capacity));
}

static json_t *render_worker(const struct abi_status_worker *worker,
			     const struct abi_counters_block *counters, uint64_t now_ns)
{
	double age_ms = now_ns > worker->heartbeat ? (double)(now_ns - worker->heartbeat) / 1e6 : 0;
	json_t *object = json_object();

	json_object_set_new(object, "cpu", value_of_number(worker->cpu));
	json_object_set_new(object, "heartbeat_age_ms", json_real(age_ms));
	json_object_set_new(
		object, "tables",
		json_pack("{s:o, s:o}", "ipv4", render_table(worker->flows, worker->flow_capacity),
			  "ipv6", render_table(worker->flows_ipv6, worker->flow_capacity_ipv6)));
	put_counts(object, counters);
	json_object_set_new(object, "verdicts", render_verdicts(counters));
	return object;
}

json_t *api_workers(struct controlplane *controlplane, const struct api_request *request,
		    struct api_problem *problem)
{
	const struct abi_status *status = stats_status(controlplane->stats);
	struct abi_counters_block *counters = malloc(sizeof(*counters));
	json_t *list = json_array();
	uint64_t now_ns = clock_now_ns();

	(void)request;
	(void)problem;
	for (uint32_t i = 0; counters != NULL && status != NULL && i < status->worker_count; i++) {
		stats_worker(controlplane->stats, i, counters);
		json_array_append_new(list, render_worker(&status->workers[i], counters, now_ns));
	}
	free(counters);
	return json_pack("{s:f, s:o, s:o}", "clock", (double)now_ns / 1e9, "cycles_per_us",
			 value_of_number(status != NULL ? status->cycles_per_us : 0), "workers",
			 list);
}
