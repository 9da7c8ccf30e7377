/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Steering: is a frame for the dataplane, or for Linux? The same decision as
 * the XDP program in bpf/steering.bpf.c makes, for ports that no XDP program
 * guards; tests hold both against the same cases.
 *
 * Ours are frames to the port's own MAC that hold IPv4 or IPv6 and
 * - TCP or UDP whose destination is a service, a local address in its port
 *   range or a dnat endpoint, or whose source is a dnat endpoint and whose
 *   destination is no address of this host;
 * - a fragment of TCP or UDP of which the same is true by the addresses alone;
 * - an ICMP error (types 3, 11, 12; of ICMPv6, 1 to 4) of whose packet inside,
 *   turned round, the same is true.
 * What is malformed is Linux's: it counts such things.
 */
#pragma once

#include "dataplane/core/parse.h"
#include "dataplane/core/tables.h"

enum classification { CLASSIFY_PASS, CLASSIFY_STEER };

/* Snapshot NULL: everything passes. */
enum classification classify_frame(const struct snapshot *snapshot, const struct engine_port *port,
				   const uint8_t *frame, uint32_t length);

/* What is said above of addresses with ports, or, where it has none, of addresses alone. */
bool classify_ends(const struct snapshot *snapshot, const struct headers *headers);

/* `frame` is at least an Ethernet header. */
static inline bool classify_is_for_port(const struct engine_port *port, const uint8_t *frame)
{
	return port->any_mac ||
	       memcmp(frame + ETHERNET_DESTINATION, port->mac, sizeof(port->mac)) == 0;
}
