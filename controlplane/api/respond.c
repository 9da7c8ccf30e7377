/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/respond.h"

#include "config/token.h"
#include "controlplane/api/host.h"
#include "controlplane/api/resource.h"
#include "controlplane/api/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JSON_TYPE    "application/json"
#define PROBLEM_TYPE "application/problem+json"

static const char *find_argument(const struct api_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *find_header(const struct api_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	(void)kind;
	conditions_take(context, name, value);
	return MHD_YES;
}

static void take_headers(const struct api_request *request, struct conditions *conditions)
{
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_header, conditions);
}

/* Sends a response with what the answer has beside its body. */
static enum MHD_Result send_response(struct MHD_Connection *connection,
				     const struct api_answer *answer, const char *allow,
				     struct MHD_Response *response)
{
	enum MHD_Result result;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					"Bearer realm=\"headrace\"");
	if (answer->etag[0] != '\0')
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, answer->etag);
	if (answer->location[0] != '\0')
		MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, answer->location);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Takes over `text`. */
static enum MHD_Result send_text(struct MHD_Connection *connection, const struct api_answer *answer,
				 char *text, const char *allow)
{
	struct MHD_Response *response =
		text == NULL ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
			     : MHD_create_response_from_buffer(strlen(text), text,
							       MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	if (text != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	return send_response(connection, answer, allow, response);
}

/* With a newline at its end, for who reads it in a terminal. */
static char *render_body(const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	size_t length = text == NULL ? 0 : strlen(text);
	char *line = text == NULL ? NULL : realloc(text, length + 2);

	if (line == NULL) {
		free(text);
		return NULL;
	}
	memcpy(line + length, "\n", 2);
	return line;
}

/* Takes over what the answer holds. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct api_answer *answer,
				   const char *allow)
{
	char *text = answer->text;

	if (answer->json != NULL) {
		text = render_body(answer->json);
		json_decref(answer->json);
		if (text == NULL)
			return MHD_NO; /* no memory: the connection is closed */
		if (answer->type == NULL)
			answer->type = JSON_TYPE;
	}
	return send_text(connection, answer, text, allow);
}

static enum MHD_Result send_stream(const struct respond_to *to, const struct api_answer *answer)
{
	struct MHD_Response *response = stream_response(to->controlplane, answer);

	if (response == NULL)
		return MHD_NO;
	stream_be_patient(to->connection);
	return send_response(to->connection, answer, NULL, response);
}

static enum MHD_Result send_problem(struct MHD_Connection *connection, struct api_answer *answer,
				    const char *allow)
{
	answer->status = answer->problem.status;
	answer->type = PROBLEM_TYPE;
	answer->etag[0] = '\0';
	answer->location[0] = '\0';
	answer->json = problem_render(&answer->problem, MHD_get_reason_phrase_for(answer->status));
	if (answer->json == NULL)
		return MHD_NO;
	return send_answer(connection, answer, allow);
}

/* GET and HEAD. */
static void read_resource(struct controlplane *controlplane, const struct api_resource *resource,
			  const struct api_request *request, struct api_answer *answer)
{
	const char *known = find_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);

	answer->status = MHD_HTTP_OK;
	if (resource->text != NULL) {
		answer->text = resource->text(controlplane);
		answer->type = resource->text_type;
		if (answer->text == NULL)
			answer->status = 0;
		return;
	}
	if (resource->read != NULL) {
		answer->status = 0;
		resource->read(controlplane, request, answer);
		return;
	}
	if (resource->kind != OBJECT_NONE)
		memcpy(answer->etag, controlplane->etag, sizeof(answer->etag));
	/* Of the others the state changes while the document does not. */
	if (resource->kind == OBJECT_DOCUMENT && known != NULL &&
	    (etag_is_any(known) || etag_matches(known, answer->etag, true))) {
		answer->status = MHD_HTTP_NOT_MODIFIED;
		return;
	}
	answer->json = resource->render(controlplane, request, &answer->problem);
	if (answer->json == NULL)
		answer->status = 0;
}

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
				     const char *value)
{
	(void)kind;
	return query_take(context, name, value) ? MHD_YES : MHD_NO;
}

static bool check_query(const struct api_resource *resource, const struct api_request *request,
			struct api_problem *problem)
{
	const char *known[QUERY_NAMES_MAX + 1];
	struct query query = {.known = known, .problem = problem};

	api_known_arguments(resource, request->method, known);
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_argument,
				  &query);
	return !query.refused;
}

static void answer_request(struct controlplane *controlplane, const struct api_resource *resource,
			   const struct api_request *request, struct api_answer *answer)
{
	if (!check_query(resource, request, &answer->problem))
		return;
	if (api_is_read(request->method))
		read_resource(controlplane, resource, request, answer);
	else if (resource->post != NULL)
		resource->post(controlplane, request, answer);
	else if (resource->remove != NULL)
		resource->remove(controlplane, request, answer);
	else
		api_change(controlplane, resource, request, answer);
}

static void refuse_head(const struct upload *upload, struct api_problem *problem)
{
	if (upload->refused == MHD_HTTP_CONTENT_TOO_LARGE)
		problem_set(problem, upload->refused, "a body has at most 16 MiB");
	else if (upload->refused == MHD_HTTP_UNAUTHORIZED)
		problem_set(problem, upload->refused,
			    "by TCP the API asks for the token of its api.token_file: send "
			    "Authorization: Bearer TOKEN (headrace --token-file FILE)");
	else if (upload->refused == MHD_HTTP_BAD_REQUEST)
		problem_set(
			problem, upload->refused,
			"one Host, one Content-Length, and not together with Transfer-Encoding");
	else
		problem_set(problem, upload->refused, "too much is being uploaded: try again");
}

enum MHD_Result respond(const struct respond_to *to)
{
	struct api_request request = {.path = to->path,
				      .method = to->method,
				      .body = to->upload->bytes != NULL ? to->upload->bytes : "",
				      .length = to->upload->length,
				      .argument = find_argument,
				      .header = find_header,
				      .take_headers = take_headers,
				      .connection = to->connection};
	struct api_answer answer = {
		.problem = {.status = MHD_HTTP_SERVICE_UNAVAILABLE, .detail = "no memory"}};
	const struct api_resource *resource = api_find_resource(to->path, &request.names);
	const char *allow = NULL;

	if (to->upload->refused != 0) {
		refuse_head(to->upload, &answer.problem);
	} else if (to->asks_for_host &&
		   !host_is_loopback(find_header(&request, MHD_HTTP_HEADER_HOST))) {
		problem_set(&answer.problem, MHD_HTTP_FORBIDDEN,
			    "the header Host must name a loopback address or localhost");
	} else if (resource == NULL) {
		problem_set(&answer.problem, MHD_HTTP_NOT_FOUND,
			    "there is no %.200s; there are /v1/config, /v1/services, /v1/pools, "
			    "/v1/local_pools, /v1/vrrp_groups, /v1/status, /v1/workers, /v1/ports, "
			    "/v1/flows and "
			    "/metrics",
			    to->path);
	} else if (!api_allows(resource, to->method)) {
		allow = api_allowed_methods(resource);
		problem_set(&answer.problem, MHD_HTTP_METHOD_NOT_ALLOWED, "%.200s has %s only",
			    to->path, allow);
	} else {
		answer_request(to->controlplane, resource, &request, &answer);
	}
	counts_answer(&to->controlplane->counts,
		      answer.status != 0 ? answer.status : answer.problem.status);
	if (answer.status == 0)
		return send_problem(to->connection, &answer, allow);
	return answer.stream.read != NULL ? send_stream(to, &answer)
					  : send_answer(to->connection, &answer, NULL);
}

/* How often each header that frames a request is there. */
struct framing {
	unsigned hosts, lengths, encodings;
	bool too_long;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct framing *framing = context;

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0)
		framing->hosts++;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		framing->encodings++;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		framing->lengths++;
		framing->too_long = value != NULL && strtoull(value, NULL, 10) > UPLOAD_DRAINED_MAX;
	}
	return MHD_YES;
}

unsigned respond_to_head(struct MHD_Connection *connection, const char *token)
{
	struct framing framing = {0};
	const char *shown = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							MHD_HTTP_HEADER_AUTHORIZATION);

	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &framing);
	if (framing.hosts > 1 || framing.lengths > 1 || framing.encodings > 1 ||
	    (framing.lengths > 0 && framing.encodings > 0))
		return MHD_HTTP_BAD_REQUEST;
	if (token != NULL && !token_is_shown(shown, token))
		return MHD_HTTP_UNAUTHORIZED;
	return framing.too_long ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

enum MHD_Result respond_refusal(struct MHD_Connection *connection, unsigned status)
{
	struct upload upload = {.refused = status};
	struct api_answer answer = {0};

	refuse_head(&upload, &answer.problem);
	return send_problem(connection, &answer, NULL);
}
