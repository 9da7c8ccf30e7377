/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* POST /v1/vrrp_groups/NAME/release and /take: said to headrace-vrrp, whose answer is ours. */
#include "config/groups.h"
#include "controlplane/api/resource.h"
#include "controlplane/failover/failover.h"
#include "controlplane/log.h"
#include "controlplane/vrrp/control.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

/* A page of another site can make a browser post a form, but not with this type. */
static bool check_type(const struct api_request *request, struct api_problem *problem)
{
	if (api_has_type(request, "application/json"))
		return true;
	problem_set(problem, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		    "POST needs Content-Type: application/json, also without a body");
	return false;
}

static void say(struct controlplane *controlplane, const struct api_request *request,
		const char *command, struct api_answer *answer)
{
	const char *name = request->names.names[0];
	char line[CONTROL_LINE_MAX], said[CONTROL_LINE_MAX];
	int error;

	if (!check_type(request, &answer->problem))
		return;
	if (config_find_vrrp_group(controlplane->config, name) == GROUP_NONE) {
		problem_set(&answer->problem, MHD_HTTP_NOT_FOUND, "there is no VRRP group \"%s\"",
			    name);
		return;
	}
	snprintf(line, sizeof(line), "%s %s", command, name);
	error = failover_say(&controlplane->failover, line, said);
	if (error < 0) {
		problem_set(&answer->problem, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "headrace-vrrp does not answer (%s): whether it runs is in /v1/status, "
			    "why not in the log",
			    strerror(-error));
	} else if (strcmp(said, "ok") != 0) {
		problem_set(&answer->problem, MHD_HTTP_CONFLICT, "%s", said);
	} else {
		log_info("VRRP group %s: told to %s", name, command);
		answer->status = MHD_HTTP_NO_CONTENT;
	}
}

void api_vrrp_release(struct controlplane *controlplane, const struct api_request *request,
		      struct api_answer *answer)
{
	say(controlplane, request, "release", answer);
}

void api_vrrp_take(struct controlplane *controlplane, const struct api_request *request,
		   struct api_answer *answer)
{
	say(controlplane, request, "take", answer);
}
