/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/flows?limit=N: the dataplane's records, read without asking it. */
#include "controlplane/api/resource.h"
#include "controlplane/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAXIMUM 10000
#define LOOKED_MAX    (4u << 20) /* records: some tens of milliseconds when all are free */

/* Names of services and backends by their index. */
struct names {
	const char *services[ABI_MAX_SERVICES];
	const char *pools[ABI_MAX_BACKENDS];
	const char *backends[ABI_MAX_BACKENDS];
};

static struct names *collect_names(const struct controlplane *controlplane)
{
	const struct config *config = controlplane->config;
	struct names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < config->service_count; i++) {
		const char *name = config->services[i].name;
		int index = publisher_service_index(controlplane->publisher, name);

		if (index >= 0 && index < ABI_MAX_SERVICES)
			names->services[index] = name;
	}
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++) {
			int index = publisher_backend_index(controlplane->publisher, pool->name,
							    &pool->backends[j]);

			if (index >= 0 && index < ABI_MAX_BACKENDS) {
				names->pools[index] = pool->name;
				names->backends[index] = pool->backends[j].name;
			}
		}
	}
	return names;
}

/* Which end of which direction: `source` of the packets that go that way. */
static json_t *endpoint(const struct abi_flow6 *flow, enum abi_flow_direction direction,
			bool source)
{
	const struct abi_flow_ports *ports = &flow->flow.ports[direction];
	uint16_t port = ntohs(source ? ports->be_source : ports->be_destination);
	char text[ADDRESS_PORT_TEXT_SIZE];
	struct address address;

	if (flow->flow.family == 6) {
		const struct abi_flow_ipv6 *ipv6 = &flow->addresses[direction];

		memcpy(address.bytes, source ? ipv6->be_source : ipv6->be_destination, 16);
	} else {
		const struct abi_flow_ipv4 *ipv4 = &flow->flow.addresses[direction];

		address = address_from_ipv4(source ? ipv4->be_source : ipv4->be_destination);
	}
	return json_string(address_format_port(&address, port, text));
}

static const char *state_text(uint8_t state)
{
	static const char *const texts[] = {
		[ABI_FLOW_FREE] = "free",
		[ABI_FLOW_TCP_HALF_OPEN] = "half-open",
		[ABI_FLOW_TCP_ESTABLISHED] = "established",
		[ABI_FLOW_TCP_CLOSING] = "closing",
		[ABI_FLOW_UDP] = "udp",
		[ABI_FLOW_DIRECT] = "direct",
	};

	return state < ABI_FLOW_STATE_COUNT ? texts[state] : "?";
}

static json_t *protocol_text(uint8_t protocol)
{
	return json_string(protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "?");
}

static json_t *service_name(const struct names *names, uint16_t index)
{
	return json_string(index < ABI_MAX_SERVICES && names->services[index] != NULL
				   ? names->services[index]
				   : "");
}

static json_t *backend_name(const struct names *names, uint16_t index)
{
	if (index >= ABI_MAX_BACKENDS || names->backends[index] == NULL)
		return json_string("");
	return json_sprintf("%s/%s", names->pools[index], names->backends[index]);
}

static json_t *render_flow(const struct abi_flow6 *whole, const struct names *names)
{
	const struct abi_flow *flow = &whole->flow;
	uint32_t now = (uint32_t)(clock_now_ms() >> ABI_FLOW_TICK_SHIFT);
	uint32_t ticks = now - flow->last_seen;
	bool direct = flow->state == ABI_FLOW_DIRECT;
	json_t *object = json_object();

	if (ticks > INT32_MAX) /* seen after we looked at the clock */
		ticks = 0;
	json_object_set_new(object, "protocol", protocol_text(flow->protocol));
	json_object_set_new(object, "state", json_string(state_text(flow->state)));
	json_object_set_new(object, "client", endpoint(whole, ABI_FLOW_FROM_CLIENT, true));
	json_object_set_new(object, "service", endpoint(whole, ABI_FLOW_FROM_CLIENT, false));
	json_object_set_new(object, "local",
			    flow->flags & ABI_FLOW_FULL_NAT
				    ? endpoint(whole, ABI_FLOW_FROM_BACKEND, false)
				    : json_null());
	json_object_set_new(object, "backend", endpoint(whole, ABI_FLOW_FROM_BACKEND, true));
	json_object_set_new(object, "service_name",
			    direct ? json_string("") : service_name(names, flow->service));
	json_object_set_new(object, "backend_name",
			    direct ? json_string("") : backend_name(names, flow->backend));
	json_object_set_new(object, "idle", json_real((double)ticks * ABI_FLOW_TICK_MS / 1000.0));
	return object;
}

/* A list of at most `limit`; NULL: no memory. */
static json_t *render_flows(const struct abi_flows *flows, const struct names *names, size_t limit)
{
	struct abi_flow6 *found = calloc(limit + 1, sizeof(*found));
	size_t count = 0;
	json_t *list;

	if (found == NULL)
		return NULL;
	if (flows != NULL)
		count = stats_collect_flows(flows, LOOKED_MAX, limit, found);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, render_flow(&found[i], names));
	free(found);
	return list;
}

/* The workers keep count; going through millions of records would take too long. */
static uint64_t count_flows(struct stats *stats, uint64_t shown)
{
	const struct abi_status *status = stats_status(stats);
	uint64_t total = 0;

	for (uint32_t i = 0; status != NULL && i < status->worker_count; i++)
		total += status->workers[i].flows + status->workers[i].flows_ipv6;
	return total > shown ? total : shown;
}

static int parse_limit(const struct api_request *request, size_t *limit)
{
	const char *text = request->argument(request, "limit");
	char *end;

	*limit = LIMIT_DEFAULT;
	if (text == NULL)
		return 0;
	errno = 0;

	unsigned long value = strtoul(text, &end, 10);

	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value > LIMIT_MAXIMUM)
		return -EINVAL;
	*limit = value;
	return 0;
}

json_t *api_flows(struct controlplane *controlplane, const struct api_request *request,
		  struct api_problem *problem)
{
	const struct abi_flows *flows = stats_flows(controlplane->stats);
	size_t limit;

	if (parse_limit(request, &limit) < 0) {
		problem->status = MHD_HTTP_BAD_REQUEST;
		snprintf(problem->detail, sizeof(problem->detail),
			 "limit must be a number from 0 to %d", LIMIT_MAXIMUM);
		return NULL;
	}

	struct names *names = collect_names(controlplane);
	json_t *list = names == NULL ? NULL : render_flows(flows, names, limit);

	free(names);
	if (list == NULL)
		return NULL;
	return json_pack("{s:I, s:o}", "total",
			 (json_int_t)count_flows(controlplane->stats, json_array_size(list)),
			 "flows", list);
}
