/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the control socket says. */
#include "controlplane/clock.h"
#include "controlplane/vrrp/vrrp.h"

#include <stdio.h>
#include <string.h>

static struct group *find_group(struct vrrp *vrrp, const char *name, char *answer)
{
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL && strcmp(vrrp->groups[number]->name, name) == 0)
			return vrrp->groups[number];
	}
	snprintf(answer, CONTROL_LINE_MAX, "there is no group %.64s", name);
	return NULL;
}

static void take_plan(struct vrrp *vrrp, char *answer)
{
	char trouble[PLAN_TROUBLE_SIZE];

	if (vrrp_take_plan(vrrp, trouble) < 0)
		snprintf(answer, CONTROL_LINE_MAX, "the plan was not taken: %.100s", trouble);
}

void vrrp_command(void *context, char *command, char *answer)
{
	struct vrrp *vrrp = context;
	struct group *group = NULL;
	char *name = strchr(command, ' ');

	snprintf(answer, CONTROL_LINE_MAX, "ok");
	if (name != NULL) {
		*name++ = '\0';
		group = find_group(vrrp, name, answer);
		if (group == NULL)
			return;
	}
	vrrp_log(&vrrp->means.log, LOG_LEVEL_INFO, "told: %s%s%s", command, name == NULL ? "" : " ",
		 name == NULL ? "" : name);
	if (strcmp(command, "release") == 0 && group != NULL)
		group_release(group, &vrrp->means, answer, clock_now_ns());
	else if (strcmp(command, "take") == 0 && group != NULL)
		group_take(group, &vrrp->means, answer, clock_now_ns());
	else if (strcmp(command, "plan") == 0 && group == NULL)
		take_plan(vrrp, answer);
	else if (strcmp(command, "stop") == 0 && group == NULL)
		vrrp->must_stop = true;
	else
		snprintf(answer, CONTROL_LINE_MAX, "plan, release GROUP, take GROUP, or stop");
}
