/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What is told to an election: that it begins or ends, faults, commands, other rules, the lease. */
#include "controlplane/vrrp/election_internal.h"

#include <errno.h>

/* What a node that was active does when it ends by its own will. */
static uint32_t farewell(const struct election *election)
{
	return election->state == ELECTION_ACTIVE
		       ? ELECTION_END_LEASE | ELECTION_ZERO | ELECTION_DROP
		       : 0;
}

struct election_step election_fail(struct election *election)
{
	uint32_t actions = farewell(election);

	if (election->state == ELECTION_FAULT)
		return election_nothing(election);
	election->state = ELECTION_FAULT;
	return election_step(election, actions, ELECTION_FAULTY, 0);
}

struct election_step election_stop(struct election *election)
{
	uint32_t actions = farewell(election);

	if (election->state == ELECTION_INIT)
		return election_nothing(election);
	election->state = ELECTION_INIT;
	return election_step(election, actions, ELECTION_STOPPED, 0);
}

struct election_step election_release(struct election *election, uint64_t now)
{
	uint32_t actions = farewell(election);

	election->is_released = true;
	if (election->state != ELECTION_ACTIVE)
		return election_nothing(election);
	election_become_backup(election, now, false);
	return election_step(election, actions, ELECTION_RELEASED, 0);
}

int election_take(struct election *election, uint64_t now, struct election_step *out)
{
	bool was_released = election->is_released;

	election->is_released = false;
	*out = election_nothing(election);
	if (election->state == ELECTION_ACTIVE) {
		election->must_answer = was_released; /* the others hear of its priority */
		return 0;
	}
	if (election->state != ELECTION_BACKUP)
		return -ENETDOWN;
	if (election_active_priority(election, now) >= election_priority(election))
		return -EPERM;
	*out = election_become_active(election, now, ELECTION_TOLD);
	return 0;
}

void election_change(struct election *election, const struct election_rules *rules,
		     const uint32_t *was, uint64_t now)
{
	struct election_path before[PLAN_MAX_GROUP_INSTANCES];
	uint32_t priority = election_priority(election);
	uint64_t next;

	for (uint32_t i = 0; i < PLAN_MAX_GROUP_INSTANCES; i++)
		before[i] = election->paths[i];
	election->rules = *rules;
	for (uint32_t i = 0; i < rules->path_count; i++) {
		struct election_path *path = &election->paths[i];

		if (was[i] != UINT32_MAX) {
			*path = before[was[i]];
			if (path->heard_at == 0)
				path->interval = rules->intervals[i];
			continue;
		}
		*path = (struct election_path){.interval = rules->intervals[i]};
		path->down_at = now + election_down_time(election, path);
	}
	/* Below what is heard, it may not preempt; above it, it may. */
	if (election->state == ELECTION_BACKUP && priority != election_priority(election)) {
		uint32_t active = election_active_priority(election, now);

		election->could_preempt_at =
			active == 0 || active >= election_priority(election) ? 0 : now;
	}
	next = now + election_interval(election);
	if (election->advert_at > next)
		election->advert_at = next;
	if (priority != election_priority(election))
		election->must_answer = true;
}

uint64_t election_lease(const struct election *election, uint64_t began)
{
	uint64_t interval = election_interval(election);

	return began + 3 * interval - interval / 4;
}

void election_renewed(struct election *election, uint64_t lease)
{
	election->lease = lease;
}
