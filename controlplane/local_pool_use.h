/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How much of a local pool is used. A place, an address with a port, is taken
 * towards one backend only: towards another it is free again. Places are drawn
 * uniformly, so each address is used alike, and what counts is the backend with
 * the most flows.
 */
#pragma once

#include "config/model.h"
#include "controlplane/publish/publish.h"
#include "controlplane/stats/stats.h"

struct local_pool_use {
	uint64_t places;  /* addresses times ports */
	uint64_t flows;   /* of the busiest backend; those that reach it by dnat too */
	const char *pool; /* of backends, the busiest one's; NULL: none has flows */
	const char *backend;
};

struct local_pool_use local_pool_use(const struct config *config,
				     const struct config_local_pool *local_pool,
				     const struct publisher *publisher, struct stats *stats);

/* 0 to 1. */
double local_pool_share(const struct local_pool_use *use);
