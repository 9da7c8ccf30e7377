/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Collects what a generation is made of: configuration, health, paths, neighbours, routes,
 * addresses. */
#pragma once

#include "controlplane/health/health.h"
#include "controlplane/neighbours/network.h"
#include "controlplane/publish/publish.h"

/* The lists that a publish_input points to. */
struct gathered {
	struct publish_backend *backends;
	size_t backend_count;
	struct publish_next_hop *next_hops;
	size_t next_hop_count;
	struct publish_route *routes;
	size_t route_count;
	struct address *hosts;
	size_t host_count;
};

/* 0 or -ENOMEM; to be freed by gathered_free(). */
int gathered_collect(const struct config *config, const struct network *network,
		     const struct health *health, struct gathered *out);
void gathered_free(struct gathered *gathered);
