/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A group comes from a row of a plan, or goes on by another one. */
#include "controlplane/vrrp/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORTED (sizeof(((struct report_group *)0)->instances) / sizeof(struct report_instance))

/* All instances of a group advertise by the shortest of their intervals, and say so, since others
 * wait as long as that. With version 2 they say what they have: it must be the same everywhere. */
static uint32_t interval_of(const struct plan_view *plan, const struct plan_group *row, uint32_t i)
{
	const struct plan_instance *instances = plan->instances + row->instances.first;
	uint32_t interval = instances[i].advert_interval;

	for (uint32_t j = 0; row->version == 3 && j < row->instances.count; j++) {
		if (instances[j].advert_interval < interval)
			interval = instances[j].advert_interval;
	}
	return interval;
}

static struct election_rules rules_of(const struct plan_view *plan, const struct plan_group *row)
{
	struct election_rules rules = {
		.priority = row->lowered >= row->priority ? 1 : row->priority - row->lowered,
		.version = row->version,
		.preempt = row->flags & PLAN_PREEMPT,
		.is_pair = row->flags & PLAN_IS_PAIR,
		.preempt_delay = row->preempt_delay * 1000000ull,
		.path_count = row->instances.count};

	for (uint32_t i = 0; i < rules.path_count; i++)
		rules.intervals[i] = interval_of(plan, row, i) * 1000000ull;
	return rules;
}

struct next_parts {
	struct instance instances[PLAN_MAX_GROUP_INSTANCES];
	uint32_t instance_count;
	struct interface **tracked;
	uint32_t was[PLAN_MAX_GROUP_INSTANCES]; /* positions before; UINT32_MAX: new */
};

/* Of an instance that goes on. It may have to speak before group_refresh() is called. */
static void keep(struct instance *instance, const struct instance *before)
{
	memcpy(instance->source, before->source, sizeof(instance->source));
	memcpy(instance->mac, before->mac, sizeof(instance->mac));
}

static uint32_t find_before(const struct group *group, const struct instance *instance)
{
	for (uint32_t i = 0; i < group->election.rules.path_count; i++) {
		const struct instance *before = &group->instances[i];

		if (before->id == instance->id && before->family == instance->family &&
		    before->interface == instance->interface)
			return i;
	}
	return UINT32_MAX;
}

static int make_parts(struct next_parts *next, const struct group *group,
		      const struct plan_view *plan, const struct plan_group *row,
		      struct interfaces *interfaces)
{
	next->tracked = calloc(row->interfaces.count + 1, sizeof(next->tracked[0]));
	if (next->tracked == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < row->interfaces.count; i++) {
		next->tracked[i] = interfaces_want(
			interfaces, plan->interfaces[row->interfaces.first + i].name);
		if (next->tracked[i] == NULL)
			return -ENOSPC;
	}
	for (uint32_t i = 0; i < row->instances.count; i++) {
		const struct plan_instance *from = &plan->instances[row->instances.first + i];
		struct instance *instance = &next->instances[i];
		int error = instance_make(instance, plan, from, row->version);

		if (error < 0)
			return error;
		next->instance_count++;
		instance->interval = interval_of(plan, row, i);
		instance->interface = interfaces_want(interfaces, from->interface);
		if (instance->interface == NULL)
			return -ENOSPC;
		next->was[i] = find_before(group, instance);
		if (next->was[i] != UINT32_MAX)
			keep(instance, &group->instances[next->was[i]]);
	}
	return 0;
}

static void free_parts(struct next_parts *next)
{
	for (uint32_t i = 0; i < next->instance_count; i++)
		instance_free(&next->instances[i]);
	free(next->tracked);
}

static int plan_holdings(struct group *group, const struct plan_view *plan,
			 const struct plan_group *row, struct interfaces *interfaces)
{
	struct holdings_source sources[PLAN_MAX_GROUP_INSTANCES + 1];
	uint32_t count = row->instances.count;

	for (uint32_t i = 0; i < count; i++) {
		const struct plan_instance *from = &plan->instances[row->instances.first + i];

		sources[i] = (struct holdings_source){
			.addresses = plan->addresses + from->addresses.first,
			.count = from->addresses.count,
			.link = interfaces_want(interfaces, from->interface)};
	}
	sources[count] = (struct holdings_source){
		.addresses = plan->addresses + row->addresses.first, .count = row->addresses.count};
	return holdings_plan(&group->holdings, sources, count + 1, interfaces);
}

/* Counters of instances that go on are kept, those of new ones begin at 0. */
static void place_reports(struct group *group, const struct next_parts *next, struct means *means)
{
	struct report_group *row = &means->report->groups[group->number];
	struct report_instance before[PLAN_MAX_GROUP_INSTANCES];
	uint32_t count = next->instance_count;

	for (uint32_t i = 0; i < group->election.rules.path_count; i++)
		before[i] = *group->instances[i].report;
	memset(row->instances, 0, sizeof(row->instances));
	for (uint32_t i = 0; i < count; i++) {
		struct instance *instance = &group->instances[i];
		struct report_instance *report =
			i < REPORTED ? &row->instances[i] : &group->unreported[i - REPORTED];

		*report = (struct report_instance){0};
		if (next->was[i] != UINT32_MAX)
			*report = before[next->was[i]];
		report->in_use = 1;
		report->id = next->instances[i].id;
		report->family = next->instances[i].family;
		memcpy(report->interface, next->instances[i].interface->name,
		       sizeof(report->interface));
		instance->report = report;
	}
}

static void take_parts(struct group *group, struct next_parts *next, struct means *means)
{
	place_reports(group, next, means);
	for (uint32_t i = 0; i < group->election.rules.path_count; i++)
		instance_free(&group->instances[i]);
	for (uint32_t i = 0; i < next->instance_count; i++) {
		next->instances[i].report = group->instances[i].report;
		group->instances[i] = next->instances[i];
	}
	free(group->tracked);
	group->tracked = next->tracked;
}

static bool take_released(struct released *released, const char *name)
{
	for (uint32_t i = 1; i <= ABI_MAX_GROUPS; i++) {
		if (strcmp(released->names[i], name) == 0) {
			released->names[i][0] = '\0';
			return true;
		}
	}
	return false;
}

int group_plan(struct group *group, const struct plan_view *plan, const struct plan_group *row,
	       struct interfaces *interfaces, struct means *means, uint64_t now)
{
	struct election_rules rules = rules_of(plan, row);
	bool is_new = group->number == 0;
	struct next_parts next = {0};
	int error = make_parts(&next, group, plan, row, interfaces);

	if (error == 0 && group->unreported == NULL) {
		group->unreported = calloc(PLAN_MAX_GROUP_INSTANCES, sizeof(*group->unreported));
		error = group->unreported == NULL ? -ENOMEM : 0;
	}
	if (error == 0)
		error = plan_holdings(group, plan, row, interfaces);
	if (error < 0) {
		free_parts(&next);
		return error;
	}
	group->number = row->number;
	group->flags = row->flags;
	group->tracked_count = row->interfaces.count;
	memcpy(group->name, row->name, sizeof(group->name));
	memcpy(group->notify, row->notify, sizeof(group->notify));
	if (is_new) {
		means->report->groups[group->number] = (struct report_group){0};
		announce_pace_stop(&group->pace);
	}
	take_parts(group, &next, means);
	if (is_new) {
		election_init(&group->election, &rules);
		group->election.is_released = take_released(&means->released, group->name);
	} else {
		election_change(&group->election, &rules, next.was, now);
	}
	/* New addresses of a group that serves are announced; on new links group_refresh() sees to
	 * it. */
	if (group->election.state == ELECTION_ACTIVE && holdings_lack(&group->holdings))
		announce_pace_start(&group->pace, now);
	return 0;
}

void group_free(struct group *group, struct means *means)
{
	for (uint32_t i = 0; i < group->election.rules.path_count; i++)
		instance_free(&group->instances[i]);
	means->report->groups[group->number].state = REPORT_NONE;
	holdings_free(&group->holdings);
	free(group->tracked);
	free(group->unreported);
	free(group);
}
