/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Resets of our own, with numbers that their receivers accept: a segment tells them, for its
 * sender and, where it comes in order, for whom it was meant as well.
 */
#pragma once

#include "dataplane/core/parse.h"

/* Most bytes of the frame of one that is not made in place. */
#define TCP_RESET_SIZE (ETHERNET_SIZE + IPV6_SIZE + TCP_SIZE)

/* In answer to a segment, and in its place, from whom it was for (RFC 9293, 3.10.7.1, of a
 * connection that does not exist). It must not be a reset itself. The Ethernet addresses are the
 * caller's to write. */
void tcp_reset_make(struct packet *packet, const struct headers *headers);

/* As if the segment's sender had given up before it sent that (RFC 9293, 3.10.5), with addresses
 * and ports of the receiver's side; how long the frame is. The Ethernet addresses are the caller's
 * to write. */
uint32_t tcp_reset_instead(const struct packet *packet, const struct headers *headers,
			   const struct flow_tuple *tuple, uint8_t frame[TCP_RESET_SIZE]);
