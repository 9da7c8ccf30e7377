/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Reading a packet's headers: every length is checked here, once and first;
 * the rest of the engine trusts what struct headers says.
 *
 * parse_headers() reads every frame; parse_plain() reads what nearly all are,
 * inline, and says the same of them.
 */
#pragma once

#include "dataplane/core/checksum.h"
#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/packet.h"
#include "dataplane/core/wire.h"

enum headers_kind {
	HEADERS_FLOW,      /* TCP or UDP, whole */
	HEADERS_FRAGMENT,  /* part of a datagram: addresses only */
	HEADERS_ICMP_ERROR /* the tuple is of the packet inside, turned round: as if it answered */
};

struct headers {
	struct flow_tuple tuple;
	uint8_t kind;
	bool has_ports;     /* false: the tuple's ports say nothing */
	uint16_t transport; /* where TCP, UDP or the ICMP error begins, from the frame's start */
	uint16_t ip_length; /* of the IP packet; the frame may be longer by padding */
	uint8_t hop_limit;  /* TTL, with IPv4 */
	uint8_t tcp_flags;  /* 0 with UDP */
};

static inline bool parse_is_translated(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/*
 * Reads an Ethernet frame. VERDICT_NONE with *out filled; or the verdict: a
 * drop when it is malformed, TO_LINUX when it is none of the three kinds (then
 * *out is not to be used).
 */
uint8_t parse_headers(const uint8_t *frame, uint32_t length, struct headers *out);

/* The packet inside an ICMP error; positions count from the frame's start. */
struct inner {
	uint16_t ip;        /* its IP header */
	uint16_t transport; /* its TCP or UDP header, of which the ports are there */
	uint16_t end;       /* behind what is quoted of it: extensions may follow (RFC 4884) */
};

/* `headers` are those of an ICMP error that has ports, by parse_headers(). */
void parse_inner(const uint8_t *frame, const struct headers *headers, struct inner *inner);

/*
 * What is addressed to whom, for steering: as parse_headers(), but lengths and
 * sums behind what is read here are nobody's business, and an ICMP error about a
 * fragment has addresses only. False: neither TCP nor UDP, or too short to tell.
 */
bool parse_ends(const uint8_t *frame, uint32_t length, struct headers *out);

/*
 * False for an IPv6 packet from or to what only looks like an address to be
 * routed: IPv4 in disguise (::ffff:0:0/96), which would be taken for IPv4, and
 * link-local ones (fe80::/10).
 */
bool parse_is_routable(const struct flow_tuple *tuple);

/* The lengths of TCP and UDP: `transport` is as long as the IP packet says, `length`. */
static inline bool parse_transport_fits(const uint8_t *transport, uint32_t length, uint8_t protocol)
{
	if (protocol == PROTOCOL_TCP) {
		if (length < TCP_SIZE)
			return false;
		uint32_t header_size = (transport[TCP_DATA_OFFSET] >> 4) * 4u;
		return header_size >= TCP_SIZE && header_size <= length;
	}
	if (length < UDP_SIZE)
		return false;
	/* Less than the IP packet holds is allowed: options may follow the datagram. */
	uint16_t udp_length = wire_read16(transport + UDP_LENGTH);
	return udp_length >= UDP_SIZE && udp_length <= length;
}

static inline void parse_transport(const uint8_t *transport, uint8_t protocol, uint8_t family,
				   struct headers *out)
{
	/* At once: what is read as a word soon must not be written in pieces. */
	out->tuple.head = flow_tuple_head(wire_load32(transport), protocol, family);
	out->tcp_flags = protocol == PROTOCOL_TCP ? transport[TCP_FLAGS] : 0;
	out->has_ports = true;
	out->kind = HEADERS_FLOW;
}

/* Both of these, for what is TCP or UDP and fits; a copy for each, with its constants. */
static inline bool parse_plain_transport(const uint8_t *transport, uint32_t length,
					 uint8_t protocol, uint8_t family, struct headers *out)
{
	if (protocol == PROTOCOL_TCP) {
		if (!parse_transport_fits(transport, length, PROTOCOL_TCP))
			return false;
		parse_transport(transport, PROTOCOL_TCP, family, out);
		return true;
	}
	if (protocol != PROTOCOL_UDP || !parse_transport_fits(transport, length, PROTOCOL_UDP))
		return false;
	parse_transport(transport, PROTOCOL_UDP, family, out);
	/* Without a checksum there is no UDP over IPv6. */
	return family == 4 || wire_load16(transport + UDP_CHECKSUM) != 0;
}

/* Of the first 8 bytes of an IPv4 header without options, and not of a fragment. */
#define PARSE_IPV4_MASK  0xff3f0000000000ffull
#define PARSE_IPV4_PLAIN 0x45ull

static inline bool parse_plain_ipv4(const uint8_t *frame, uint32_t length, struct headers *out)
{
	const uint8_t *ip = frame + ETHERNET_SIZE;
	const uint8_t *transport = ip + IPV4_SIZE;
	uint64_t first = wire_load64(ip);
	uint32_t ip_length = be16toh((uint16_t)(first >> 16));
	uint8_t protocol = ip[IPV4_PROTOCOL];
	uint64_t sum = checksum_add(checksum_add(first, wire_load64(ip + 8)),
				    wire_load32(ip + IPV4_DESTINATION));

	if ((first & PARSE_IPV4_MASK) != PARSE_IPV4_PLAIN || ip_length > length - ETHERNET_SIZE ||
	    ip_length < IPV4_SIZE + UDP_SIZE || checksum_fold(sum) != 0xffff)
		return false;
	memcpy(&out->tuple.ipv4, ip + IPV4_SOURCE, sizeof(out->tuple.ipv4));
	out->hop_limit = ip[IPV4_TTL];
	out->ip_length = (uint16_t)ip_length;
	out->transport = ETHERNET_SIZE + IPV4_SIZE;
	return parse_plain_transport(transport, ip_length - IPV4_SIZE, protocol, 4, out);
}

static inline bool parse_plain_ipv6(const uint8_t *frame, uint32_t length, struct headers *out)
{
	const uint8_t *ip = frame + ETHERNET_SIZE;
	const uint8_t *transport = ip + IPV6_SIZE;
	uint32_t payload_length = wire_read16(ip + IPV6_PAYLOAD_LENGTH);
	uint8_t protocol = ip[IPV6_NEXT_HEADER];

	if (length < ETHERNET_SIZE + IPV6_SIZE + UDP_SIZE || ip[0] >> 4 != 6 ||
	    payload_length > length - ETHERNET_SIZE - IPV6_SIZE || payload_length < UDP_SIZE)
		return false;
	memcpy(&out->tuple.ipv6, ip + IPV6_SOURCE, sizeof(out->tuple.ipv6));
	out->hop_limit = ip[IPV6_HOP_LIMIT];
	out->ip_length = (uint16_t)(IPV6_SIZE + payload_length);
	out->transport = ETHERNET_SIZE + IPV6_SIZE;
	return parse_plain_transport(transport, payload_length, protocol, 6, out);
}

/* The family, with *out filled, when the frame is TCP or UDP without anything unusual; else 0. */
static inline uint8_t parse_plain(const uint8_t *frame, uint32_t length, struct headers *out)
{
	if (length < ETHERNET_SIZE + IPV4_SIZE + UDP_SIZE)
		return 0;
	uint16_t be_type = wire_load16(frame + ETHERNET_TYPE);
	if (be_type == htobe16(ETHERNET_TYPE_IPV4))
		return parse_plain_ipv4(frame, length, out) ? 4 : 0;
	if (be_type == htobe16(ETHERNET_TYPE_IPV6))
		return parse_plain_ipv6(frame, length, out) ? 6 : 0;
	return 0;
}
