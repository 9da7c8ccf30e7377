/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The control plane's side of failover: it writes the plan that headrace-vrrp
 * goes by, starts that program, and starts it again when it has died. What is decided in
 * milliseconds is decided there (controlplane/vrrp/), and goes on without a control plane.
 */
#pragma once

#include "controlplane/failover/numbers.h"
#include "controlplane/failover/report_reader.h"

#include <ev.h>

struct controlplane;

struct failover {
	struct controlplane *controlplane; /* NULL: not started */
	struct group_numbers numbers;
	void *plan; /* as it was last written; NULL: there is none */
	size_t plan_size;
	bool told_of_start;          /* that the program cannot be started */
	uint64_t started_ms;         /* when it was, last; 0: not by us */
	bool owes_plan;              /* the program may not have read the last one */
	struct report_reader report; /* see view.h */
	ev_timer watch;
};

/* Numbers of the plan found in the run directory, so that tables and lease of a former life agree.
 * Before the first generation is published. */
void failover_open(struct failover *failover, struct controlplane *controlplane);

/* The plan follows configuration, links and backends. Cheap when nothing of it changed. Faults
 * are logged, and tried again each second. */
void failover_update(struct failover *failover);

/* Ends headrace-vrrp, which gives everything up first, and waits for that a while: the clean stop.
 */
void failover_stop_program(struct failover *failover);

/* headrace-vrrp lives on. */
void failover_close(struct failover *failover);

/*
 * Says a line (controlplane/vrrp/control.h) to headrace-vrrp and takes its answer, waiting for half
 * a second at most: 0, and `answer` (CONTROL_LINE_MAX bytes) is a text; or -errno, when nobody
 * answers.
 */
int failover_say(const struct failover *failover, const char *line, char *answer);
