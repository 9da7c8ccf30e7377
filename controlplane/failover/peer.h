/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The other node of a pair: asked for its status every few seconds, by its API, and never waited
 * for. Its configuration must be this node's, but for the section `node`; where it is not, or
 * nobody answers, that is an alarm in the status, and a line in the log when it begins and when it
 * ends.
 */
#pragma once

#include "controlplane/curl_loop.h"
#include "controlplane/failover/peer_answer.h"

struct controlplane;

struct peer {
	struct controlplane *controlplane; /* NULL: not open */
	struct curl_loop transfers;
	CURL *easy;
	struct curl_slist *headers;
	bool is_asking;
	char *body;
	size_t length;
	ev_timer timer;
	struct peer_view view;
};

/* It stays where it is until it is closed; 0 or -ENOMEM. */
int peer_open(struct peer *peer, struct controlplane *controlplane);
void peer_close(struct peer *peer);
