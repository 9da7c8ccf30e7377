/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * For paths that swallow ICMP: TCP is told at the beginning of each connection to
 * send no larger segments than fit (RFC 9293, 3.7.1; what Linux calls TCPMSS).
 */
#pragma once

#include "dataplane/core/parse.h"

/* Lowers each MSS option of the TCP header, a SYN's, to at most `most`. Where there is none the
 * sender has to do with 536 or 1220 bytes anyway, and none is added. */
void mss_clamp(uint8_t *transport, uint16_t most);

/* Of a packet of a service, whose setting it is (0: none). */
static inline void mss_clamp_packet(const struct packet *packet, const struct headers *headers,
				    uint16_t most)
{
	if (most != 0 && (headers->tcp_flags & TCP_FLAG_SYN))
		mss_clamp(packet->data + headers->transport, most);
}
