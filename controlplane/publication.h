/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * When a generation is published: a little after something changed, so that a
 * burst of changes makes one; when a drain ends; at start not before each
 * backend's state and the MAC of its next hop are known, for a generation
 * without them would reset clients and drop packets, and never later than a
 * little more than all first checks take.
 */
#pragma once

#include "controlplane/metrics/publish_times.h"
#include "controlplane/refusals.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct controlplane;

struct publication {
	struct controlplane *controlplane;
	ev_timer settle;        /* after a change */
	ev_timer due;           /* when publishing is due without one */
	ev_timer watch;         /* looks whether what we wrote is there, and taken */
	bool pending;           /* something changed that no generation says yet */
	bool waiting;           /* for first checks, at start */
	uint64_t wait_until_ms; /* CLOCK_MONOTONIC */
	bool failed;            /* the last one, as the log says */
	struct publish_times times;
	struct refusals refusals; /* of what we wrote */
};

void publication_start(struct publication *publication, struct controlplane *controlplane);
void publication_stop(struct publication *publication);

/* Something changed. */
void publication_request(struct publication *publication);

/* At once, unless the start still waits for first checks. */
void publication_publish(struct publication *publication);
