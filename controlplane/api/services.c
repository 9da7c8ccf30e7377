/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/services */
#include "controlplane/api/resource.h"

#include <stdio.h>

static const char *forwarding_text(enum config_forwarding forwarding)
{
	return forwarding == CONFIG_FULL_NAT ? "full-nat" : "dnat";
}

static json_t *render_addresses(const struct config_service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < service->address_count; i++)
		json_array_append_new(list, api_address(&service->addresses[i]));
	return list;
}

/* As the configuration writes them: "80", "8000-8099", "*". */
static json_t *render_ports(const struct config_service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < service->port_count; i++) {
		const struct config_port_range *range = &service->ports[i];
		char text[16];

		if (range->first == 0 && range->last == UINT16_MAX)
			snprintf(text, sizeof(text), "*");
		else if (range->first == range->last)
			snprintf(text, sizeof(text), "%u", range->first);
		else
			snprintf(text, sizeof(text), "%u-%u", range->first, range->last);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static void count_backends(const struct controlplane *controlplane, const char *name, size_t *all,
			   size_t *up)
{
	const struct config *config = controlplane->config;
	size_t position = 0;

	*all = *up = 0;
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		bool is_it = pool == config_find_pool(config, name);

		for (size_t j = 0; j < pool->backend_count; j++, position++) {
			if (!is_it)
				continue;
			*all += 1;
			*up += pool->backends[j].admin == CONFIG_READY &&
			       health_view(controlplane->health, position).verdict == CHECK_UP;
		}
	}
}

static json_t *render_service(struct controlplane *controlplane,
			      const struct config_service *service)
{
	int index = publisher_service_index(controlplane->publisher, service->name);
	struct abi_traffic traffic = {0};
	json_t *object = json_object();
	size_t all, up;

	count_backends(controlplane, service->pool, &all, &up);
	json_object_set_new(object, "name", json_string(service->name));
	json_object_set_new(object, "addresses", render_addresses(service));
	json_object_set_new(object, "ports", render_ports(service));
	json_object_set_new(object, "protocol",
			    json_string(service->protocol == CONFIG_UDP ? "udp" : "tcp"));
	json_object_set_new(object, "forwarding",
			    json_string(forwarding_text(service->forwarding)));
	json_object_set_new(object, "pool", json_string(service->pool));
	json_object_set_new(object, "backends", json_integer((json_int_t)all));
	json_object_set_new(object, "backends_up", json_integer((json_int_t)up));
	if (index >= 0)
		stats_traffic(controlplane->stats, STATS_SERVICE, (uint32_t)index, &traffic);
	api_put_traffic(object, &traffic);
	return object;
}

json_t *api_services(struct controlplane *controlplane, const struct api_query *query,
		     struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	json_t *list = json_array();

	(void)query;
	(void)problem;
	for (size_t i = 0; i < config->service_count; i++)
		json_array_append_new(list, render_service(controlplane, &config->services[i]));
	return json_pack("{s:o}", "services", list);
}
