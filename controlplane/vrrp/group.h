/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A group at work: its election's actions carried out. */
#pragma once

#include "controlplane/vrrp/announcement.h"
#include "controlplane/vrrp/election.h"
#include "controlplane/vrrp/holdings.h"
#include "controlplane/vrrp/instance.h"
#include "controlplane/vrrp/log.h"
#include "controlplane/vrrp/run_files.h"

/* What all groups work with. */
struct means {
	struct vrrp_log log;
	struct lease lease;
	struct report *report;
	struct released released; /* those of them whose group is not there yet */
	struct netlink *netlink;
	int announcement_socket;
};

struct group {
	char name[ABI_NAME_SIZE];
	char notify[PLAN_PATH_SIZE];
	uint32_t number, flags;
	struct election election;
	struct instance instances[PLAN_MAX_GROUP_INSTANCES];
	struct report_instance *unreported; /* counters of those that the report has no room for */
	struct interface **tracked;
	uint32_t tracked_count;
	struct holdings holdings;
	struct announce_pace pace;
	int told_error;           /* of its addresses */
	char fault[128];          /* empty: none */
	char reason[128];         /* of the last transition */
	uint8_t heard_source[16]; /* of the last advert that was heard */
	uint32_t heard_priority;
	uint64_t heard_at;
};

/* Goes by this row of a plan from now on; `group` is zeroed when it is new. 0 or -errno: it goes by
 * the plan before. Sockets are to be set, and group_refresh() called. */
int group_plan(struct group *group, const struct plan_view *plan, const struct plan_group *row,
	       struct interfaces *interfaces, struct means *means, uint64_t now);
void group_free(struct group *group, struct means *means);

/* Links, addresses or the dataplane may have changed; `dataplane`: what is wrong with it, or NULL.
 */
void group_refresh(struct group *group, struct means *means, const char *dataplane, uint64_t now);
/* A packet for one of its instances. */
void group_hear(struct group *group, struct means *means, uint32_t path,
		const struct advert_packet *packet, enum report_fault fault,
		const struct advert *advert, uint64_t now);
/* Does what is due. */
void group_tick(struct group *group, struct means *means, uint64_t now);
uint64_t group_deadline(const struct group *group);

/* Commands; the answer is written to `answer`, CONTROL_LINE_MAX bytes. */
void group_release(struct group *group, struct means *means, char *answer, uint64_t now);
void group_take(struct group *group, struct means *means, char *answer, uint64_t now);
/* Gives it up for good; its addresses are removed by group_tick() until group_holds() is false. */
void group_stop(struct group *group, struct means *means);
bool group_holds(const struct group *group);
