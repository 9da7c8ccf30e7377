/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One probe: a question put to one backend, and its answer. A kind of probe is
 * a table of functions; it is given a target and tells its result exactly once,
 * unless it is cancelled before.
 */
#pragma once

#include "config/model.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct probe_target {
	uint32_t be_address;
	uint32_t be_source; /* to speak from; 0: Linux chooses */
	uint16_t port;
	uint32_t timeout_ms;
	const char *path; /* HTTP; copied */
	const char *host; /* HTTP; empty: the address */
};

/* `reason` says what was seen: "connection refused", "HTTP status 200". */
typedef void probe_done(void *context, bool good, const char *reason);

/* TCP: a connection is made and closed. */
struct tcp_probe;

int tcp_probe_start(struct ev_loop *loop, const struct probe_target *target, probe_done *done,
		    void *context, struct tcp_probe **out);
void tcp_probe_cancel(struct tcp_probe *probe);

/* HTTP: a GET; a status from 200 to 399 is good. */
struct http_prober; /* what all HTTP probes share */
struct http_probe;

int http_prober_open(struct ev_loop *loop, struct http_prober **out);
void http_prober_close(struct http_prober *prober); /* after all its probes ended */

int http_probe_start(struct http_prober *prober, const struct probe_target *target,
		     probe_done *done, void *context, struct http_probe **out);
void http_probe_cancel(struct http_probe *probe);
