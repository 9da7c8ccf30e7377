/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/parse.h"

#include "dataplane/abi/verdicts.h"

/* Where an IP packet's payload begins, and what it is. */
struct payload {
	uint32_t offset; /* from the IP header's start */
	uint8_t protocol;
	bool is_fragment;
	bool is_first; /* of the fragments of a datagram */
	bool leads_on; /* by a routing header of type 0: to be dropped (RFC 5095) */
};

enum found { FOUND, NOT_THERE, NOT_OURS }; /* NOT_THERE: the bytes end before it */

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION_OPTIONS;
}

static void read_fragment_header(const uint8_t *header, struct payload *payload)
{
	uint16_t field = wire_read16(header + IPV6_FRAGMENT_OFFSET);

	payload->is_fragment = (field & IPV6_FRAGMENT_MASK) != 0;
	payload->is_first = (field & IPV6_FRAGMENT_MASK) == IPV6_MORE_FRAGMENTS;
}

/*
 * Walks the extension headers of the IPv6 packet at `ip`, of which `length`
 * bytes (at least IPV6_SIZE) are there. Of a fragment nothing is read behind
 * its fragment header; an atomic one is no fragment.
 */
static enum found find_ipv6_payload(const uint8_t *ip, uint32_t length, struct payload *payload)
{
	*payload = (struct payload){.offset = IPV6_SIZE, .protocol = ip[IPV6_NEXT_HEADER]};
	for (unsigned i = 0; is_extension(payload->protocol); i++) {
		const uint8_t *header = ip + payload->offset;
		uint32_t size = IPV6_FRAGMENT_SIZE;

		if (i == IPV6_EXTENSIONS_MAX || (i > 0 && payload->protocol == PROTOCOL_HOP_BY_HOP))
			return NOT_OURS;
		if (length - payload->offset < IPV6_FRAGMENT_SIZE)
			return NOT_THERE;
		if (payload->protocol == PROTOCOL_ROUTING && header[IPV6_SEGMENTS_LEFT] != 0) {
			if (header[IPV6_ROUTING_TYPE] != 0)
				return NOT_OURS;
			payload->leads_on = true;
		}
		if (payload->protocol != PROTOCOL_FRAGMENT)
			size = (header[1] + 1u) * 8;
		else
			read_fragment_header(header, payload);
		if (payload->offset - IPV6_SIZE + size > IPV6_EXTENSIONS_SIZE)
			return NOT_OURS;
		if (length - payload->offset < size)
			return NOT_THERE;
		payload->protocol = header[0];
		payload->offset += size;
		if (payload->is_fragment)
			return FOUND;
	}
	return FOUND;
}

/* 0: it is whole. */
static uint16_t ipv4_fragment(const uint8_t *ip)
{
	return wire_read16(ip + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK);
}

/* The addresses and payload of an IP packet of which `length` bytes are there. */
static enum found read_ip(const uint8_t *ip, uint32_t length, uint8_t family,
			  struct flow_tuple *tuple, struct payload *payload)
{
	*tuple = (struct flow_tuple){.family = family};
	if (family == 6) {
		if (length < IPV6_SIZE)
			return NOT_THERE;
		if (ip[0] >> 4 != 6)
			return NOT_OURS;
		memcpy(&tuple->ipv6, ip + IPV6_SOURCE, sizeof(tuple->ipv6));
		enum found found = find_ipv6_payload(ip, length, payload);
		tuple->protocol = payload->protocol;
		return found;
	}
	if (length < IPV4_SIZE)
		return NOT_THERE;
	uint32_t header_size = (ip[0] & 0x0fu) * 4;
	if (ip[0] >> 4 != 4 || header_size < IPV4_SIZE)
		return NOT_OURS;
	if (header_size > length)
		return NOT_THERE;
	memcpy(&tuple->ipv4, ip + IPV4_SOURCE, sizeof(tuple->ipv4));
	tuple->protocol = ip[IPV4_PROTOCOL];
	*payload = (struct payload){
		.offset = header_size,
		.protocol = tuple->protocol,
		.is_fragment = ipv4_fragment(ip) != 0,
		.is_first = ipv4_fragment(ip) == IPV4_MORE_FRAGMENTS,
	};
	return FOUND;
}

static bool is_icmp_error(uint8_t family, uint8_t type)
{
	if (family == 6)
		return type >= ICMPV6_ERROR_FIRST && type <= ICMPV6_ERROR_LAST;
	/* Not redirects: they advise Linux about its routes. */
	return type == ICMP_DESTINATION_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

static bool is_icmp(uint8_t family, uint8_t protocol)
{
	return protocol == (family == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP);
}

/* Ports of what is TCP or UDP and whole; false: they are not there. */
static bool read_ports(const uint8_t *ip, uint32_t length, const struct payload *payload,
		       struct headers *out)
{
	out->has_ports = !payload->is_fragment;
	if (payload->is_fragment)
		return true;
	if (length - payload->offset < TRANSPORT_PORTS_SIZE)
		return false;
	memcpy(&out->tuple.ports, ip + payload->offset, sizeof(out->tuple.ports));
	return true;
}

bool parse_is_routable(const struct flow_tuple *tuple)
{
	const struct ip_address ends[2] = {flow_tuple_source(tuple), flow_tuple_destination(tuple)};

	if (tuple->family == 4)
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (ip_address_is_ipv4(&ends[i]) ||
		    be64toh(ends[i].be_words[0]) >> 54 == 0xfe80 >> 6)
			return false;
	return true;
}

/* The packet an ICMP error is about, turned round, into the tuple; of a first fragment the ports
 * too, where they are wanted and quoted. False: it is no error about TCP or UDP, or too short to
 * tell. */
static bool read_icmp_error(const uint8_t *message, uint32_t length, uint8_t family,
			    bool wants_first, struct headers *out)
{
	struct payload payload;

	if (length < ICMP_SIZE || !is_icmp_error(family, message[0]) ||
	    !parse_is_routable(&out->tuple))
		return false;
	const uint8_t *inner = message + ICMP_SIZE;
	length -= ICMP_SIZE;
	if (read_ip(inner, length, family, &out->tuple, &payload) != FOUND ||
	    !parse_is_translated(payload.protocol))
		return false;
	if (wants_first && payload.is_first)
		payload.is_fragment = length - payload.offset < TRANSPORT_PORTS_SIZE;
	if (!read_ports(inner, length, &payload, out))
		return false;
	out->tuple = flow_tuple_reverse(&out->tuple);
	out->kind = HEADERS_ICMP_ERROR;
	return true;
}

/* What the message says of the length of the packet it quotes (RFC 4884, 4); 0: it does not. */
static uint32_t quoted_length(const uint8_t *message, uint8_t family)
{
	if (family == 4)
		return message[ICMP_QUOTED_WORDS] * 4u;
	return message[0] == ICMPV6_DESTINATION_UNREACHABLE || message[0] == ICMPV6_TIME_EXCEEDED
		       ? message[ICMPV6_QUOTED_WORDS] * 8u
		       : 0;
}

void parse_inner(const uint8_t *frame, const struct headers *headers, struct inner *inner)
{
	uint8_t family = headers->tuple.family;
	const uint8_t *message = frame + headers->transport;
	uint32_t at = headers->transport + ICMP_SIZE;
	uint32_t length = ETHERNET_SIZE + headers->ip_length - at;
	uint32_t quoted = quoted_length(message, family);
	struct flow_tuple tuple;
	struct payload payload = {0};

	read_ip(frame + at, length, family, &tuple, &payload);
	if (quoted == 0 || quoted > length)
		quoted = length;
	inner->ip = (uint16_t)at;
	inner->transport = (uint16_t)(at + payload.offset);
	inner->end = (uint16_t)(at + quoted);
}

bool parse_ends(const uint8_t *frame, uint32_t length, struct headers *out)
{
	struct payload payload;

	if (length < ETHERNET_SIZE)
		return false;
	uint16_t type = wire_read16(frame + ETHERNET_TYPE);
	if (type != ETHERNET_TYPE_IPV4 && type != ETHERNET_TYPE_IPV6)
		return false;
	const uint8_t *ip = frame + ETHERNET_SIZE;
	uint8_t family = type == ETHERNET_TYPE_IPV6 ? 6 : 4;
	length -= ETHERNET_SIZE;
	if (read_ip(ip, length, family, &out->tuple, &payload) != FOUND)
		return false;
	if (is_icmp(family, payload.protocol) && !payload.is_fragment)
		return read_icmp_error(ip + payload.offset, length - payload.offset, family, false,
				       out);
	out->kind = payload.is_fragment ? HEADERS_FRAGMENT : HEADERS_FLOW;
	return parse_is_translated(payload.protocol) && read_ports(ip, length, &payload, out);
}

static bool ipv4_checksum_is_right(const uint8_t *header, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < size; i += 2)
		sum += wire_load16(header + i);
	return checksum_fold(sum) == 0xffff;
}

/* What both families do once the payload is known; `ip` is ip_length bytes long. */
static uint8_t read_payload(const uint8_t *ip, const struct payload *payload, struct headers *out)
{
	const uint8_t *transport = ip + payload->offset;
	uint32_t length = out->ip_length - payload->offset;
	uint8_t family = out->tuple.family;

	out->has_ports = false;
	out->transport = (uint16_t)(ETHERNET_SIZE + payload->offset);
	if (payload->is_fragment) {
		out->kind = HEADERS_FRAGMENT;
		return parse_is_translated(payload->protocol) ? VERDICT_NONE : ABI_VERDICT_TO_LINUX;
	}
	if (is_icmp(family, payload->protocol))
		return read_icmp_error(transport, length, family, true, out) ? VERDICT_NONE
									     : ABI_VERDICT_TO_LINUX;
	if (!parse_is_translated(payload->protocol))
		return ABI_VERDICT_TO_LINUX;
	if (!parse_transport_fits(transport, length, payload->protocol))
		return ABI_VERDICT_BAD_LENGTH;
	if (family == 6 && payload->protocol == PROTOCOL_UDP &&
	    wire_load16(transport + UDP_CHECKSUM) == 0)
		return ABI_VERDICT_NO_CHECKSUM;
	parse_transport(transport, payload->protocol, family, out);
	return VERDICT_NONE;
}

static uint8_t read_ipv4(const uint8_t *ip, uint32_t length, struct headers *out)
{
	struct payload payload;

	if (length < IPV4_SIZE)
		return ABI_VERDICT_TRUNCATED;
	uint32_t header_size = (ip[0] & 0x0fu) * 4;
	uint32_t ip_length = wire_read16(ip + IPV4_TOTAL_LENGTH);
	if (ip[0] >> 4 != 4 || header_size < IPV4_SIZE)
		return ABI_VERDICT_BAD_IP_HEADER;
	if (ip_length < header_size)
		return ABI_VERDICT_BAD_LENGTH;
	if (ip_length > length)
		return ABI_VERDICT_TRUNCATED;
	if (!ipv4_checksum_is_right(ip, header_size))
		return ABI_VERDICT_BAD_IP_HEADER;
	read_ip(ip, ip_length, 4, &out->tuple, &payload);
	out->hop_limit = ip[IPV4_TTL];
	out->ip_length = (uint16_t)ip_length;
	return read_payload(ip, &payload, out);
}

static uint8_t read_ipv6(const uint8_t *ip, uint32_t length, struct headers *out)
{
	struct payload payload;
	uint8_t verdict;

	if (length < IPV6_SIZE)
		return ABI_VERDICT_TRUNCATED;
	uint32_t ip_length = IPV6_SIZE + wire_read16(ip + IPV6_PAYLOAD_LENGTH);
	if (ip[0] >> 4 != 6)
		return ABI_VERDICT_BAD_IP_HEADER;
	if (ip_length > length || ip_length > UINT16_MAX)
		return ABI_VERDICT_TRUNCATED;
	switch (read_ip(ip, ip_length, 6, &out->tuple, &payload)) {
	case NOT_THERE:
		return ABI_VERDICT_BAD_LENGTH;
	case NOT_OURS:
		return ABI_VERDICT_TO_LINUX;
	default:
		out->hop_limit = ip[IPV6_HOP_LIMIT];
		out->ip_length = (uint16_t)ip_length;
		verdict = read_payload(ip, &payload, out);
		return verdict == VERDICT_NONE && payload.leads_on ? ABI_VERDICT_ROUTING_HEADER
								   : verdict;
	}
}

uint8_t parse_headers(const uint8_t *frame, uint32_t length, struct headers *out)
{
	if (length < ETHERNET_SIZE)
		return ABI_VERDICT_TRUNCATED;
	switch (wire_read16(frame + ETHERNET_TYPE)) {
	case ETHERNET_TYPE_IPV4:
		return read_ipv4(frame + ETHERNET_SIZE, length - ETHERNET_SIZE, out);
	case ETHERNET_TYPE_IPV6:
		return read_ipv6(frame + ETHERNET_SIZE, length - ETHERNET_SIZE, out);
	default:
		return ABI_VERDICT_TO_LINUX;
	}
}
