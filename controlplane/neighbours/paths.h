/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How each backend is reached. Linux is asked for its route (RTM_GETROUTE), so
 * that policy rules and metrics count as they do for Linux's own packets.
 *
 * Ports without a Linux interface: a backend whose address is that of an entry
 * of dataplane.next_hops is reached there; one to which Linux has no route
 * through a port is reached by the first entry of its family, the router of
 * last resort.
 */
#pragma once

#include "controlplane/neighbours/network.h"

/* Makes network->paths anew, asking for every backend; 0, or -ENOMEM with nothing changed. */
int paths_find(struct network *network);
/*
 * The same for another configuration in the same network: `before` is the one
 * that network->paths are of, and only addresses it does not have are asked for.
 */
int paths_follow(struct network *network, const struct config *before);

/* The router of last resort of a family; NULL: there is none. */
const struct config_next_hop *paths_last_resort(const struct config *config, bool ipv4);

/* Position of the port with this name in the configuration; -ENOENT. */
int paths_port_by_name(const struct config *config, const char *name);
