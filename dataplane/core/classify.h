/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Steering: is a frame for the dataplane, or for Linux? The same decision as
 * the XDP program in bpf/steering.bpf.c makes, for ports that no XDP program
 * guards; tests hold both against the same cases.
 *
 * Ours are frames to the port's own MAC that hold IPv4 or IPv6, behind up to two
 * VLAN tags (of 802.1ad only the first may be), and
 * - TCP or UDP whose destination is a service (its port, a range of its ports or
 *   every port, 1 to 65535), a local address in its port range or a dnat
 *   endpoint, or whose source is a dnat endpoint and whose destination is no
 *   address of this host;
 * - a fragment of TCP or UDP of which the same is true by the addresses alone;
 * - an ICMP error (types 3, 11, 12; of ICMPv6 1 to 4) of whose packet inside,
 *   turned round, the same is true. It is of the same family.
 * What is malformed is Linux's: it counts such things. Lengths that headers
 * speak of are not compared with the frame's here.
 *
 * Families share all rules: IPv4 is ::ffff:a.b.c.d. So an IPv6 packet, or one
 * inside an error, with such a source or destination (::ffff:0:0/96) is
 * Linux's; so is one with a link-local one (fe80::/10), which is not to be
 * routed. Of ICMPv6 all but errors is Linux's: neighbour discovery, multicast
 * listeners, ping.
 *
 * IPv6 extension headers are followed up to TCP, UDP, ICMPv6 or a fragment, in
 * the packet and, counted anew, in that inside an error:
 * - hop-by-hop options (first of all, else the packet is Linux's), destination
 *   options, routing headers with no hop left or of type 0 (else Linux's),
 *   fragment headers; of each the first 8 bytes must be there;
 * - six at most, of 256 bytes at most together. With more of either, or any
 *   other header (authentication, encryption, none, unknown): Linux's;
 * - a fragment header with offset 0 and no more to follow (an atomic fragment)
 *   is one header more of a whole packet; its reserved bits say nothing. Any
 *   other makes a fragment: nothing behind is read, and it is ours only when
 *   that header itself names TCP or UDP.
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
