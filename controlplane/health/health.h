/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Health of all backends: one check each, repeated at its interval, decided by
 * check_state. Backends are numbered as in config->pools, pool after pool. A
 * backend keeps its state over a reload as long as pool, name, address and port
 * stay. Those in maint are not checked; those of pools without checks are up.
 *
 * schedule.h says when a check is due, pulse.h what becomes of checks that this
 * process had no time for: a failed one whose time was half lost does not count,
 * unless the one before did not either.
 */
#pragma once

#include "controlplane/health/check_state.h"
#include "controlplane/neighbours/network.h"

struct health;

struct health_callbacks {
	/* A backend went up or down, or the last undecided one was decided. */
	void (*on_change)(void *context);
	/* What a former life of this program left as the backend's state; CHECK_UNDECIDED: nothing.
	 */
	enum check_verdict (*adopted)(void *context, const struct config_pool *pool,
				      const struct config_backend *backend);
	void *context;
};

/* What is known of one backend. Times are CLOCK_MONOTONIC. */
struct health_view {
	enum check_verdict verdict;
	uint64_t since_ms;        /* of the verdict */
	const char *reason;       /* of the last check that ended; "no health check" */
	uint64_t duration_us;     /* of the last check; 0: none ended */
	uint64_t checked_ms;      /* when it ended; 0: none did */
	uint64_t due_ms;          /* when the next one begins; 0: one is under way, or none will */
	uint64_t good, failed;    /* results so far */
	uint32_t against, needed; /* checks in a row against the verdict; so many change it */
};

/* 0 or -errno. Reads no configuration yet. */
int health_open(struct ev_loop *loop, const struct network *network,
		const struct health_callbacks *callbacks, struct health **out);
void health_close(struct health *health);

/* Checks the backends of this configuration from now on; 0, or -ENOMEM and nothing changed. */
int health_set_config(struct health *health, const struct config *config);

/* False while a backend waits for the end of its first check. */
bool health_is_decided(const struct health *health);

struct health_view health_view(const struct health *health, size_t backend);
