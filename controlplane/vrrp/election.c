/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/election_internal.h"

#include <string.h>

#define SECOND 1000000000ull

/* On another path than the first, so many rivals of our priority decide: the first path is cut. */
#define TIES_THAT_DECIDE 3

uint64_t election_interval(const struct election *election)
{
	uint64_t least = election->rules.intervals[0];

	for (uint32_t i = 1; i < election->rules.path_count; i++) {
		if (election->rules.intervals[i] < least)
			least = election->rules.intervals[i];
	}
	return least;
}

uint32_t election_priority(const struct election *election)
{
	return election->is_released ? 1 : election->rules.priority;
}

/* Low priorities wait longer. Version 2 counts it in seconds, whatever the interval. */
static uint64_t skew(const struct election *election, const struct election_path *path)
{
	uint64_t unit = election->rules.version == 2 ? SECOND : path->interval;

	return unit * (256 - election_priority(election)) / 256;
}

uint64_t election_down_time(const struct election *election, const struct election_path *path)
{
	return 3 * path->interval + skew(election, path);
}

uint32_t election_active_priority(const struct election *election, uint64_t now)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < election->rules.path_count; i++) {
		const struct election_path *path = &election->paths[i];

		if (path->heard_at != 0 && path->down_at > now && path->heard_priority > highest)
			highest = path->heard_priority;
	}
	return highest;
}

struct election_step election_step(const struct election *election, uint32_t actions,
				   enum election_reason reason, uint32_t path)
{
	return (struct election_step){
		.actions = actions, .state = election->state, .reason = reason, .path = path};
}

struct election_step election_nothing(const struct election *election)
{
	return election_step(election, 0, ELECTION_NO_REASON, 0);
}

void election_become_backup(struct election *election, uint64_t now, bool keep)
{
	election->state = ELECTION_BACKUP;
	election->must_answer = election->must_announce = election->gave_up = false;
	election->could_preempt_at = 0;
	for (uint32_t i = 0; i < election->rules.path_count; i++) {
		struct election_path *path = &election->paths[i];

		if (!keep || path->heard_at == 0)
			*path = (struct election_path){.interval = election->rules.intervals[i]};
		path->ties = 0;
		path->down_at = now + election_down_time(election, path);
	}
}

struct election_step election_become_active(struct election *election, uint64_t now,
					    enum election_reason reason)
{
	election->state = ELECTION_ACTIVE;
	election->advert_at = now + election_interval(election);
	election->sent_at = now;
	election->lease = now; /* until the adverts are sent */
	election->must_answer = election->must_announce = election->gave_up = false;
	for (uint32_t i = 0; i < election->rules.path_count; i++)
		election->paths[i].heard_at = election->paths[i].ties = 0;
	return election_step(election, ELECTION_ADVERT | ELECTION_TAKE, reason, 0);
}

void election_init(struct election *election, const struct election_rules *rules)
{
	*election = (struct election){.state = ELECTION_INIT, .rules = *rules};
}

struct election_step election_start(struct election *election, uint64_t now)
{
	bool is_new = election->state == ELECTION_INIT;

	if (!is_new && election->state != ELECTION_FAULT)
		return election_nothing(election);
	election->not_before = now;
	election_become_backup(election, now, false);
	return election_step(election, 0, is_new ? ELECTION_STARTED : ELECTION_MENDED, 0);
}

/* Of equal priorities one path decides, the first that both nodes have: with several, each node
 * might be the greater one on one of them, and both would yield. */
static bool tie_decides(struct election *election, uint32_t path)
{
	if (path == 0) {
		for (uint32_t i = 1; i < election->rules.path_count; i++)
			election->paths[i].ties = 0;
		return true;
	}
	return ++election->paths[path].ties >= TIES_THAT_DECIDE;
}

static enum election_reason why_yield(struct election *election, const struct election_heard *heard,
				      uint64_t now)
{
	uint32_t own = election_priority(election);

	if (heard->priority == 0)
		return ELECTION_NO_REASON;
	if (heard->priority > own)
		return ELECTION_HIGHER;
	if (heard->priority == own && tie_decides(election, heard->path) && heard->is_greater)
		return ELECTION_TIE;
	return now > election->lease ? ELECTION_LATE : ELECTION_NO_REASON;
}

static struct election_step hear_as_active(struct election *election,
					   const struct election_heard *heard, uint64_t now)
{
	enum election_reason reason = why_yield(election, heard, now);
	uint32_t actions = ELECTION_END_LEASE | ELECTION_DROP;

	if (reason == ELECTION_NO_REASON) {
		election->must_answer = true;
		election->must_announce = true;
		return election_nothing(election);
	}
	/*
	 * The rival may not know of us: it announces the addresses again when it hears
	 * that somebody else has served them. Who is late has not, for long, and says
	 * nothing: its priority may be the higher one.
	 */
	if (now <= election->lease)
		actions |= ELECTION_LAST_ADVERT;
	else
		election->late++;
	election_become_backup(election, now, true);
	/* Its adverts of a while may lie in our queue yet: one more is waited for. */
	election->not_before = now + heard->interval;
	return election_step(election, actions, reason, heard->path);
}

/* As long as the active node is heard, one of a lower priority beside it is not: a node that has
 * not yielded yet, or a stranger, whose good-bye means nothing either. But one that we would not
 * take over from may have done so from that node. */
static bool is_lesser(const struct election *election, const struct election_path *path,
		      const struct election_heard *heard, uint64_t now)
{
	return path->heard_at != 0 && path->down_at > now &&
	       heard->priority < path->heard_priority &&
	       heard->priority < election_priority(election) &&
	       memcmp(path->source, heard->source, sizeof(path->source)) != 0;
}

static void note(struct election_path *path, const struct election_heard *heard, uint64_t now)
{
	if (heard->priority == 0)
		return;
	path->interval = heard->interval;
	path->heard_at = now;
	path->heard_priority = heard->priority;
	memcpy(path->source, heard->source, sizeof(path->source));
}

static void hear_as_backup(struct election *election, const struct election_heard *heard,
			   uint64_t now)
{
	struct election_path *path = &election->paths[heard->path];

	if (is_lesser(election, path, heard, now))
		return;
	note(path, heard, now);
	if (heard->priority == 0) {
		election->gave_up = true;
		path->heard_at = 0;
		path->down_at = now + skew(election, path);
		/* It gives up all of its paths at once, and nobody else waits for that. */
		for (uint32_t i = 0; election->rules.is_pair && i < election->rules.path_count; i++)
			election->paths[i].down_at = now;
		return;
	}
	election->gave_up = false;
	path->down_at = now + election_down_time(election, path);
	if (election_active_priority(election, now) >= election_priority(election))
		election->could_preempt_at = 0;
	else if (election->could_preempt_at == 0)
		election->could_preempt_at = now;
}

struct election_step election_hear(struct election *election, const struct election_heard *heard,
				   uint64_t now)
{
	if (election->state == ELECTION_ACTIVE) {
		note(&election->paths[heard->path], heard, now);
		return hear_as_active(election, heard, now);
	}
	if (election->state == ELECTION_BACKUP)
		hear_as_backup(election, heard, now);
	return election_nothing(election);
}

/* ELECTION_NEVER: not as things are. */
static uint64_t preempt_at(const struct election *election)
{
	uint64_t at = election->could_preempt_at + election->rules.preempt_delay;

	if (!election->rules.preempt || election->is_released || election->could_preempt_at == 0)
		return ELECTION_NEVER;
	return at > election->not_before ? at : election->not_before;
}

/* The last of its paths' deadlines. */
static uint64_t down_at(const struct election *election)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < election->rules.path_count; i++) {
		if (election->paths[i].down_at > last)
			last = election->paths[i].down_at;
	}
	return last;
}

static struct election_step tick_as_backup(struct election *election, uint64_t now)
{
	if (now >= down_at(election))
		return election_become_active(
			election, now, election->gave_up ? ELECTION_GIVEN_UP : ELECTION_SILENCE);
	if (now >= preempt_at(election))
		return election_become_active(election, now, ELECTION_PREEMPTS);
	return election_nothing(election);
}

/* A rival is answered at once, but not each of a flood of its packets. */
static uint64_t answer_at(const struct election *election)
{
	return election->sent_at + election_interval(election) / 4;
}

static struct election_step tick_as_active(struct election *election, uint64_t now)
{
	uint32_t actions = 0;

	if (election->must_announce)
		actions |= ELECTION_ANNOUNCE;
	election->must_announce = false;
	if (now >= election->advert_at || (election->must_answer && now >= answer_at(election))) {
		uint64_t interval = election_interval(election);

		if (now > election->lease)
			election->late++;
		/* In step with what went before, unless that is past. */
		election->advert_at += interval;
		if (election->advert_at <= now || election->must_answer)
			election->advert_at = now + interval;
		election->sent_at = now;
		election->must_answer = false;
		actions |= ELECTION_ADVERT;
	}
	return election_step(election, actions, ELECTION_NO_REASON, 0);
}

struct election_step election_tick(struct election *election, uint64_t now)
{
	if (election->state == ELECTION_ACTIVE)
		return tick_as_active(election, now);
	if (election->state == ELECTION_BACKUP)
		return tick_as_backup(election, now);
	return election_nothing(election);
}

uint64_t election_deadline(const struct election *election)
{
	uint64_t one, other;

	if (election->state == ELECTION_ACTIVE) {
		one = election->advert_at;
		other = election->must_announce ? 0
			: election->must_answer ? answer_at(election)
						: ELECTION_NEVER;
	} else if (election->state == ELECTION_BACKUP) {
		one = down_at(election);
		other = preempt_at(election);
	} else {
		return ELECTION_NEVER;
	}
	return one < other ? one : other;
}
