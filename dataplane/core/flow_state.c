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

	if (flow->state == ABI_FLOW_UDP)
		return udp_flags_after(flow, direction);
	/* A direct connection's record serves the next one between the same ends. */
	if (flow->state == ABI_FLOW_DIRECT && flow_state_is_opening(tcp_flags))
		return 0;
	if (direction == ABI_FLOW_FROM_BACKEND)
		flags |= ABI_FLOW_ANSWERED;
	if (tcp_flags & TCP_FLAG_RST)
		flags |= FINS;
	else if (tcp_flags & TCP_FLAG_FIN)
		flags |= direction == ABI_FLOW_FROM_CLIENT ? ABI_FLOW_CLIENT_FIN
							   : ABI_FLOW_BACKEND_FIN;
	return flags;
}

static uint8_t state_after(const struct abi_flow *flow, enum abi_flow_direction direction,
			   uint8_t tcp_flags, uint8_t flags)
{
	if (flow->state != ABI_FLOW_TCP_HALF_OPEN && flow->state != ABI_FLOW_TCP_ESTABLISHED)
		return flow->state;
	if ((flags & FINS) == FINS)
		return ABI_FLOW_TCP_CLOSING;
	/* The handshake's third packet: the client acknowledges the backend's answer. */
	if (direction == ABI_FLOW_FROM_CLIENT && (flags & ABI_FLOW_ANSWERED) != 0 &&
	    (tcp_flags & (TCP_FLAG_ACK | TCP_FLAG_SYN)) == TCP_FLAG_ACK)
		return ABI_FLOW_TCP_ESTABLISHED;
	return flow->state;
}

static bool is_one_shot(uint8_t flags)
{
	return (flags & (ABI_FLOW_ANSWERED | ABI_FLOW_STREAM)) == ABI_FLOW_ANSWERED;
}

bool flow_state_advance(struct abi_flow *flow, enum abi_flow_direction direction, uint8_t tcp_flags)
{
	uint8_t flags = flags_after(flow, direction, tcp_flags);
	uint8_t state = state_after(flow, direction, tcp_flags, flags);
	bool rearm = state != flow->state || (state == ABI_FLOW_DIRECT && flags < flow->flags) ||
		     ((flags & FINS) == FINS && (flow->flags & FINS) != FINS) ||
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
	if ((flow->flags & FINS) == FINS || !(flow->flags & ABI_FLOW_ANSWERED))
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
