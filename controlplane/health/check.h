/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The check of one backend: when it is due, the probe under way, what came of it. */
#pragma once

#include "controlplane/health/check_group.h"
#include "controlplane/health/check_state.h"
#include "controlplane/health/pulse.h"
#include "controlplane/health/reason.h"
#include "controlplane/health/schedule.h"

struct check;

/* What all checks share. */
struct check_context {
	struct ev_loop *loop;
	struct http_prober *http;
	struct pulse pulse;
	/* The address of this host to speak from; 0: Linux chooses. */
	struct address (*source)(void *context, const struct check *check);
	/* A check changed the verdict, being the last of so many in a row. */
	void (*on_change)(void *context, const struct check *check, uint32_t results);
	/* A check could not be made, for want of sockets or memory: its backend stays as it is. */
	void (*on_unable)(void *context, const char *reason);
	void *context;
};

struct check {
	const struct check_context *shared;
	struct check_group *group;
	size_t position; /* among all backends */
	struct config_backend backend;
	struct schedule schedule;

	struct check_state state;
	char reason[REASON_SIZE];
	uint64_t due_ns;                /* of the next probe; 0: one is under way, or none wanted */
	uint64_t planned_ns, began_ns;  /* when the last probe was due, and when it began */
	uint64_t lost_ns;               /* the pulse's, when it was set down or began */
	uint64_t ended_ns, duration_ns; /* of the last one whose result counts; 0: none did */
	bool put_off;                   /* its moment passed while this process did not run */
	bool excused;                   /* the last one failed, and does not count */
	uint64_t good_count, fail_count; /* of results that count */
	int error;                       /* of one that could not even start */
	ev_timer timer;                  /* for due_ns */
	ev_timer failed;                 /* tells from the loop that it could not start */
	struct tcp_probe *tcp;
	struct http_probe *http;
};

struct check *check_create(const struct check_context *shared); /* NULL: no memory */
void check_destroy(struct check *check);

/* True when this backend is to be checked at all. */
bool check_is_wanted(const struct check *check);

/*
 * Checks from now on as group and backend say: an undecided one first within
 * `spread_ns`, then at its moments. A probe under way is dropped. When it is not
 * wanted it only stops.
 */
void check_schedule(struct check *check, uint64_t spread_ns);
