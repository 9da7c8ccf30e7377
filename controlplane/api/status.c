/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/status */
#include "controlplane/api/resource.h"
#include "controlplane/api/values.h"
#include "controlplane/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *age_ms(uint64_t heartbeat_ns)
{
	uint64_t now = clock_now_ns();

	return json_real(now > heartbeat_ns ? (double)(now - heartbeat_ns) / 1e6 : 0.0);
}

/* A node without a name in the configuration goes by its host's. */
static json_t *render_node(const struct config_node *node)
{
	char host[CONFIG_NAME_SIZE] = "";

	if (node->name[0] == '\0')
		gethostname(host, sizeof(host) - 1);
	return json_pack("{s:i, s:s}", "id", (int)node->id, "name",
			 node->name[0] != '\0' ? node->name : host);
}

/* `refusal` is written under a version that is odd meanwhile. */
static json_t *render_refusal(const struct abi_status *status)
{
	char copy[sizeof(status->refusal)];
	uint64_t before = __atomic_load_n(&status->refusal_version, __ATOMIC_ACQUIRE);

	memcpy(copy, status->refusal, sizeof(copy));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if ((before & 1) != 0 ||
	    __atomic_load_n(&status->refusal_version, __ATOMIC_RELAXED) != before)
		return json_string("");
	return VALUE_OF_TEXT(copy);
}

static json_t *render_generation(const struct controlplane *controlplane,
				 const struct abi_status *status)
{
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "published",
			 value_of_number(publisher_generation(controlplane->publisher)), "pending",
			 controlplane->publication.pending, "taken",
			 value_of_number(status != NULL ? status->generation_taken : 0), "refused",
			 value_of_number(status != NULL ? status->generation_refused : 0),
			 "refusals", value_of_number(status != NULL ? status->refusals : 0),
			 "refusal", status != NULL ? render_refusal(status) : json_string(""));
}

static json_t *microseconds(double seconds)
{
	return json_real(seconds * 1e6);
}

/* How long the worker had its packets; null before the first one. */
static json_t *render_processing(const struct latency *latency)
{
	uint64_t packets = latency_packets(latency);

	if (packets == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "packets", value_of_number(packets), "mean_us",
			 microseconds(latency_sum(latency) / (double)packets), "p50_us",
			 microseconds(latency_quantile(latency, 0.5)), "p99_us",
			 microseconds(latency_quantile(latency, 0.99)));
}

/* Of both families together, and of IPv6 alone, which has a table of its own. */
static json_t *render_worker(const struct abi_status_worker *worker,
			     const struct abi_counters_block *counters,
			     const struct latency *latency)
{
	json_t *object = json_object();

	json_object_set_new(object, "cpu", value_of_number(worker->cpu));
	json_object_set_new(object, "flows", value_of_number(worker->flows + worker->flows_ipv6));
	json_object_set_new(
		object, "flow_capacity",
		value_of_number((uint64_t)worker->flow_capacity + worker->flow_capacity_ipv6));
	json_object_set_new(object, "flows_ipv6", value_of_number(worker->flows_ipv6));
	json_object_set_new(object, "flow_capacity_ipv6",
			    value_of_number(worker->flow_capacity_ipv6));
	json_object_set_new(object, "evicted", value_of_number(counters->evicted));
	json_object_set_new(object, "processing", render_processing(latency));
	json_object_set_new(object, "heartbeat_age_ms", age_ms(worker->heartbeat));
	return object;
}

static json_t *render_workers(const struct controlplane *controlplane,
			      const struct abi_status *status)
{
	struct abi_counters_block *counters = calloc(1, sizeof(*counters));
	json_t *list = json_array();

	for (uint32_t i = 0; counters != NULL && i < status->worker_count; i++) {
		struct latency latency;

		stats_worker(controlplane->stats, i, counters);
		stats_latency(controlplane->stats, i, status->cycles_per_us, &latency);
		json_array_append_new(list, render_worker(&status->workers[i], counters, &latency));
	}
	free(counters);
	return list;
}

static const char *state_text(uint32_t state)
{
	switch (state) {
	case ABI_DATAPLANE_STARTING:
		return "starting";
	case ABI_DATAPLANE_RUNNING:
		return "running";
	case ABI_DATAPLANE_STOPPING:
		return "stopping";
	default:
		return "?";
	}
}

static json_t *render_dataplane(struct controlplane *controlplane, const struct abi_status *status,
				const struct abi_counters_block *totals)
{
	json_t *ports = json_array();

	if (status == NULL)
		return json_pack("{s:b, s:i, s:s, s:f, s:[], s:o}", "running", 0, "pid", 0, "state",
				 "none", "heartbeat_age_ms", 0.0, "workers", "ports", ports);
	for (uint32_t i = 0; i < status->port_count; i++)
		json_array_append_new(ports, api_port(&status->ports[i], &totals->ports[i]));

	bool lives = stats_dataplane_lives(controlplane->stats, status);

	return json_pack("{s:b, s:o, s:s, s:o, s:o, s:o}", "running", lives, "pid",
			 value_of_number(status->file.writer_pid), "state",
			 lives ? state_text(status->state) : "dead", "heartbeat_age_ms",
			 age_ms(status->heartbeat), "workers", render_workers(controlplane, status),
			 "ports", ports);
}

/* The law of accounts: held is what no other column has. */
static json_t *render_accounts(const struct abi_counters_block *totals)
{
	uint64_t dropped = 0;

	for (uint32_t i = ABI_VERDICT_FIRST_DROP; i < ABI_VERDICT_MAX; i++)
		dropped += totals->verdicts[i];

	int64_t held = (int64_t)(totals->received + totals->generated + totals->from_linux -
				 totals->sent - totals->to_linux - dropped);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "received",
			 value_of_number(totals->received), "generated",
			 value_of_number(totals->generated), "from_linux",
			 value_of_number(totals->from_linux), "sent", value_of_number(totals->sent),
			 "to_linux", value_of_number(totals->to_linux), "dropped",
			 value_of_number(dropped), "held", (json_int_t)held);
}

static json_t *render_verdicts(const struct abi_counters_block *totals)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < ABI_VERDICT_COUNT; i++)
		json_object_set_new(object, abi_verdict_text(i),
				    value_of_number(totals->verdicts[i]));
	return object;
}

json_t *api_status(struct controlplane *controlplane, const struct api_request *request,
		   struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	const struct abi_status *status = stats_status(controlplane->stats);
	struct abi_counters_block *totals = malloc(sizeof(*totals));
	json_t *object = json_object();

	(void)request;
	(void)problem;
	if (totals == NULL) {
		json_decref(object);
		return NULL;
	}
	stats_totals(controlplane->stats, totals);
	json_object_set_new(object, "version", json_string(HEADRACE_VERSION));
	json_object_set_new(object, "node", render_node(&config->node));
	json_object_set_new(object, "revision", value_of_number(controlplane->revision));
	json_object_set_new(object, "etag", json_string(controlplane->etag));
	json_object_set_new(object, "shared_etag", json_string(controlplane->shared_etag));
	json_object_set_new(object, "restart_required",
			    api_restart_required(&controlplane->restart_required));
	json_object_set_new(object, "generation", render_generation(controlplane, status));
	json_object_set_new(object, "controlplane",
			    json_pack("{s:i, s:f}", "pid", (int)getpid(), "uptime",
				      (double)(clock_now_ms() - controlplane->started_ms) / 1e3));
	json_object_set_new(object, "dataplane", render_dataplane(controlplane, status, totals));
	json_object_set_new(object, "vrrp", api_vrrp_summary(controlplane));
	json_object_set_new(object, "peer", api_peer(controlplane));
	json_object_set_new(object, "accounts", render_accounts(totals));
	json_object_set_new(object, "verdicts", render_verdicts(totals));
	free(totals);
	return object;
}
