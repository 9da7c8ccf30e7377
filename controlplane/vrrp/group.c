/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/group.h"

#include "controlplane/clock.h"
#include "controlplane/vrrp/control.h"
#include "controlplane/vrrp/notify.h"
#include "controlplane/vrrp/reason.h"

#include <stdio.h>
#include <string.h>

static const enum report_state report_states[] = {[ELECTION_INIT] = REPORT_INIT,
						  [ELECTION_BACKUP] = REPORT_BACKUP,
						  [ELECTION_ACTIVE] = REPORT_ACTIVE,
						  [ELECTION_FAULT] = REPORT_FAULT};

static char *format(const uint8_t bytes[16], char text[ADDRESS_TEXT_SIZE])
{
	struct address address;

	memcpy(address.bytes, bytes, 16);
	return address_format(&address, text);
}

/* All of them, also when one fails: each link hears us if it can. */
static bool send_all(struct group *group, uint32_t priority)
{
	bool is_sent = true;

	for (uint32_t i = 0; i < group->election.rules.path_count; i++)
		is_sent &= instance_send(&group->instances[i], priority);
	return is_sent;
}

/* The lease counts from before the adverts: whoever hears them counts from later. False: not all
 * were sent, and there is none, or that of before. */
static bool send_round(struct group *group, struct means *means, bool is_first)
{
	uint64_t until = election_lease(&group->election, clock_now_ns());

	if (is_first) /* the dataplane serves while we speak */
		lease_set(&means->lease, group->number, until);
	if (!send_all(group, election_priority(&group->election))) {
		if (is_first)
			lease_set(&means->lease, group->number, 0);
		return false;
	}
	lease_set(&means->lease, group->number, until);
	election_renewed(&group->election, until);
	return true;
}

static void write_report(struct group *group, struct means *means, uint64_t now, bool is_new_state)
{
	struct report_group *row = &means->report->groups[group->number];
	const struct election *election = &group->election;

	__atomic_store_n(&row->version, row->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(row->name, group->name, sizeof(row->name));
	row->state = report_states[election->state];
	row->priority = election_priority(election);
	row->released = election->is_released;
	row->lease_lost = election->late;
	row->address_count = group->holdings.held;
	if (is_new_state) {
		row->since = now;
		memcpy(row->reason, group->reason, sizeof(row->reason));
	}
	__atomic_store_n(&row->version, row->version + 1, __ATOMIC_RELEASE);
}

/* What was heard in this turn was so behind its beginning, which is `now`. */
static uint64_t silence_ms(const struct group *group, uint64_t now)
{
	if (group->heard_at == 0)
		return UINT64_MAX;
	return now > group->heard_at ? (now - group->heard_at) / 1000000 : 0;
}

static void tell(struct group *group, struct means *means, const struct election_step *step,
		 uint64_t now)
{
	char rival[ADDRESS_TEXT_SIZE];
	struct reason_facts facts = {.fault = group->fault,
				     .rival = format(group->heard_source, rival),
				     .rival_priority = group->heard_priority,
				     .own_priority = election_priority(&group->election),
				     .silence_ms = silence_ms(group, now)};
	const char *state = state_name(step->state);

	reason_write(step->reason, &facts, group->reason, sizeof(group->reason));
	write_report(group, means, now, true);
	vrrp_log(&means->log, step->state == ELECTION_FAULT ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		 "group %s: %s: %s", group->name, state, group->reason);
	if (group->notify[0] == '\0')
		return;

	int error = notify_run(group->notify, group->name, state, facts.own_priority);

	if (error < 0)
		vrrp_log(&means->log, LOG_LEVEL_ERROR, "group %s: cannot run %s: %s", group->name,
			 group->notify, strerror(-error));
}

static void announce(struct group *group, struct means *means, uint64_t now)
{
	uint32_t first = 0;
	/* What is not there yet waits, unless it cannot be put there. */
	uint32_t ready =
		group->holdings.is_settled ? group->holdings.planned : group->holdings.held;
	uint32_t burst =
		announce_pace_take(&group->pace, now, group->holdings.planned, ready, &first);

	for (uint32_t i = first; i < first + burst; i++) {
		const struct holding *row = &group->holdings.rows[i];
		const struct interface *link = row->announced_on;
		uint8_t frame[ANNOUNCEMENT_MAX_SIZE];
		size_t length;

		if (row->index == 0 || link == NULL || link->index == 0 || link->is_loopback)
			continue;
		length = announcement_make(row->address, link->mac, link->is_router, frame);
		announcement_socket_send(means->announcement_socket, link->index, frame, length);
		for (uint32_t j = 0; j < group->election.rules.path_count; j++) {
			if (group->instances[j].interface == link) {
				group->instances[j].report->gratuitous_sent++;
				break;
			}
		}
	}
}

static void tell_of_addresses(struct group *group, struct means *means)
{
	if (group->holdings.error != group->told_error && group->holdings.error != 0)
		vrrp_log(&means->log, LOG_LEVEL_ERROR,
			 "group %s: not all of its addresses could be put or removed: %s",
			 group->name, strerror(-group->holdings.error));
	group->told_error = group->holdings.error;
	group->holdings.error = 0;
}

/* The next few of its addresses, and announcements. */
static void move_addresses(struct group *group, struct means *means, uint64_t now)
{
	if (!group->holdings.is_settled) {
		holdings_step(&group->holdings, means->netlink);
		tell_of_addresses(group, means);
	}
	if (now >= group->pace.due)
		announce(group, means, now);
}

static void carry_out(struct group *group, struct means *means, struct election_step step,
		      uint64_t now)
{
	struct report_group *row = &means->report->groups[group->number];
	bool is_leased = false;

	if (step.actions & ELECTION_END_LEASE) {
		lease_set(&means->lease, group->number, 0);
		row->released_active++;
	}
	if (step.actions & ELECTION_ADVERT)
		is_leased = send_round(group, means, step.actions & ELECTION_TAKE);
	if (step.actions & ELECTION_LAST_ADVERT)
		send_all(group, election_priority(&group->election));
	if (step.actions & ELECTION_ZERO)
		send_all(group, 0);
	if (step.actions & ELECTION_TAKE)
		row->became_active++;
	/* Without a lease nobody is to be told, who may find another node: with the first that
	 * there is. */
	if (is_leased && !group->holdings.are_wanted) {
		holdings_want(&group->holdings, true);
		announce_pace_start(&group->pace, now);
		move_addresses(group, means, now); /* before anyone is told of the state */
	}
	if (step.actions & ELECTION_DROP) {
		holdings_want(&group->holdings, false);
		announce_pace_stop(&group->pace);
	}
	if (step.actions & ELECTION_ANNOUNCE)
		announce_pace_again(&group->pace, now);
	if (step.reason != ELECTION_NO_REASON)
		tell(group, means, &step, now);
}

static void find_fault(struct group *group, const char *dataplane)
{
	group->fault[0] = '\0';
	if (dataplane != NULL && (group->flags & PLAN_NEEDS_DATAPLANE))
		snprintf(group->fault, sizeof(group->fault), "%s", dataplane);
	for (uint32_t i = 0; i < group->tracked_count; i++) {
		if (!group->tracked[i]->is_up)
			snprintf(group->fault, sizeof(group->fault), "interface %s is down",
				 group->tracked[i]->name);
	}
	for (uint32_t i = 0; i < group->election.rules.path_count; i++) {
		const char *trouble = instance_refresh(&group->instances[i]);

		if (trouble != NULL)
			snprintf(group->fault, sizeof(group->fault), "interface %s %s",
				 group->instances[i].interface->name, trouble);
	}
}

/* Whoever has the one before in a table is to be told. */
static bool has_new_mac(struct group *group)
{
	bool is_new = false;

	for (uint32_t i = 0; i < group->election.rules.path_count; i++) {
		struct instance *instance = &group->instances[i];

		is_new |= memcmp(instance->mac, instance->interface->mac, 6) != 0;
		memcpy(instance->mac, instance->interface->mac, 6);
	}
	return is_new;
}

void group_refresh(struct group *group, struct means *means, const char *dataplane, uint64_t now)
{
	find_fault(group, dataplane);
	holdings_again(&group->holdings);
	if (has_new_mac(group))
		announce_pace_again(&group->pace, now);
	if (group->fault[0] != '\0')
		carry_out(group, means, election_fail(&group->election), now);
	else
		carry_out(group, means, election_start(&group->election, now), now);
}

void group_hear(struct group *group, struct means *means, uint32_t path,
		const struct advert_packet *packet, enum report_fault fault,
		const struct advert *advert, uint64_t now)
{
	struct instance *instance = &group->instances[path];
	struct election_heard heard = {.path = path,
				       .priority = advert->priority,
				       .interval = advert->interval * 1000000ull,
				       .is_greater =
					       memcmp(packet->source, instance->source, 16) > 0};

	if (!instance_take(instance, packet, fault, advert))
		return;
	memcpy(heard.source, packet->source, sizeof(heard.source));
	memcpy(group->heard_source, packet->source, 16);
	group->heard_priority = advert->priority;
	group->heard_at = now;
	carry_out(group, means, election_hear(&group->election, &heard, now), now);
}

/* Whether its row says what was so before: a plan may have brought another priority. */
static bool is_reported_otherwise(const struct group *group, const struct report_group *row)
{
	return row->address_count != group->holdings.held ||
	       row->lease_lost != group->election.late ||
	       row->priority != election_priority(&group->election) ||
	       (row->released != 0) != group->election.is_released;
}

/* Since the turn began, we stood still for so long: what came meanwhile is to be heard first. */
static bool has_lapsed(const struct election *election, uint64_t now)
{
	return election->state == ELECTION_ACTIVE && now <= election->lease &&
	       clock_now_ns() > election->lease;
}

void group_tick(struct group *group, struct means *means, uint64_t now)
{
	if (!has_lapsed(&group->election, now))
		carry_out(group, means, election_tick(&group->election, now), now);
	move_addresses(group, means, now);
	if (is_reported_otherwise(group, &means->report->groups[group->number]))
		write_report(group, means, now, false);
}

uint64_t group_deadline(const struct group *group)
{
	uint64_t deadline = election_deadline(&group->election);

	if (!group->holdings.is_settled)
		return 0;
	return group->pace.due < deadline ? group->pace.due : deadline;
}

void group_release(struct group *group, struct means *means, char *answer, uint64_t now)
{
	carry_out(group, means, election_release(&group->election, now), now);
	write_report(group, means, now, false);
	strcpy(answer, "ok");
}

void group_take(struct group *group, struct means *means, char *answer, uint64_t now)
{
	struct election_step step;
	int error = election_take(&group->election, now, &step);
	char rival[ADDRESS_TEXT_SIZE];

	if (error == 0)
		snprintf(answer, CONTROL_LINE_MAX, "ok");
	else if (group->election.state == ELECTION_FAULT)
		snprintf(answer, CONTROL_LINE_MAX, "it cannot serve here: %.80s", group->fault);
	else
		snprintf(answer, CONTROL_LINE_MAX,
			 "%s serves with priority %u, this node has %u: release it there",
			 format(group->heard_source, rival),
			 election_active_priority(&group->election, now),
			 election_priority(&group->election));
	carry_out(group, means, step, now);
	write_report(group, means, now, false);
}

void group_stop(struct group *group, struct means *means)
{
	uint64_t now = clock_now_ns();

	carry_out(group, means, election_stop(&group->election), now);
	holdings_want(&group->holdings, false);
}

bool group_holds(const struct group *group)
{
	return group->holdings.held > 0 && !group->holdings.is_settled;
}
