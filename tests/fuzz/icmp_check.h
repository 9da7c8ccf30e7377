/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * An engine with a flow of each mode, family and protocol, and what must hold of any ICMP
 * error it gets. Of one that is sent on:
 * - it is the IP packet that came, no longer, and leaves by the port of the flow's other side;
 * - it was to the source of the packet inside, which we sent;
 * - inside and outside are the addresses and ports by which its receiver knows the flow;
 * - nothing changed but these, MACs, hop limit and the checksums over them;
 * - a checksum is right when it was right before, and wrong when it was wrong.
 * One that is not is as it came, and nobody is told. Either is counted once. No flow changes.
 */
#pragma once

#include "tests/unit/core/world.h"

#define ICMP_FLOWS 8

struct icmp_ends {
	struct ip_address source, destination;
	uint16_t source_port, destination_port;
};

struct icmp_flow {
	const struct half *half;
	struct icmp_ends client_side, backend_side; /* of what the client sends: before and after */
	uint8_t protocol;
	bool full_nat;
};

struct icmp_site {
	struct world *world;
	struct icmp_flow flows[ICMP_FLOWS];
	void *flows_before; /* the file of flows, as it is to stay */
	size_t flows_size;
};

struct icmp_site *icmp_site_open(void);

struct icmp_ends icmp_ends_turned(const struct icmp_ends *ends);

/* Runs the packet, which is `error` with tags before it or without. */
void icmp_site_run(struct icmp_site *site, struct frame *error, struct packet *packet);
