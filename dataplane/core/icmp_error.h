/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * ICMP errors about a flow, rewritten in place: outside as a packet of the
 * direction it goes, inside to what the host that gets it has sent, so that it finds
 * its connection by it. docs/packet-handling.md says why each is as it is.
 *
 * Only what is there is touched: of the packet inside that is the IP header, the
 * ports, and the transport's checksum where the quoted bytes reach as far. All
 * checksums go by difference, that of the message for every word that changed
 * (of ICMPv6 with the addresses outside); what was wrong stays wrong.
 */
#pragma once

#include "dataplane/core/parse.h"

/* An error that is to go in `direction` of the flow, by its addresses and ports. */
void icmp_error_translate(uint8_t *frame, const struct headers *headers,
			  const struct abi_flow *flow, enum abi_flow_direction direction);
