/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the other node of a pair answers when it is asked for its status, and what of it is an
 * alarm. Pure. */
#pragma once

#include "config/etag.h"
#include "config/model.h"

enum peer_alarm {
	PEER_WELL,
	PEER_UNREACHABLE, /* nobody answers, or nothing that says anything */
	PEER_SAME_NODE,   /* it is the same of the two as this one */
	PEER_DIFFERENT    /* it goes by another configuration */
};

struct peer_view {
	char api[CONFIG_NAME_SIZE]; /* that is asked, "ADDRESS:PORT"; empty: there is no peer */
	bool is_checked;            /* once at least; before, the rest says nothing */
	uint64_t checked_ms;        /* the last time */
	enum peer_alarm alarm;
	bool is_same;                /* its configuration; while it is reachable */
	char node[CONFIG_NAME_SIZE]; /* its name, and... */
	uint64_t revision;           /* ... that of its configuration, when it answered last */
	char sentence[384];          /* of the alarm */
};

/* What of this node its answer is compared with. */
struct peer_self {
	uint32_t node_id;
	const char *shared_etag; /* see etag_of_shared() */
	uint64_t revision;
};

/* It did not answer: `reason`. */
void peer_judge_silence(struct peer_view *view, const char *reason);

/* It answered, with an HTTP status and a body. */
void peer_judge(struct peer_view *view, const struct peer_self *self, long status, const char *body,
		size_t length);
