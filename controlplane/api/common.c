/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What several resources show in the same way. */
#include "controlplane/api/resource.h"
#include "controlplane/clock.h"

static void put_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

void api_put_traffic(json_t *object, const struct abi_traffic *traffic)
{
	uint64_t flows = traffic->flows_started > traffic->flows_ended
				 ? traffic->flows_started - traffic->flows_ended
				 : 0;

	put_count(object, "flows", flows);
	put_count(object, "flows_started", traffic->flows_started);
	put_count(object, "packets_in", traffic->packets_in);
	put_count(object, "bytes_in", traffic->bytes_in);
	put_count(object, "packets_out", traffic->packets_out);
	put_count(object, "bytes_out", traffic->bytes_out);
	put_count(object, "drops", traffic->drops);
	put_count(object, "client_on_backend_link", traffic->client_on_backend_link);
}

void api_put_backend_traffic(struct controlplane *controlplane, json_t *object, int index)
{
	struct abi_traffic traffic = {0};

	if (index >= 0)
		stats_traffic(controlplane->stats, STATS_BACKEND, (uint32_t)index, &traffic);
	api_put_traffic(object, &traffic);
}

double api_seconds_since(uint64_t then_ms)
{
	uint64_t now_ms = clock_now_ms();

	return now_ms > then_ms ? (double)(now_ms - then_ms) / 1000.0 : 0.0;
}

json_t *api_with_config(json_t *object, json_t *written)
{
	if (written != NULL)
		json_object_set(object, "config", written);
	return object;
}

json_t *api_restart_required(const struct restart_required *required)
{
	json_t *list = json_array();

	for (size_t i = 0; i < required->count; i++)
		json_array_append_new(list, json_string(required->pointers[i]));
	return list;
}

json_t *api_address(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	return json_string(address_format(address, text));
}
