/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The check of one backend: when it is due, the probe under way, what came of it. */
#pragma once

#include "controlplane/health/check_state.h"
#include "controlplane/health/probe.h"
#include "controlplane/health/reason.h"

#include <stddef.h>

struct check;

/* What checks share. */
struct check_context {
	struct ev_loop *loop;
	struct http_prober *http;
	/* The address of this host to speak from; 0: Linux chooses. */
	uint32_t (*source)(void *context, const struct check *check);
	/* A check ended. `changed`: the verdict is another one than before. */
	void (*on_result)(void *context, const struct check *check, bool changed, uint32_t results);
	void *context;
};

struct check {
	const struct check_context *shared;
	char pool[CONFIG_NAME_SIZE];
	size_t position; /* among all backends */
	struct config_backend backend;
	struct config_health_check definition;

	struct check_state state;
	char reason[REASON_SIZE];
	uint64_t started_ns, duration_ns; /* of the last probe; 0: none ended */
	bool overdue;                     /* the next one was due before the last had ended */
	ev_timer due;
	ev_timer failed; /* a probe that could not even start tells so from the loop */
	struct tcp_probe *tcp;
	struct http_probe *http;
};

struct check *check_create(const struct check_context *shared); /* NULL: no memory */
void check_destroy(struct check *check);

/* True when this backend is to be checked at all. */
bool check_is_wanted(const struct check *check);

/*
 * Checks from now on, the first time after `first_ms`, then at the interval; a
 * probe under way is dropped. When it is not wanted it only stops.
 */
void check_schedule(struct check *check, double first_ms);
