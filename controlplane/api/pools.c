/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/pools, /v1/pools/NAME, /v1/pools/NAME/backends, /v1/pools/NAME/backends/NAME */
#include "controlplane/api/removed.h"
#include "controlplane/api/resource.h"
#include "controlplane/backend_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOT_FOUND 404

/* Everything one backend's object is made from. */
struct backend_row {
	const struct config_pool *pool;
	const struct config_backend *backend;
	const struct network_path *path;
	struct health_view health;
};

static const char *admin_text(enum config_admin admin)
{
	switch (admin) {
	case CONFIG_DRAIN:
		return "drain";
	case CONFIG_MAINT:
		return "maint";
	default:
		return "ready";
	}
}

/* The MAC packets to the backend go to; false: not known. */
static bool find_mac(const struct controlplane *controlplane, const struct network_path *path,
		     uint8_t mac[6])
{
	const struct config_dataplane *dataplane = &controlplane->config->dataplane;
	const struct neighbour *neighbour = neighbour_table_find(&controlplane->network->neighbours,
								 path->interface, &path->next_hop);

	if (neighbour != NULL && neighbour->has_mac) {
		memcpy(mac, neighbour->mac, sizeof(neighbour->mac));
		return true;
	}
	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		const struct config_next_hop *next_hop = &dataplane->next_hops[i];

		if (address_equal(&next_hop->address, &path->next_hop) &&
		    strcmp(next_hop->port, dataplane->ports[path->place.port].name) == 0) {
			memcpy(mac, next_hop->mac, sizeof(next_hop->mac));
			return true;
		}
	}
	return false;
}

/* null while it is not known. */
static json_t *render_next_hop(const struct controlplane *controlplane,
			       const struct network_path *path)
{
	uint8_t mac[6];
	char text[18];

	if (path == NULL || !path->known || !find_mac(controlplane, path, mac))
		return json_null();

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return json_pack("{s:o, s:s, s:s}", "address", api_address(&path->next_hop), "mac", text,
			 "port", controlplane->config->dataplane.ports[path->place.port].name);
}

/* Health sees Linux's way to the backend; packets need ours. */
static const char *reason_text(const struct backend_row *row, const json_t *next_hop)
{
	if (row->health.verdict != CHECK_UP || !json_is_null(next_hop))
		return row->health.reason;
	if (row->path != NULL && row->path->known)
		return "healthy, but the MAC of its next hop is not known";
	return "healthy, but no route leads to it through a port";
}

static json_t *render_backend(struct controlplane *controlplane, const struct backend_row *row)
{
	const struct config_backend *backend = row->backend;
	json_t *next_hop = render_next_hop(controlplane, row->path);
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(backend->name));
	json_object_set_new(object, "address", api_address(&backend->address));
	json_object_set_new(object, "port", json_integer(backend->port));
	json_object_set_new(object, "weight", json_integer(backend->weight));
	json_object_set_new(object, "admin", json_string(admin_text(backend->admin)));
	json_object_set_new(
		object, "state",
		json_string(backend_state_text(backend_state_of(backend, row->health.verdict))));
	json_object_set_new(object, "reason", json_string(reason_text(row, next_hop)));
	json_object_set_new(object, "since", json_real(api_seconds_since(row->health.since_ms)));
	json_object_set_new(object, "check_duration_ms",
			    json_real((double)row->health.duration_us / 1000.0));
	json_object_set_new(object, "next_hop", next_hop);
	api_put_backend_traffic(
		controlplane, object,
		publisher_backend_index(controlplane->publisher, row->pool->name, backend));
	return object;
}

/* `position`: of the pool's first backend among all; `removed`: those that left pools. */
static json_t *render_backends(struct controlplane *controlplane, const struct config_pool *pool,
			       size_t position, const json_t *removed)
{
	const struct network *network = controlplane->network;
	json_t *backends = json_array();

	for (size_t i = 0; i < pool->backend_count; i++, position++) {
		struct backend_row row = {
			.pool = pool,
			.backend = &pool->backends[i],
			.path = position < network->path_count ? &network->paths[position] : NULL,
			.health = health_view(controlplane->health, position)};

		json_array_append_new(backends, render_backend(controlplane, &row));
	}
	json_array_extend(backends, json_object_get(removed, pool->name));
	return backends;
}

static json_t *render_pool(struct controlplane *controlplane, const struct config_pool *pool,
			   size_t position, const json_t *removed)
{
	return json_pack("{s:s, s:b, s:o}", "name", pool->name, "inline", pool->is_inline,
			 "backends", render_backends(controlplane, pool, position, removed));
}

/* One that is written nowhere any more, while its backends drain. */
static json_t *render_gone_pool(const char *name, json_t *backends)
{
	return json_pack("{s:s, s:n, s:O}", "name", name, "inline", "backends", backends);
}

json_t *api_pools(struct controlplane *controlplane, const struct api_request *request,
		  struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	json_t *removed = removed_by_pool(controlplane);
	json_t *pools = json_array();
	const char *name;
	json_t *backends;
	size_t position = 0;

	(void)request;
	(void)problem;
	for (size_t i = 0; i < config->pool_count; i++) {
		json_array_append_new(
			pools, render_pool(controlplane, &config->pools[i], position, removed));
		position += config->pools[i].backend_count;
	}
	json_object_foreach (removed, name, backends) {
		if (config_find_pool(config, name) == NULL)
			json_array_append_new(pools, render_gone_pool(name, backends));
	}
	json_decref(removed);
	return json_pack("{s:o}", "pools", pools);
}

/* The position of a pool's first backend among all. */
static size_t position_of(const struct config *config, const struct config_pool *pool)
{
	size_t position = 0;

	for (const struct config_pool *before = config->pools; before < pool; before++)
		position += before->backend_count;
	return position;
}

/* The pool a path names; a new reference; NULL: there is none, and nothing of it drains. */
static json_t *find_pool(struct controlplane *controlplane, const struct api_request *request,
			 struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	const char *name = request->names.names[0];
	const struct config_pool *pool = config_find_pool(config, name);
	json_t *removed = removed_by_pool(controlplane);
	json_t *backends = json_object_get(removed, name);
	json_t *object = NULL;

	if (pool != NULL)
		object = render_pool(controlplane, pool, position_of(config, pool), removed);
	else if (backends != NULL)
		object = render_gone_pool(name, backends);
	else
		problem_set(problem, NOT_FOUND, "there is no pool \"%s\"", name);
	json_decref(removed);
	return object;
}

json_t *api_pool(struct controlplane *controlplane, const struct api_request *request,
		 struct api_problem *problem)
{
	json_t *pool = find_pool(controlplane, request, problem);

	if (pool == NULL)
		return NULL;
	return api_with_config(pool, objects_find(controlplane->document, OBJECT_POOL,
						  request->names.names[0], NULL));
}

json_t *api_backends(struct controlplane *controlplane, const struct api_request *request,
		     struct api_problem *problem)
{
	json_t *pool = find_pool(controlplane, request, problem);
	json_t *backends;

	if (pool == NULL)
		return NULL;
	backends = json_pack("{s:O}", "backends", json_object_get(pool, "backends"));
	json_decref(pool);
	return backends;
}

/* One that left and still drains is found too, without "config". */
json_t *api_backend(struct controlplane *controlplane, const struct api_request *request,
		    struct api_problem *problem)
{
	const char *pool_name = request->names.names[0], *name = request->names.names[1];
	json_t *pool = find_pool(controlplane, request, problem);
	json_t *backend, *found = NULL;
	size_t index;

	if (pool == NULL)
		return NULL;
	json_array_foreach (json_object_get(pool, "backends"), index, backend) {
		if (found == NULL &&
		    strcmp(json_string_value(json_object_get(backend, "name")), name) == 0)
			found = json_incref(backend);
	}
	json_decref(pool);
	if (found == NULL)
		return problem_set(problem, NOT_FOUND, "there is no backend \"%s\" in pool \"%s\"",
				   name, pool_name);
	return api_with_config(
		found, objects_find(controlplane->document, OBJECT_BACKEND, pool_name, name));
}
