/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/resource.h"
#include "controlplane/flows/filter.h"
#include "controlplane/metrics/metrics.h"

#include <string.h>

static const struct api_resource resources[] = {
	{.pattern = "/v1/status", .render = api_status},
	{.pattern = "/v1/workers", .render = api_workers},
	{.pattern = "/v1/ports", .render = api_ports},
	{.pattern = "/v1/flows",
	 .read = api_flows,
	 .remove = api_end_flows,
	 .argument = flow_filter_argument},
	{.pattern = "/metrics", .text = metrics_render, .text_type = METRICS_TYPE},
	{.pattern = "/v1/config", .render = api_config, .kind = OBJECT_DOCUMENT},
	{.pattern = "/v1/services",
	 .render = api_services,
	 .kind = OBJECT_SERVICE,
	 .is_collection = true},
	{.pattern = "/v1/services/*", .render = api_service, .kind = OBJECT_SERVICE},
	{.pattern = "/v1/pools", .render = api_pools, .kind = OBJECT_POOL, .is_collection = true},
	{.pattern = "/v1/pools/*", .render = api_pool, .kind = OBJECT_POOL},
	{.pattern = "/v1/pools/*/backends",
	 .render = api_backends,
	 .kind = OBJECT_BACKEND,
	 .is_collection = true},
	{.pattern = "/v1/pools/*/backends/*", .render = api_backend, .kind = OBJECT_BACKEND},
	{.pattern = "/v1/local_pools",
	 .render = api_local_pools,
	 .kind = OBJECT_LOCAL_POOL,
	 .is_collection = true},
	{.pattern = "/v1/local_pools/*", .render = api_local_pool, .kind = OBJECT_LOCAL_POOL},
	{.pattern = "/v1/vrrp_groups",
	 .render = api_vrrp_groups,
	 .kind = OBJECT_VRRP_GROUP,
	 .is_collection = true},
	{.pattern = "/v1/vrrp_groups/*", .render = api_vrrp_group, .kind = OBJECT_VRRP_GROUP},
	{.pattern = "/v1/vrrp_groups/*/release", .post = api_vrrp_release},
	{.pattern = "/v1/vrrp_groups/*/take", .post = api_vrrp_take},
};

#define RESOURCE_COUNT (sizeof(resources) / sizeof(resources[0]))

const struct api_resource *api_find_resource(const char *path, struct route_names *names)
{
	for (size_t i = 0; i < RESOURCE_COUNT; i++) {
		if (route_matches(resources[i].pattern, path, names))
			return &resources[i];
	}
	return NULL;
}

bool api_is_read(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void api_known_arguments(const struct api_resource *resource, const char *method,
			 const char *known[QUERY_NAMES_MAX + 1])
{
	size_t count = 0;

	if (resource->argument != NULL) {
		while (count < QUERY_NAMES_MAX && resource->argument(count) != NULL) {
			known[count] = resource->argument(count);
			count++;
		}
	} else if (!api_is_read(method) && resource->post == NULL) {
		known[count++] = "dry_run";
		known[count++] = "force";
	}
	known[count] = NULL;
}

const char *api_allowed_methods(const struct api_resource *resource)
{
	if (resource->post != NULL)
		return "POST";
	if (resource->kind == OBJECT_NONE)
		return resource->remove != NULL ? "GET, HEAD, DELETE" : "GET, HEAD";
	if (resource->kind == OBJECT_DOCUMENT)
		return "GET, HEAD, PUT";
	return resource->is_collection ? "GET, HEAD, POST" : "GET, HEAD, PUT, PATCH, DELETE";
}

bool api_allows(const struct api_resource *resource, const char *method)
{
	const char *allowed = api_allowed_methods(resource);
	size_t length = strlen(method);

	for (const char *at = allowed; (at = strstr(at, method)) != NULL; at += length) {
		bool begins = at == allowed || at[-1] == ' ';

		if (begins && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}
