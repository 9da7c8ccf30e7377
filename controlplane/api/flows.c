/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * GET /v1/flows?...: the dataplane's records, read without asking it. DELETE: its
 * workers are asked to end them.
 */
#include "controlplane/api/resource.h"
#include "controlplane/api/stream.h"
#include "controlplane/clock.h"
#include "controlplane/flows/flush.h"
#include "controlplane/flows/stream.h"
#include "controlplane/log.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the query says; the names it asks by are marked. False with a problem. */
static bool read_filter(const struct api_request *request, struct flow_names *names,
			struct flow_filter *filter, struct api_problem *problem)
{
	char fault[256];

	flow_filter_init(filter);
	for (size_t i = 0; flow_filter_argument(i) != NULL; i++) {
		const char *value = request->argument(request, flow_filter_argument(i));
		int error = value == NULL ? 0
					  : flow_filter_take(filter, names, i, value, fault,
							     sizeof(fault));

		if (error < 0) {
			problem_set(problem,
				    error == -ENOENT ? MHD_HTTP_NOT_FOUND : MHD_HTTP_BAD_REQUEST,
				    "%s", fault);
			return false;
		}
	}
	return true;
}

static ssize_t read_flows(void *context, char *buffer, size_t size)
{
	return flow_stream_read(context, buffer, size);
}

static void close_flows(void *context)
{
	flow_stream_close(context);
}

void api_flows(struct controlplane *controlplane, const struct api_request *request,
	       struct api_answer *answer)
{
	struct flow_names *names;
	struct flow_filter filter;

	if (!stream_has_room(controlplane, &answer->problem))
		return;
	names = flow_names_collect(controlplane);
	if (names == NULL)
		return;
	if (!read_filter(request, names, &filter, &answer->problem)) {
		free(names);
		return;
	}
	answer->stream.context = flow_stream_open(controlplane->run_dir, &filter, names);
	if (answer->stream.context == NULL)
		return;
	answer->stream.read = read_flows;
	answer->stream.close = close_flows;
	answer->status = MHD_HTTP_OK;
	answer->type = "application/x-ndjson";
}

/* The answer to DELETE, which comes when the workers have taken the commands. */
struct ending {
	struct flow_flush *flush;
	char text[256];
	size_t length, sent; /* 0 long: it is not known yet */
};

static void tell_ending(struct ending *ending, enum flow_flush_state state)
{
	unsigned long long asked = flow_flush_asked(ending->flush);

	log_info("DELETE /v1/flows: the end of %llu flows is asked for%s", asked,
		 state == FLOW_FLUSH_STUCK ? ", and a worker takes no commands" : "");
	ending->length = (size_t)snprintf(ending->text, sizeof(ending->text),
					  "{\n  \"asked\": %llu,\n  \"complete\": %s\n}\n", asked,
					  state == FLOW_FLUSH_DONE ? "true" : "false");
}

static ssize_t read_ending(void *context, char *buffer, size_t size)
{
	struct ending *ending = context;
	size_t part;

	if (ending->length == 0) {
		enum flow_flush_state state = flow_flush_run(ending->flush, clock_now_ms());

		if (state == FLOW_FLUSH_GOES_ON)
			return 0;
		tell_ending(ending, state);
	}
	part = ending->length - ending->sent;
	if (part == 0)
		return -1;
	if (part > size)
		part = size;
	memcpy(buffer, ending->text + ending->sent, part);
	ending->sent += part;
	return (ssize_t)part;
}

static void close_ending(void *context)
{
	struct ending *ending = context;

	flow_flush_close(ending->flush);
	free(ending);
}

/* Somebody who forgets the filter must not end every connection there is. */
static bool check_extent(const struct flow_filter *filter, struct api_problem *problem)
{
	if (filter->limit != UINT64_MAX)
		problem_set(problem, MHD_HTTP_BAD_REQUEST,
			    "limit is for lists: say which flows shall end");
	else if (!filter->all && !flow_filter_restricts(filter))
		problem_set(problem, MHD_HTTP_BAD_REQUEST,
			    "say which flows shall end, or all=true for every one there is");
	else
		return true;
	return false;
}

static struct ending *open_ending(const struct controlplane *controlplane,
				  const struct flow_filter *filter, struct flow_names *names)
{
	struct flow_flush *flush = flow_flush_open(controlplane->run_dir, filter, names);
	struct ending *ending = flush != NULL ? calloc(1, sizeof(*ending)) : NULL;

	if (ending != NULL)
		ending->flush = flush;
	else if (flush != NULL)
		flow_flush_close(flush);
	return ending;
}

void api_end_flows(struct controlplane *controlplane, const struct api_request *request,
		   struct api_answer *answer)
{
	struct flow_names *names = NULL;
	struct flow_filter filter;
	struct ending *ending;

	if (!stream_has_room(controlplane, &answer->problem) ||
	    (names = flow_names_collect(controlplane)) == NULL)
		return;
	if (!read_filter(request, names, &filter, &answer->problem) ||
	    !check_extent(&filter, &answer->problem)) {
		free(names);
		return;
	}
	ending = open_ending(controlplane, &filter, names);
	if (ending == NULL)
		return;
	if (!flow_flush_has_inbox(ending->flush) ||
	    !stats_dataplane_lives(controlplane->stats, stats_status(controlplane->stats))) {
		problem_set(&answer->problem, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "no dataplane runs that could end flows");
		close_ending(ending);
		return;
	}
	answer->stream = (struct api_stream){read_ending, close_ending, ending};
	answer->status = MHD_HTTP_OK;
	answer->type = "application/json";
}
