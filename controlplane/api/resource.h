/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the API serves: a resource renders itself as JSON. */
#pragma once

#include "controlplane/controlplane.h"

#include <jansson.h>

/* A query argument by its name; NULL: not given. */
struct api_query {
	const char *(*find)(const void *request, const char *name);
	const void *request;
};

/* Why a request is refused: becomes application/problem+json. */
struct api_problem {
	unsigned status;
	char detail[256];
};

/* A new reference, or NULL with `problem` filled in. */
typedef json_t *api_render(struct controlplane *controlplane, const struct api_query *query,
			   struct api_problem *problem);

api_render api_status;
api_render api_services;
api_render api_pools;
api_render api_flows;

/* Traffic counters as both services and backends show them: adds them to the object. */
void api_put_traffic(json_t *object, const struct abi_traffic *traffic);

/* 10.0.0.1, as a new reference. */
json_t *api_address(const struct address *address);
