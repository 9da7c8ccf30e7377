/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the checks of one pool share: how it is done, and how many there are. */
#pragma once

#include "controlplane/health/probe.h"

#include <stddef.h>

struct check_group {
	char pool[CONFIG_NAME_SIZE];
	size_t count, up;                      /* its backends, and how many of them are up */
	struct config_health_check definition; /* lists are its own */
	struct http_kind *http;                /* NULL: not by HTTP */
};

/* NULL: no memory. */
struct check_group *check_group_create(const struct config_pool *pool, struct http_prober *prober);

/* After all its checks ended. */
void check_group_destroy(struct check_group *group);

/* How long the first checks of a configuration take at most, from their spread to their timeouts.
 */
uint64_t check_first_ms(const struct config *config);

/* True when this group checks in the way that the pool asks for. */
bool check_group_fits(const struct check_group *group, const struct config_pool *pool);
