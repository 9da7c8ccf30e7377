/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The text of the guard: `table netdev headrace`. Pure.
 *
 * On the ingress of each port's interface it drops what steering should have
 * taken: packets to a service, to a local address in its port range, from a
 * dnat backend's service port to anybody but this host; their later fragments;
 * and ICMP errors that would carry a dnat backend's answer to a client. The XDP
 * program comes before the ingress hook, so while it runs nothing of that is met here.
 * Addresses of VRRP instances with `accept` false are closed: Linux, which holds them, is
 * given neighbour discovery and nothing else (RFC 9568, 6.4.3), whatever runs.
 * Each family has sets and a chain of its own, alike but for their names.
 * Of a PCI port the kernel path's tap is the interface: what comes from there has been
 * judged, and only what is closed is met. The taps of other ports have no chain.
 *
 * Tags. The hook of an interface sees a frame whose outer VLAN tag the kernel has taken
 * off, wherever it stood, and a second one still in it. So a port's chain looks
 * into frames with one tag; those with two are met on the VLAN interface between, where VLAN
 * interfaces lie on it: there the second one is off. Frames of VLANs without an interface are
 * nobody's.
 */
#pragma once

#include "controlplane/guard/sets.h"

/* The chains of ports, and of VLAN interfaces with others on them; malloc'ed, NULL: no memory. */
char *guard_chains_make(const struct network_link *links, size_t link_count);

/*
 * The commands that put the table of this name in place of the one before, in
 * one transaction; malloc'ed, NULL: no memory.
 */
char *guard_ruleset_make(const char *table, const struct guard_sets *sets, const char *chains);

/*
 * The commands that make the table's sets `now` out of `before`, in one
 * transaction; malloc'ed, empty when they are the same; NULL: no memory.
 */
char *guard_ruleset_change(const char *table, const struct guard_sets *before,
			   const struct guard_sets *now);
