/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * ICMP errors of our own, made in the place of the packet they are about, which
 * stays where it is in its buffer and is quoted: whole, or as much as fits
 * (RFC 1812, 4.3.2.3: 576 bytes; RFC 4443, 2.4: 1280). So there must be
 * PACKET_HEADROOM before it. The frame is for whoever has sent that one.
 */
#pragma once

#include "dataplane/core/parse.h"

struct icmp_message {
	uint8_t type, code;
	uint32_t be_rest; /* what follows the checksum: an MTU, or 0 */
};

/* "Fragmentation needed" with the MTU (RFC 1191), or "packet too big" (RFC 4443, 3.2). */
struct icmp_message icmp_too_big(uint8_t family, uint16_t mtu);
/* "Port unreachable" (RFC 792; RFC 4443, 3.1). */
struct icmp_message icmp_port_unreachable(uint8_t family);
/* "Time exceeded", in transit (RFC 792; RFC 4443, 3.3). */
struct icmp_message icmp_time_exceeded(uint8_t family);

/* `source` is of the packet's family. The Ethernet addresses are the caller's to write. */
void icmp_make(struct packet *packet, const struct headers *headers,
	       const struct icmp_message *message, const struct ip_address *source);
