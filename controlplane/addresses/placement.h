/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Decides which addresses are put on which interface, and which are taken
 * away: the difference between what we want and what the machine has. Pure.
 */
#pragma once

#include "controlplane/addresses/owned.h"
#include "controlplane/addresses/protocols.h"
#include "controlplane/neighbours/network.h"

struct placement_step {
	bool add; /* else: remove */
	uint32_t interface;
	struct address address;
};

struct placement_plan {
	struct placement_step *steps; /* additions first, then removals */
	size_t count;
};

/*
 * An address goes to the interface with the longest prefix that holds it, else
 * to `loopback`, where Linux answers ARP for it, but no neighbour
 * solicitation: IPv6 must be routed there. One that is on the machine already, put there by
 * somebody else, stays where and as it is. 0 or -ENOMEM.
 */
int placement_plan_make(const struct network_address *present, size_t present_count,
			const struct owned_addresses *wanted, uint32_t loopback,
			struct placement_plan *out);
void placement_plan_free(struct placement_plan *plan);

/* The interface the address belongs on. */
uint32_t placement_find_interface(const struct network_address *present, size_t present_count,
				  uint32_t loopback, const struct address *address);
