/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Clients that dnat cannot serve: those on the link of a backend. It answers
 * them directly, from its own address, and they do not know who that is. Full
 * NAT serves them, for there replies come back through us.
 */
#pragma once

#include "controlplane/neighbours/network.h"

/*
 * Where prefixes show that the service has such clients: its own address lies in
 * the prefix of a backend's link, or clients there are allowed by name. NULL: they
 * do not. `paths` are those of the pool's backends; *backend gets the first of them.
 */
const struct network_address *past_us_link(const struct network *network,
					   const struct config_service *service,
					   const struct config_pool *pool,
					   const struct network_path *paths,
					   const struct config_backend **backend);

/* Logs of which services that is so, when they are others than the last time. */
void past_us_warn(struct network *network);
