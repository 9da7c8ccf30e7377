/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Keeps the neighbours we send to known to Linux: next hops of backends and
 * gateways of the routes through our ports. One whose MAC is not known is asked
 * for each second, one that grew stale is asked again every half minute. The
 * asking itself (ARP, neighbour solicitations) is Linux's: we only tell it that we use the entry.
 * Of one that somebody entered by hand (nud permanent, nud noarp) we do not: Linux would take
 * that for the wish to have it as any other (since 5.16).
 */
#pragma once

#include "config/address.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct network;
struct resolver;

int resolver_open(struct network *network, struct resolver **out);
void resolver_close(struct resolver *resolver);

/* Finds out anew whom we send to, from the network's routes and paths, and asks at once for who is
 * new. */
void resolver_refresh(struct resolver *resolver);

/* True when we send to this neighbour. */
bool resolver_wants(const struct resolver *resolver, uint32_t interface,
		    const struct address *address);

/* True when each of them has a MAC, or was asked for and did not answer. */
bool resolver_is_settled(const struct resolver *resolver);
