/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Reading a packet's headers: every length is checked here, once and first;
 * the rest of the engine trusts what struct headers says.
 */
#pragma once

#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* No verdict yet: the packet goes on. */
#define VERDICT_NONE 0xff

enum headers_kind {
	HEADERS_FLOW,      /* TCP or UDP, whole */
	HEADERS_FRAGMENT,  /* part of a datagram: addresses only */
	HEADERS_ICMP_ERROR /* the tuple is of the packet inside, turned round: as if it answered */
};

struct headers {
	struct flow_tuple tuple;
	uint8_t kind;
	uint8_t ttl;
	uint8_t tcp_flags;  /* 0 with UDP */
	bool has_ports;     /* false: the tuple's ports say nothing */
	uint16_t transport; /* where the TCP or UDP header begins, from the frame's start */
	uint16_t ip_length; /* of the IP packet; the frame may be longer by padding */
};

static inline bool parse_is_translated(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/* `ip` is a whole IPv4 header. A first fragment counts too. */
static inline bool parse_is_fragment(const uint8_t *ip)
{
	return (wire_read16(ip + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) != 0;
}

/*
 * Reads an Ethernet frame. VERDICT_NONE with *out filled; or the verdict: a
 * drop when it is malformed, TO_LINUX when it is none of the three kinds (then
 * *out is not to be used).
 */
uint8_t parse_headers(const uint8_t *frame, uint32_t length, struct headers *out);

/*
 * Reads the packet inside an ICMP error (`message` is the ICMP header) into a
 * tuple turned round. False when the message is no error, or not about TCP or
 * UDP, or too short to tell.
 */
bool parse_icmp_error(const uint8_t *message, uint32_t length, struct flow_tuple *reversed,
		      bool *has_ports);
