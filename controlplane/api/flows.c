/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/flows?...: the dataplane's records, read without asking it. */
#include "controlplane/api/resource.h"
#include "controlplane/api/stream.h"
#include "controlplane/flows/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>

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
