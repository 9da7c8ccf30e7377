/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/services, /v1/services/NAME */
#include "controlplane/api/resource.h"
#include "controlplane/backend_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_FOUND 404

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

static json_t *render_service(struct controlplane *controlplane,
			      const struct config_service *service, const struct pool_count *counts)
{
	const struct pool_count *count =
		pool_count_find(counts, controlplane->config, service->pool);
	int index = publisher_service_index(controlplane->publisher, service->name);
	struct abi_traffic traffic = {0};
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(service->name));
	json_object_set_new(object, "addresses", render_addresses(service));
	json_object_set_new(object, "ports", render_ports(service));
	json_object_set_new(object, "protocol",
			    json_string(service->protocol == CONFIG_UDP ? "udp" : "tcp"));
	json_object_set_new(object, "forwarding",
			    json_string(forwarding_text(service->forwarding)));
	json_object_set_new(object, "pool", json_string(service->pool));
	json_object_set_new(object, "backends",
			    json_integer(count == NULL ? 0 : (json_int_t)count->all));
	json_object_set_new(object, "backends_up",
			    json_integer(count == NULL ? 0 : (json_int_t)count->up));
	if (index >= 0)
		stats_traffic(controlplane->stats, STATS_SERVICE, (uint32_t)index, &traffic);
	api_put_traffic(object, &traffic);
	return object;
}

json_t *api_services(struct controlplane *controlplane, const struct api_request *request,
		     struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	struct pool_count *counts = pool_counts_make(controlplane->config, controlplane->health);
	json_t *list = json_array();

	(void)request;
	(void)problem;
	for (size_t i = 0; i < config->service_count && counts != NULL; i++)
		json_array_append_new(list,
				      render_service(controlplane, &config->services[i], counts));
	free(counts);
	return json_pack("{s:o}", "services", list);
}

json_t *api_service(struct controlplane *controlplane, const struct api_request *request,
		    struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	const char *name = request->names.names[0];

	for (size_t i = 0; i < config->service_count; i++) {
		if (strcmp(config->services[i].name, name) != 0)
			continue;

		struct pool_count *counts =
			pool_counts_make(controlplane->config, controlplane->health);
		json_t *object =
			counts == NULL ? NULL
				       : render_service(controlplane, &config->services[i], counts);

		free(counts);
		return api_with_config(
			object, objects_find(controlplane->document, OBJECT_SERVICE, name, NULL));
	}
	return problem_set(problem, NOT_FOUND, "there is no service \"%s\"", name);
}
