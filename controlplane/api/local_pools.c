/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/local_pools, /v1/local_pools/NAME */
#include "controlplane/api/resource.h"
#include "controlplane/local_pool_use.h"

#include <stdio.h>
#include <string.h>

#define NOT_FOUND 404

static json_t *render_busiest(const struct local_pool_use *use)
{
	return use->backend == NULL ? json_null() : json_sprintf("%s/%s", use->pool, use->backend);
}

/* Places are drawn uniformly: each address has the same share of the flows. */
static json_t *render_addresses(const struct config_local_pool *pool,
				const struct local_pool_use *use)
{
	json_t *list = json_array();

	for (size_t i = 0; i < pool->address_count; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:f, s:f}", "address",
						api_address(&pool->addresses[i]), "flows",
						(double)use->flows / (double)pool->address_count,
						"used", local_pool_share(use)));
	return list;
}

static json_t *render_pool(const struct controlplane *controlplane,
			   const struct config_local_pool *pool)
{
	struct local_pool_use use = local_pool_use(controlplane->config, pool,
						   controlplane->publisher, controlplane->stats);
	double used = local_pool_share(&use);
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(pool->name));
	json_object_set_new(object, "ports",
			    json_sprintf("%u-%u", pool->port_first, pool->port_last));
	json_object_set_new(object, "places", json_integer((json_int_t)use.places));
	json_object_set_new(object, "busiest", render_busiest(&use));
	json_object_set_new(object, "flows", json_integer((json_int_t)use.flows));
	json_object_set_new(object, "used", json_real(used));
	json_object_set_new(object, "headroom", json_real(1 - used));
	json_object_set_new(object, "addresses", render_addresses(pool, &use));
	return object;
}

json_t *api_local_pools(struct controlplane *controlplane, const struct api_request *request,
			struct api_problem *problem)
{
	const struct config *config = controlplane->config;
	json_t *list = json_array();

	(void)request;
	(void)problem;
	for (size_t i = 0; i < config->local_pool_count; i++)
		json_array_append_new(list, render_pool(controlplane, &config->local_pools[i]));
	return json_pack("{s:o}", "local_pools", list);
}

json_t *api_local_pool(struct controlplane *controlplane, const struct api_request *request,
		       struct api_problem *problem)
{
	const char *name = request->names.names[0];
	const struct config_local_pool *pool = config_find_local_pool(controlplane->config, name);

	if (pool == NULL)
		return problem_set(problem, NOT_FOUND, "there is no local pool \"%s\"", name);
	return api_with_config(render_pool(controlplane, pool),
			       objects_find(controlplane->document, OBJECT_LOCAL_POOL, name, NULL));
}
