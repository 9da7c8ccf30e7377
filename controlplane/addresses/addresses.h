/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Puts service and local addresses that move with no VRRP group on the machine: /32 or /128,
 * noprefixroute, nodad (the address may be another node's until a moment ago), preferred_lft 0
 * (Linux does not choose them for its own connections), marked with IFA_PROTO, so that what a crash
 * left behind is known as ours.
 */
#pragma once

#include "controlplane/neighbours/network.h"

/*
 * Adds what is missing of network->held and removes what is ours and not wanted (any more).
 * Faults are logged; 0, or -errno of the first addition that failed.
 */
int addresses_apply(struct network *network);

/* Removes all that is ours: the end of a clean stop. */
void addresses_clear(struct network *network);
