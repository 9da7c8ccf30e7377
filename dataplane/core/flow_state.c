/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_state.h"

#include "dataplane/core/wire.h"

#define FINS (ABI_FLOW_CLIENT_FIN | ABI_FLOW_BACKEND_FIN)

/* Of direct connections, which no service describes: RFC 5382 and RFC 4787. */
#define DIRECT_TCP_MS     (7440u * 1000)
#define DIRECT_UDP_MS     (300u * 1000)
#define DIRECT_BRIEFLY_MS (60u * 1000) /* not answered yet, or closed from both sides */

bool flow_state_is_opening(uint8_t tcp_flags)
{
	return (tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK | TCP_FLAG_RST)) == TCP_FLAG_SYN;
}

bool flow_state_is_in_doubt(const struct abi_flow *flow)
{
	const uint8_t both = ABI_FLOW_RESET | ABI_FLOW_WAS_OPEN;

	return flow->state == ABI_FLOW_TCP_CLOSING && (flow->flags & both) == both;
}

bool flow_state_ends_doubt(const struct abi_flow *flow, enum abi_flow_direction direction,
			   uint8_t tcp_flags)
{
	const uint8_t both = TCP_FLAG_SYN | TCP_FLAG_ACK;

	return direction == ABI_FLOW_FROM_BACKEND && (tcp_flags & both) == both &&
	       (tcp_flags & TCP_FLAG_RST) == 0 && flow_state_is_in_doubt(flow);
}

/* UDP: what is neither the first question nor the first answer makes it a stream. */
static uint8_t udp_flags_after(const struct abi_flow *flow, enum abi_flow_direction direction)
{
	bool is_first_answer =
		direction == ABI_FLOW_FROM_BACKEND && !(flow->flags & ABI_FLOW_ANSWERED);
	uint8_t flags = flow->flags;

	if (direction == ABI_FLOW_FROM_BACKEND)
		flags |= ABI_FLOW_ANSWERED;
	return is_first_answer ? flags : flags | ABI_FLOW_STREAM;
}

static uint8_t flags_after(const struct abi_flow *flow, enum abi_flow_direction direction,
			   uint8_t tcp_flags)
{
	uint8_t flags = flow->flags;
	bool is_opening = direction == ABI_FLOW_FROM_CLIENT && flow_state_is_opening(tcp_flags);

	if (flow->state == ABI_FLOW_UDP)
		return udp_flags_after(flow, direction);
	/* A direct connection's record serves the next one between the same ends. */
	if (flow->state == ABI_FLOW_DIRECT && is_opening)
		return 0;
	if (tcp_flags & TCP_FLAG_RST) {
		if (flow->state == ABI_FLOW_TCP_ESTABLISHED)
			flags |= ABI_FLOW_WAS_OPEN;
		return flags | ABI_FLOW_RESET;
	}
	if (!is_opening)
		flags &= (uint8_t) ~(ABI_FLOW_RESET | ABI_FLOW_WAS_OPEN);
	if (direction == ABI_FLOW_FROM_BACKEND)
		flags |= ABI_FLOW_ANSWERED;
	if (tcp_flags & TCP_FLAG_FIN)
		flags |= direction == ABI_FLOW_FROM_CLIENT ? ABI_FLOW_CLIENT_FIN
							   : ABI_FLOW_BACKEND_FIN;
	return flags;
}

/* Of TCP and direct connections. */
static bool is_closed(uint8_t flags)
{
	return (flags & FINS) == FINS || (flags & ABI_FLOW_RESET) != 0;
}

static bool is_tcp(uint8_t state)
{
	return state == ABI_FLOW_TCP_HALF_OPEN || state == ABI_FLOW_TCP_ESTABLISHED ||
	       state == ABI_FLOW_TCP_CLOSING;
}

static uint8_t state_after(const struct abi_flow *flow, enum abi_flow_direction direction,
			   uint8_t tcp_flags, uint8_t flags)
{
	if (!is_tcp(flow->state))
		return flow->state;
	if (is_closed(flags))
		return ABI_FLOW_TCP_CLOSING;
	if (flow->state == ABI_FLOW_TCP_ESTABLISHED || flow_state_is_in_doubt(flow))
		return ABI_FLOW_TCP_ESTABLISHED;
	/* The client acknowledges the backend's answer: the handshake's third packet, or, where
	 * both began at once, its second SYN. */
	if (direction == ABI_FLOW_FROM_CLIENT && (flags & ABI_FLOW_ANSWERED) != 0 &&
	    (tcp_flags & TCP_FLAG_ACK) != 0)
		return ABI_FLOW_TCP_ESTABLISHED;
	return ABI_FLOW_TCP_HALF_OPEN;
}

static bool is_one_shot(uint8_t flags)
{
	return (flags & (ABI_FLOW_ANSWERED | ABI_FLOW_STREAM)) == ABI_FLOW_ANSWERED;
}

/* Of a direct connection, which has one state. */
static bool is_shorter(uint8_t before, uint8_t after)
{
	return (is_closed(after) && !is_closed(before)) || (after == 0 && before != 0);
}

bool flow_state_advance(struct abi_flow *flow, enum abi_flow_direction direction, uint8_t tcp_flags)
{
	uint8_t flags = flags_after(flow, direction, tcp_flags);
	uint8_t state = state_after(flow, direction, tcp_flags, flags);
	bool rearm = state != flow->state ||
		     (state == ABI_FLOW_DIRECT && is_shorter(flow->flags, flags)) ||
		     (state == ABI_FLOW_UDP && is_one_shot(flags));

	if (flags != flow->flags)
		__atomic_store_n(&flow->flags, flags, __ATOMIC_RELAXED);
	if (state != flow->state)
		__atomic_store_n(&flow->state, state, __ATOMIC_RELAXED);
	return rearm;
}

static uint32_t direct_timeout(const struct abi_flow *flow)
{
	if (flow->protocol != PROTOCOL_TCP)
		return DIRECT_UDP_MS;
	if (is_closed(flow->flags) || !(flow->flags & ABI_FLOW_ANSWERED))
		return DIRECT_BRIEFLY_MS;
	return DIRECT_TCP_MS;
}

static uint32_t ticks_of(uint32_t milliseconds)
{
	/* One tick more: last_seen was rounded down. */
	return ((milliseconds + ABI_FLOW_TICK_MS - 1) >> ABI_FLOW_TICK_SHIFT) + 1;
}

uint32_t flow_state_timeout(const struct abi_flow *flow, const struct service_rule *service)
{
	switch (flow->state) {
	case ABI_FLOW_TCP_HALF_OPEN:
		return service->timeouts[ABI_TIMEOUT_TCP_HALF_OPEN];
	case ABI_FLOW_TCP_ESTABLISHED:
		return service->timeouts[ABI_TIMEOUT_TCP_ESTABLISHED];
	case ABI_FLOW_TCP_CLOSING:
		return service->timeouts[ABI_TIMEOUT_TCP_CLOSING];
	case ABI_FLOW_UDP:
		return service->timeouts[is_one_shot(flow->flags) ? ABI_TIMEOUT_UDP_ONE_SHOT
								  : ABI_TIMEOUT_UDP];
	default:
		return ticks_of(direct_timeout(flow));
	}
}
