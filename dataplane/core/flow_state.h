/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What packets do to a flow's state, and how long it lasts in each.
 *
 * The balancer sees no sequence numbers, so it believes neither a reset nor a
 * SYN that anybody may have sent (RFC 5961): the two ends know which are right,
 * and their next packets tell. A reset only shortens the timeout, and any other
 * packet undoes it (RFC 6146, 3.5.2.2; RFC 7857, 2). What a SYN asks of a
 * connection that was established is answered by the backend: with a challenge
 * ACK, then it lives, or with a SYN and ACK, then it is a new one.
 *
 * A FIN closes one direction only: half-closed is established. With a FIN of
 * each side the connection is closing, and stays it: what comes then may as
 * well be sent again, or late. As long as it comes, the record stays too.
 */
#pragma once

#include "dataplane/core/flow_table.h"
#include "dataplane/core/tables.h"

/* A packet that asks for a new connection. */
bool flow_state_is_opening(uint8_t tcp_flags);

/* Whether a reset is all that speaks against an established connection. */
bool flow_state_is_in_doubt(const struct abi_flow *flow);
/* Whether the packet says that the connection in doubt is over: another begins in its place. */
bool flow_state_ends_doubt(const struct abi_flow *flow, enum abi_flow_direction direction,
			   uint8_t tcp_flags);

/*
 * Tells the record what a packet of its flow in this direction shows (tcp_flags:
 * 0 with UDP). True when its timer must be armed anew: the timeout has become
 * shorter by it, or the flow belongs to another wheel now.
 */
bool flow_state_advance(struct abi_flow *flow, enum abi_flow_direction direction,
			uint8_t tcp_flags);

/* How long the flow lasts without a packet, in ticks, rounded up; `service` is NULL for DIRECT. */
uint32_t flow_state_timeout(const struct abi_flow *flow, const struct service_rule *service);
