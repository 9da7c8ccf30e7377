/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/respond.h"

#include "controlplane/api/resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route {
	const char *path;
	api_render *render;
};

static const struct route routes[] = {
	{"/v1/status", api_status},
	{"/v1/services", api_services},
	{"/v1/pools", api_pools},
	{"/v1/flows", api_flows},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

static const char *find_argument(const void *request, const char *name)
{
	return MHD_lookup_connection_value((struct MHD_Connection *)(uintptr_t)request,
					   MHD_GET_ARGUMENT_KIND, name);
}

/* Takes over `body`. */
static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status,
				 const char *type, json_t *body, const char *allow)
{
	char *text =
		body == NULL ? NULL : json_dumps(body, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	struct MHD_Response *response;
	enum MHD_Result result;

	json_decref(body);
	if (text == NULL)
		return MHD_NO; /* no memory: the connection is closed */
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_problem(struct MHD_Connection *connection,
				    const struct api_problem *problem, const char *allow)
{
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				 MHD_get_reason_phrase_for(problem->status), "status",
				 (int)problem->status, "detail", problem->detail);

	return send_json(connection, problem->status, "application/problem+json", body, allow);
}

static const struct route *find_route(const char *url)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (strcmp(routes[i].path, url) == 0)
			return &routes[i];
	}
	return NULL;
}

enum MHD_Result respond(struct controlplane *controlplane, struct MHD_Connection *connection,
			const char *url, const char *method)
{
	const struct route *route = find_route(url);
	struct api_query query = {.find = find_argument, .request = connection};
	struct api_problem problem = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
				      .detail = "no memory"};

	if (route == NULL) {
		problem.status = MHD_HTTP_NOT_FOUND;
		snprintf(problem.detail, sizeof(problem.detail),
			 "there is /v1/status, /v1/services, /v1/pools and /v1/flows");
		return send_problem(connection, &problem, NULL);
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		problem.status = MHD_HTTP_METHOD_NOT_ALLOWED;
		snprintf(problem.detail, sizeof(problem.detail), "%s can only be read",
			 route->path);
		return send_problem(connection, &problem, "GET, HEAD");
	}

	json_t *body = route->render(controlplane, &query, &problem);

	if (body == NULL)
		return send_problem(connection, &problem, NULL);
	return send_json(connection, MHD_HTTP_OK, "application/json", body, NULL);
}
