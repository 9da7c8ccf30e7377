/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/config, /v1/local_pools, /v1/local_pools/NAME: what is configured and nothing else. */
#include "controlplane/api/resource.h"

#define NOT_FOUND 404

json_t *api_config(struct controlplane *controlplane, const struct api_request *request,
		   struct api_problem *problem)
{
	(void)request;
	(void)problem;
	return json_incref(controlplane->document);
}

json_t *api_local_pools(struct controlplane *controlplane, const struct api_request *request,
			struct api_problem *problem)
{
	json_t *pools = json_object_get(controlplane->document, "local_pools");

	(void)request;
	(void)problem;
	if (pools == NULL)
		return json_pack("{s:[]}", "local_pools");
	return json_pack("{s:O}", "local_pools", pools);
}

json_t *api_local_pool(struct controlplane *controlplane, const struct api_request *request,
		       struct api_problem *problem)
{
	const char *name = request->names.names[0];
	json_t *pool = objects_find(controlplane->document, OBJECT_LOCAL_POOL, name, NULL);

	if (pool == NULL)
		return problem_set(problem, NOT_FOUND, "there is no local pool \"%s\"", name);
	return api_with_config(json_pack("{s:s}", "name", name), pool);
}
