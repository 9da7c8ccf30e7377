/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One probe: a question put to one backend, and its answer. It tells its result
 * exactly once, from the loop, unless it is cancelled before. Connections are
 * new each time, and end with a reset: nothing is left behind on either side.
 */
#pragma once

#include "config/model.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct probe_target {
	struct address address;
	struct address source; /* to speak from; missing: Linux chooses */
	uint16_t port;
	uint32_t timeout_ms;
};

enum probe_result {
	PROBE_GOOD,
	PROBE_FAILED,
	PROBE_UNABLE /* this host had no socket or no memory for it: it tells of no backend */
};

/* `reason` says what was seen: "connection refused", "HTTP status 200". */
typedef void probe_done(void *context, enum probe_result result, const char *reason);

/* What it means that a probe met this errno. */
enum probe_result probe_result_of_errno(int error);

/* A TCP socket of the target's family that does not block, bound to the source; or -errno. */
int probe_socket(const struct probe_target *target);

/* TCP: a connection is made and reset. */
struct tcp_probe;

int tcp_probe_start(struct ev_loop *loop, const struct probe_target *target, probe_done *done,
		    void *context, struct tcp_probe **out);
void tcp_probe_cancel(struct tcp_probe *probe);

/* HTTP and HTTPS. */
struct http_prober; /* what all of them share */
struct http_kind;   /* what those of one definition share */
struct http_probe;

int http_prober_open(struct ev_loop *loop, struct http_prober **out);
void http_prober_close(struct http_prober *prober); /* after all its kinds */

/* `definition` stays where it is until the kind is closed, after all its probes. */
int http_kind_open(struct http_prober *prober, const struct config_health_check *definition,
		   struct http_kind **out);
void http_kind_close(struct http_kind *kind);

int http_probe_start(struct http_kind *kind, const struct probe_target *target, probe_done *done,
		     void *context, struct http_probe **out);
void http_probe_cancel(struct http_probe *probe);
