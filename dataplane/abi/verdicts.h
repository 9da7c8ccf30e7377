/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What became of a packet. Each packet gets exactly one verdict, and each
 * verdict has a counter. All but the first three are drops, named by reason.
 * The text is what users see; the order is the ABI: append only.
 */
#pragma once

#include <stdint.h>

#define ABI_VERDICTS(V)                                                                           \
	V(TO_BACKEND, "to-backend", "translated and sent to a backend")                           \
	V(TO_CLIENT, "to-client", "a reply, translated and sent to a client")                     \
	V(TO_LINUX, "to-linux", "nobody's: given to Linux")                                       \
	V(TRUNCATED, "truncated", "frame shorter than its headers say")                           \
	V(BAD_IP_HEADER, "bad-ip-header", "IP header malformed, or its checksum wrong")           \
	V(BAD_LENGTH, "bad-length", "IP, UDP or TCP length fields disagree")                      \
	V(BAD_ADDRESS, "bad-address", "source or destination that no flow can have")              \
	V(TTL_EXPIRED, "ttl-expired", "hop limit used up")                                        \
	V(BAD_FRAGMENT, "bad-fragment", "of a length or at a place no fragment can have")         \
	V(ICMP_ERROR, "icmp-error", "ICMP error about a later fragment, or to somebody else")     \
	V(NO_FLOW, "no-flow", "part of a connection there is no record of")                       \
	V(NO_BACKEND, "no-backend", "the service has no backend to send it to")                   \
	V(NO_LOCAL_PORT, "no-local-port", "no local address and port free for a new flow")        \
	V(REPLY_TUPLE_TAKEN, "reply-tuple-taken",                                                 \
	  "another flow has the same client and backend address and port")                        \
	V(FLOW_TABLE_FULL, "flow-table-full", "no room for a new flow record")                    \
	V(NO_NEXT_HOP, "no-next-hop", "MAC of the next hop not known")                            \
	V(TOO_BIG, "too-big", "larger than the MTU of the way out")                               \
	V(TX_FULL, "tx-full", "the port's transmit ring was full")                                \
	V(KERNEL_RING_FULL, "kernel-ring-full", "the ring to the main thread was full")           \
	V(TAP_FULL, "tap-full", "Linux did not take it from the tap")                             \
	V(WORKER_RING_FULL, "worker-ring-full", "the ring from the main thread was full")         \
	V(NOT_IN_SERVICE, "not-in-service", "the lease of this node has ended")                   \
	V(DENIED, "denied", "the service does not allow this client")                             \
	V(NO_CHECKSUM, "no-checksum", "UDP over IPv6 without a checksum")                         \
	V(HANDOFF_FULL, "handoff-full", "the ring to the worker it is for was full")              \
	V(TOO_BIG_TOLD, "too-big-told",                                                           \
	  "larger than the MTU of the way out; its sender was told by ICMP")                      \
	V(TTL_EXPIRED_TOLD, "ttl-expired-told", "hop limit used up; its sender was told by ICMP") \
	V(ROUTING_HEADER, "routing-header", "IPv6 routing header of type 0 (RFC 5095)")           \
	V(FRAGMENT_TINY, "fragment-tiny", "TCP or UDP header not whole in one fragment")          \
	V(FRAGMENT_OVERLAP, "fragment-overlap", "fragments of one datagram overlap")              \
	V(FRAGMENT_DUPLICATE, "fragment-duplicate", "the same fragment once more")                \
	V(FRAGMENT_TIMEOUT, "fragment-timeout", "the first fragment did not come in time")        \
	V(FRAGMENT_TABLE_FULL, "fragment-table-full", "more datagrams in pieces than fit")        \
	V(NO_BACKEND_TOLD, "no-backend-told",                                                     \
	  "the service has no backend; a reset, or ICMP, told it")                                \
	V(BACKEND_GONE, "backend-gone",                                                           \
	  "of a connection that is to be reset: its backend is gone")                             \
	V(BACKEND_GONE_TOLD, "backend-gone-told",                                                 \
	  "the same; a reset told its sender, and mostly the other end")                          \
	V(BAD_CHECKSUM, "bad-checksum",                                                           \
	  "TCP or UDP checksum wrong: the port's card said so, and it is")

enum abi_verdict {
#define V(name, text, help) ABI_VERDICT_##name,
	ABI_VERDICTS(V)
#undef V
		ABI_VERDICT_COUNT
};

#define ABI_VERDICT_FIRST_DROP ABI_VERDICT_TRUNCATED
#define ABI_VERDICT_MAX        64 /* room in the counters */

/* 1 where the packet was dropped and an ICMP error or a reset, which is counted as generated, sent
 * back. */
static inline int abi_verdict_is_told(uint32_t verdict)
{
	return verdict == ABI_VERDICT_TOO_BIG_TOLD || verdict == ABI_VERDICT_TTL_EXPIRED_TOLD ||
	       verdict == ABI_VERDICT_NO_BACKEND_TOLD || verdict == ABI_VERDICT_BACKEND_GONE_TOLD;
}

/* What leaves by a port: the packet, or a message in its place. */
static inline int abi_verdict_is_sent(uint32_t verdict)
{
	return verdict <= ABI_VERDICT_TO_CLIENT || abi_verdict_is_told(verdict);
}

/* "to-backend", ...; "?" out of range. */
static inline const char *abi_verdict_text(uint32_t verdict)
{
	static const char *const texts[] = {
#define V(name, text, help) text,
		ABI_VERDICTS(V)
#undef V
	};
	return verdict < ABI_VERDICT_COUNT ? texts[verdict] : "?";
}
