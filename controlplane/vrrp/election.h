/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Who serves a group: its state machine. Pure: what happened and when goes in,
 * what is to be done comes out. Times are nanoseconds of one clock that never goes back.
 *
 * A group is one machine with a path for each of its instances: all of them
 * advertise together, and it takes over when the active node is heard on none
 * of its paths (keepalived: on any of them): where one path is cut, two nodes
 * would serve at once, each with half of its paths.
 *
 * Whoever drives it tells what was heard (election_hear) until there is nothing
 * more to hear, and only then the time (election_tick): a process that was stopped
 * for a while knows what happened meanwhile before it acts. Only election_tick(),
 * election_take() and what changes by hand make a node active.
 */
#pragma once

#include "controlplane/vrrp/plan.h"

#include <stdbool.h>
#include <stdint.h>

#define ELECTION_NEVER UINT64_MAX

enum election_state { ELECTION_INIT, ELECTION_BACKUP, ELECTION_ACTIVE, ELECTION_FAULT };

/* What is to be done, in this order. */
enum election_action {
	ELECTION_END_LEASE = 1u << 0,
	ELECTION_ADVERT = 1u << 1,      /* on all paths; then the lease, see election_lease() */
	ELECTION_LAST_ADVERT = 1u << 2, /* the same without a lease: tells a rival of us */
	ELECTION_ZERO = 1u << 3,        /* adverts of priority 0 on all paths */
	ELECTION_TAKE = 1u << 4,        /* the addresses, and announce them */
	ELECTION_DROP = 1u << 5,        /* the addresses */
	ELECTION_ANNOUNCE = 1u << 6     /* the addresses again */
};

enum election_reason {
	ELECTION_NO_REASON,
	ELECTION_STARTED,
	ELECTION_SILENCE,  /* no advert in time */
	ELECTION_GIVEN_UP, /* the active node said priority 0 */
	ELECTION_PREEMPTS, /* a lower priority is active */
	ELECTION_TOLD,     /* election_take() */
	ELECTION_HIGHER,   /* a rival has the higher priority */
	ELECTION_TIE,      /* a rival has the same, and the greater address */
	ELECTION_LATE,     /* a rival is there, and our lease had run out */
	ELECTION_RELEASED,
	ELECTION_STOPPED,
	ELECTION_FAULTY,
	ELECTION_MENDED
};

struct election_rules {
	uint32_t priority; /* 1 to 254 */
	uint32_t version;  /* 2 or 3 */
	bool preempt;
	bool is_pair; /* nobody but us takes over when the active node gives up */
	uint64_t preempt_delay;
	uint32_t path_count;
	uint64_t intervals[PLAN_MAX_GROUP_INSTANCES];
};

struct election_path {
	uint64_t interval; /* of the active node, as it said */
	uint64_t down_at;  /* when it is taken for gone */
	uint64_t heard_at; /* 0: not since we are backup, or active */
	uint32_t heard_priority;
	uint8_t source[16]; /* of the active node */
	uint32_t ties;      /* rivals of our priority heard here, and not on the first path */
};

struct election {
	enum election_state state;
	struct election_rules rules;
	bool is_released;
	bool must_answer;          /* a rival was heard: advert, and announce, at the next tick */
	bool must_announce;        /* it was no word of good-bye */
	bool gave_up;              /* priority 0 was heard */
	uint64_t advert_at;        /* of the active node */
	uint64_t sent_at;          /* its last adverts */
	uint64_t lease;            /* until when it may serve */
	uint64_t late;             /* adverts that were later than the lease */
	uint64_t could_preempt_at; /* since when a lower priority was heard alone; 0: it is not */
	uint64_t not_before;       /* no preemption */
	struct election_path paths[PLAN_MAX_GROUP_INSTANCES];
};

struct election_heard {
	uint32_t path;
	uint32_t priority;
	uint64_t interval;
	bool is_greater; /* the sender's address, compared with ours */
	uint8_t source[16];
};

struct election_step {
	uint32_t actions; /* enum election_action */
	enum election_state state;
	enum election_reason reason; /* of a new state; else ELECTION_NO_REASON */
	uint32_t path;               /* on which it was heard */
};

void election_init(struct election *election, const struct election_rules *rules);

/* From INIT or FAULT: it can serve. */
struct election_step election_start(struct election *election, uint64_t now);
/* It cannot serve. */
struct election_step election_fail(struct election *election);
struct election_step election_hear(struct election *election, const struct election_heard *heard,
				   uint64_t now);
struct election_step election_tick(struct election *election, uint64_t now);
struct election_step election_release(struct election *election, uint64_t now);
struct election_step election_stop(struct election *election);

/*
 * Takes over, whatever `preempt` says, from a node of lower priority. 0; -EPERM: the active node's
 * is not lower (election_active_priority()); -ENETDOWN: in FAULT.
 */
int election_take(struct election *election, uint64_t now, struct election_step *out);

/* Rules anew; path i was path was[i] before, or is new (UINT32_MAX). */
void election_change(struct election *election, const struct election_rules *rules,
		     const uint32_t *was, uint64_t now);

/* When election_tick() is due; ELECTION_NEVER: not without news. */
uint64_t election_deadline(const struct election *election);

/*
 * Until when the node may serve that sent its adverts after the moment `began`:
 * a quarter of an interval less than three intervals, after which others take
 * over at the earliest (and a skew later).
 */
uint64_t election_lease(const struct election *election, uint64_t began);
/* The adverts were sent, and this is the lease. */
void election_renewed(struct election *election, uint64_t lease);

/* With which it speaks. */
uint32_t election_priority(const struct election *election);
/* Of the active node that is heard now; 0: of none. */
uint32_t election_active_priority(const struct election *election, uint64_t now);
