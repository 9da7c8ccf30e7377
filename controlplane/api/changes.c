/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* PUT, POST, PATCH, DELETE: from the request to a whole new document, and its way through
 * change_apply(). */
#include "config/difference.h"
#include "controlplane/api/resource.h"
#include "controlplane/change.h"
#include "controlplane/log.h"
#include "controlplane/preview.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool api_has_type(const struct api_request *request, const char *type)
{
	const char *header = request->header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t length = strlen(type);

	return header != NULL && strncasecmp(header, type, length) == 0 &&
	       (header[length] == '\0' || header[length] == ';' || header[length] == ' ');
}

static bool check_type(const struct api_request *request, struct api_problem *problem)
{
	const char *given = request->header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
	bool is_patch = strcmp(request->method, MHD_HTTP_METHOD_PATCH) == 0;

	if (strcmp(request->method, MHD_HTTP_METHOD_DELETE) == 0 ||
	    api_has_type(request, "application/json") ||
	    (is_patch && api_has_type(request, "application/merge-patch+json")))
		return true;
	problem_set(problem, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		    "the body's Content-Type is %.100s: %s needs application/json%s",
		    given == NULL ? "not given" : given, request->method,
		    is_patch ? " or application/merge-patch+json" : "");
	return false;
}

/* ?name=true or false; false with a problem when it is neither. */
static bool read_flag(const struct api_request *request, const char *name, bool *flag,
		      struct api_problem *problem)
{
	const char *text = request->argument(request, name);

	*flag = text != NULL && strcmp(text, "true") == 0;
	if (text == NULL || *flag || strcmp(text, "false") == 0)
		return true;
	problem_set(problem, MHD_HTTP_BAD_REQUEST, "?%s= is true or false", name);
	return false;
}

/* The upload is bounded in bytes; what it becomes when it is parsed, here. */
static bool check_size(const struct api_request *request, struct api_problem *problem)
{
	const char *too_large = config_too_large(request->body, request->length);

	if (too_large != NULL)
		problem_set(problem, MHD_HTTP_CONTENT_TOO_LARGE, "%s", too_large);
	return too_large == NULL;
}

static json_t *parse_body(const struct api_request *request, struct api_problem *problem)
{
	json_error_t broken;
	json_t *body = json_loadb(request->body, request->length, JSON_REJECT_DUPLICATES, &broken);

	if (body == NULL)
		return problem_set(problem, MHD_HTTP_BAD_REQUEST,
				   "the body is no JSON: line %d, column %d: %s", broken.line,
				   broken.column, broken.text);
	return body;
}

static enum object_verb verb_of(const char *method)
{
	if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
		return OBJECT_CREATE;
	if (strcmp(method, MHD_HTTP_METHOD_PATCH) == 0)
		return OBJECT_PATCH;
	if (strcmp(method, MHD_HTTP_METHOD_DELETE) == 0)
		return OBJECT_DELETE;
	return OBJECT_REPLACE;
}

/* Where the object that was made can be found. */
static void set_location(const struct api_resource *resource, const struct api_request *request,
			 const json_t *body, struct api_answer *answer)
{
	if (resource->is_collection)
		snprintf(answer->location, sizeof(answer->location), "%s/%s", request->path,
			 json_string_value(json_object_get(body, "name")));
	else
		snprintf(answer->location, sizeof(answer->location), "%s", request->path);
}

/* The whole document with the object edited; NULL: the answer says why not. */
static json_t *edit_object(const struct controlplane *controlplane,
			   const struct api_resource *resource, const struct api_request *request,
			   bool *created, struct api_answer *answer)
{
	struct object_edit edit = {.kind = resource->kind, .verb = verb_of(request->method)};
	bool is_backend = resource->kind == OBJECT_BACKEND;

	if (is_backend || !resource->is_collection)
		edit.name = request->names.names[0];
	if (is_backend && !resource->is_collection)
		edit.member = request->names.names[1];
	if (edit.verb != OBJECT_DELETE) {
		edit.body = parse_body(request, &answer->problem);
		if (edit.body == NULL)
			return NULL;
	}

	json_t *document = objects_edit(controlplane->document, &edit, created, &answer->problem);

	if (document != NULL && *created)
		set_location(resource, request, edit.body, answer);
	json_decref(edit.body);
	return document;
}

/* Whether what the request is for exists: an object, or the list that it joins. */
static bool is_there(const struct controlplane *controlplane, const struct api_resource *resource,
		     const struct api_request *request)
{
	const char *name = request->names.names[0], *member = request->names.names[1];
	bool is_backend = resource->kind == OBJECT_BACKEND;

	if (resource->kind == OBJECT_DOCUMENT || (resource->is_collection && !is_backend))
		return true;
	if (resource->kind == OBJECT_POOL || resource->is_collection)
		return config_find_pool(controlplane->config, name) != NULL;
	return objects_find(controlplane->document, resource->kind, name, member) != NULL;
}

static bool check_conditions(const struct controlplane *controlplane,
			     const struct api_resource *resource, const struct api_request *request)
{
	struct conditions conditions = {.etag = controlplane->etag,
					.is_there = is_there(controlplane, resource, request)};

	request->take_headers(request, &conditions);
	return conditions_hold(&conditions);
}

static json_t *render_dry_run(const struct controlplane *controlplane,
			      const struct change_result *result)
{
	json_t *changes = result->document == NULL
				  ? json_array()
				  : difference_list(controlplane->document, result->document);
	json_t *moves =
		result->next == NULL ? json_array() : preview_moves(controlplane, result->next);

	return json_pack("{s:o, s:o, s:o}", "changes", changes, "moves", moves, "restart_required",
			 api_restart_required(&result->restart_required));
}

static unsigned status_of_failure(const struct change_result *result)
{
	switch (result->outcome) {
	case CHANGE_INVALID:
		return MHD_HTTP_BAD_REQUEST;
	case CHANGE_STALE:
		return MHD_HTTP_PRECONDITION_FAILED;
	case CHANGE_CONFLICT:
		return MHD_HTTP_CONFLICT;
	case CHANGE_NOT_SAVED:
		return result->error == ENOSPC || result->error == EDQUOT
			       ? MHD_HTTP_INSUFFICIENT_STORAGE
			       : MHD_HTTP_INTERNAL_SERVER_ERROR;
	default:
		return result->error == ENOMEM ? MHD_HTTP_SERVICE_UNAVAILABLE
					       : MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static void answer_result(const struct controlplane *controlplane,
			  const struct api_request *request, const struct change_request *change,
			  const struct change_result *result, bool created,
			  struct api_answer *answer)
{
	bool done = result->outcome == CHANGE_APPLIED || result->outcome == CHANGE_UNCHANGED ||
		    result->outcome == CHANGE_CHECKED;

	if (!done) {
		problem_set(&answer->problem, status_of_failure(result), "%s", result->detail);
		problem_add_errors(&answer->problem, &result->errors);
		return;
	}
	if (change->dry_run) {
		answer->status = MHD_HTTP_OK;
		answer->json = render_dry_run(controlplane, result);
		answer->location[0] = '\0';
		return;
	}
	memcpy(answer->etag, result->etag, sizeof(answer->etag));
	if (strcmp(request->method, MHD_HTTP_METHOD_DELETE) == 0) {
		answer->status = MHD_HTTP_NO_CONTENT;
		return;
	}
	answer->status = created ? MHD_HTTP_CREATED : MHD_HTTP_OK;
	answer->json =
		json_pack("{s:b, s:I, s:s, s:o}", "changed", result->outcome == CHANGE_APPLIED,
			  "revision", (json_int_t)result->revision, "etag", result->etag,
			  "restart_required", api_restart_required(&result->restart_required));
	if (result->warning[0] != '\0')
		json_object_set_new(answer->json, "warning", json_string(result->warning));
}

static void log_change(const struct api_request *request, const struct change_result *result)
{
	if (result->outcome == CHANGE_APPLIED)
		log_info("%s %s: revision %lu", request->method, request->path,
			 (unsigned long)result->revision);
	else if (result->outcome == CHANGE_NOT_SAVED || result->outcome == CHANGE_FAILED)
		log_error("%s %s is refused: %s", request->method, request->path, result->detail);
}

void api_change(struct controlplane *controlplane, const struct api_resource *resource,
		const struct api_request *request, struct api_answer *answer)
{
	struct change_request change = {.is_stale =
						!check_conditions(controlplane, resource, request)};
	struct change_result result;
	json_t *document = NULL;
	bool created = false;

	if (!check_type(request, &answer->problem) || !check_size(request, &answer->problem) ||
	    !read_flag(request, "dry_run", &change.dry_run, &answer->problem) ||
	    !read_flag(request, "force", &change.force, &answer->problem))
		return;
	if (resource->kind == OBJECT_DOCUMENT) {
		change.text = request->body;
		change.length = request->length;
	} else if (!change.is_stale) {
		/* Of another document than was meant, nothing is told but that. */
		document = edit_object(controlplane, resource, request, &created, answer);
		if (document == NULL)
			return;
		change.document = document;
	}
	change_apply(controlplane, &change, &result);
	if (!change.dry_run)
		log_change(request, &result);
	answer_result(controlplane, request, &change, &result, created, answer);
	change_result_free(&result);
	json_decref(document);
}
