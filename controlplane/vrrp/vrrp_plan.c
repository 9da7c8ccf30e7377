/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A new plan: groups that come, go on or go, and the sockets they need. */
#include "controlplane/clock.h"
#include "controlplane/vrrp/vrrp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those that serve go on to say so. What a backup does, or one that is late, waits until what there
 * is to hear is heard. */
static void tick_active(struct vrrp *vrrp)
{
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		struct group *group = vrrp->groups[number];
		uint64_t now = clock_now_ns();

		if (group != NULL && group->election.state == ELECTION_ACTIVE &&
		    now <= group->election.lease)
			group_tick(group, &vrrp->means, now);
	}
}

void vrrp_drop_group(struct vrrp *vrrp, uint32_t number)
{
	struct group *group = vrrp->groups[number];

	group_stop(group, &vrrp->means);
	while (holdings_step(&group->holdings, vrrp->means.netlink))
		tick_active(vrrp);
	group_free(group, &vrrp->means);
	vrrp->groups[number] = NULL;
}

static bool shares_instance(const struct group *group, const struct plan_view *plan,
			    const struct plan_group *row)
{
	for (uint32_t i = 0; i < group->election.rules.path_count; i++) {
		const struct instance *before = &group->instances[i];

		for (uint32_t j = 0; j < row->instances.count; j++) {
			const struct plan_instance *now =
				&plan->instances[row->instances.first + j];

			if (now->id == before->id && now->family == before->family &&
			    strcmp(now->interface, before->interface->name) == 0)
				return true;
		}
	}
	return false;
}

/* By its row of the plan. One that has its number alone is another group, which begins anew. */
static bool goes_on(const struct group *group, const struct plan_view *plan)
{
	for (uint32_t i = 0; i < plan->head->group_count; i++) {
		const struct plan_group *row = &plan->groups[i];

		if (row->number == group->number)
			return strcmp(row->name, group->name) == 0 ||
			       shares_instance(group, plan, row);
	}
	return false;
}

static int plan_group(struct vrrp *vrrp, const struct plan_view *plan, const struct plan_group *row,
		      uint64_t now)
{
	struct group *group = vrrp->groups[row->number];
	bool is_new = group == NULL;
	int error;

	if (is_new)
		group = calloc(1, sizeof(*group));
	if (group == NULL)
		return -ENOMEM;
	error = group_plan(group, plan, row, &vrrp->interfaces, &vrrp->means, now);
	if (error == 0)
		vrrp->groups[row->number] = group;
	else if (is_new)
		free(group);
	return error;
}

static struct advert_socket *want_socket(struct vrrp *vrrp, const struct instance *instance)
{
	struct advert_socket *vacant = NULL;

	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		struct advert_socket *socket = &vrrp->sockets[i];

		if (socket->interface == NULL)
			vacant = vacant == NULL ? socket : vacant;
		else if (socket->interface == instance->interface &&
			 socket->family == instance->family)
			return socket;
	}
	/* There is one, since there is room for one of each instance. */
	*vacant = (struct advert_socket){.interface = instance->interface,
					 .family = instance->family};
	return vacant;
}

static bool is_used(const struct vrrp *vrrp, const struct advert_socket *socket)
{
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		const struct group *group = vrrp->groups[number];
		uint32_t count = group == NULL ? 0 : group->election.rules.path_count;

		for (uint32_t i = 0; i < count; i++) {
			if (group->instances[i].interface == socket->interface &&
			    group->instances[i].family == socket->family)
				return true;
		}
	}
	return false;
}

static void plan_sockets(struct vrrp *vrrp)
{
	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		struct advert_socket *socket = &vrrp->sockets[i];

		if (socket->interface == NULL || is_used(vrrp, socket))
			continue;
		advert_socket_close(socket);
		socket->interface = NULL;
	}
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		struct group *group = vrrp->groups[number];
		uint32_t count = group == NULL ? 0 : group->election.rules.path_count;

		for (uint32_t i = 0; i < count; i++)
			group->instances[i].socket = want_socket(vrrp, &group->instances[i]);
	}
}

static int go_by(struct vrrp *vrrp, const struct plan_view *plan, char *trouble)
{
	uint64_t now = clock_now_ns();
	int first = 0;

	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL && !goes_on(vrrp->groups[number], plan)) {
			vrrp_drop_group(vrrp, number);
			vrrp->means.report->groups[number].released = 0;
		}
	}
	interfaces_begin(&vrrp->interfaces);
	for (uint32_t i = 0; i < plan->head->group_count; i++) {
		const struct plan_group *row = &plan->groups[i];
		int error = plan_group(vrrp, plan, row, now);

		if (error < 0) {
			snprintf(trouble, PLAN_TROUBLE_SIZE, "group %s: %s", row->name,
				 strerror(-error));
			first = first == 0 ? error : first;
		}
	}
	if (first < 0) /* who goes on as before needs what it had */
		interfaces_keep(&vrrp->interfaces);
	plan_sockets(vrrp);
	interfaces_end(&vrrp->interfaces, now);
	vrrp->must_refresh = true;
	return first;
}

int vrrp_take_plan(struct vrrp *vrrp, char trouble[PLAN_TROUBLE_SIZE])
{
	char path[RUN_PATH_SIZE];
	struct plan_view plan;
	int error;

	run_path(vrrp->run_dir, PLAN_FILE, path);
	error = plan_read(path, &plan, trouble);
	if (error == 0) {
		error = go_by(vrrp, &plan, trouble);
		if (error == 0)
			vrrp->means.report->plan_revision = plan.head->revision;
		plan_free(&plan);
	}
	if (error < 0)
		vrrp_log(&vrrp->means.log, LOG_LEVEL_ERROR, "%s: %s", path, trouble);
	return error;
}
