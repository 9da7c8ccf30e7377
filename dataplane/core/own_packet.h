/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The IP headers of packets that we make ourselves, and whole sums. */
#pragma once

#include "dataplane/core/checksum.h"
#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/wire.h"

/* The sum of a packet's words, from an even place on. */
uint64_t own_packet_sum(const uint8_t *bytes, uint32_t length);

/* 20 bytes, the checksum to be written last; `length` is of the whole packet. Not to be
 * fragmented, and so without an id (RFC 6864, 4.1). */
void own_packet_ipv4(uint8_t *ip, uint32_t length, uint8_t protocol,
		     const struct ip_address *source, uint32_t be_to);
void own_packet_ipv4_checksum(uint8_t *ip);

/* 40 bytes; `payload` is what follows them. */
void own_packet_ipv6(uint8_t *ip, uint32_t payload, uint8_t protocol,
		     const struct ip_address *source, const uint8_t to[16]);

/* What the addresses of a written header add to the checksum of its payload: of TCP, of ICMPv6. */
uint64_t own_packet_pseudo_header(const uint8_t *ip, uint32_t payload, uint8_t protocol);
