/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/config: what is configured and nothing else. */
#include "controlplane/api/resource.h"

json_t *api_config(struct controlplane *controlplane, const struct api_request *request,
		   struct api_problem *problem)
{
	(void)request;
	(void)problem;
	return json_incref(controlplane->document);
}
