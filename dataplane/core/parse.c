/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/parse.h"

#include "dataplane/abi/verdicts.h"
#include "dataplane/core/checksum.h"
#include "dataplane/core/wire.h"

static bool ipv4_checksum_is_right(const uint8_t *header, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < size; i += 2)
		sum += wire_load16(header + i);
	return checksum_fold(sum) == 0xffff;
}

static bool is_icmp_error(uint8_t type)
{
	/* Not redirects: they advise Linux about its routes. */
	return type == ICMP_DESTINATION_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETER_PROBLEM;
}

bool parse_icmp_error(const uint8_t *message, uint32_t length, struct flow_tuple *reversed,
		      bool *has_ports)
{
	if (length < ICMP_SIZE + IPV4_SIZE || !is_icmp_error(message[0]))
		return false;

	const uint8_t *inner = message + ICMP_SIZE;
	uint32_t header_size = (inner[0] & 0x0fu) * 4;
	if (inner[0] >> 4 != 4 || header_size < IPV4_SIZE || header_size > length - ICMP_SIZE)
		return false;
	uint8_t protocol = inner[IPV4_PROTOCOL];
	if (!parse_is_translated(protocol))
		return false;

	*reversed = (struct flow_tuple){
		.be_source = wire_load32(inner + IPV4_DESTINATION),
		.be_destination = wire_load32(inner + IPV4_SOURCE),
		.protocol = protocol,
	};
	*has_ports = !parse_is_fragment(inner);
	if (!*has_ports)
		return true;

	if (length < ICMP_SIZE + header_size + TRANSPORT_PORTS_SIZE)
		return false;
	const uint8_t *transport = inner + header_size;
	reversed->be_source_port = wire_load16(transport + TRANSPORT_DESTINATION_PORT);
	reversed->be_destination_port = wire_load16(transport + TRANSPORT_SOURCE_PORT);
	return true;
}

static uint8_t parse_transport(const uint8_t *transport, uint32_t length, struct headers *out)
{
	if (out->tuple.protocol == PROTOCOL_TCP) {
		if (length < TCP_SIZE)
			return ABI_VERDICT_BAD_LENGTH;
		uint32_t header_size = (transport[TCP_DATA_OFFSET] >> 4) * 4u;
		if (header_size < TCP_SIZE || header_size > length)
			return ABI_VERDICT_BAD_LENGTH;
		out->tcp_flags = transport[TCP_FLAGS];
	} else {
		if (length < UDP_SIZE)
			return ABI_VERDICT_BAD_LENGTH;
		/* Less than the IP packet holds is allowed: options may follow the datagram. */
		uint16_t udp_length = wire_read16(transport + UDP_LENGTH);
		if (udp_length < UDP_SIZE || udp_length > length)
			return ABI_VERDICT_BAD_LENGTH;
		out->tcp_flags = 0;
	}
	out->tuple.be_source_port = wire_load16(transport + TRANSPORT_SOURCE_PORT);
	out->tuple.be_destination_port = wire_load16(transport + TRANSPORT_DESTINATION_PORT);
	out->has_ports = true;
	out->kind = HEADERS_FLOW;
	return VERDICT_NONE;
}

uint8_t parse_headers(const uint8_t *frame, uint32_t length, struct headers *out)
{
	if (length < ETHERNET_SIZE)
		return ABI_VERDICT_TRUNCATED;
	if (wire_read16(frame + ETHERNET_TYPE) != ETHERNET_TYPE_IPV4)
		return ABI_VERDICT_TO_LINUX;
	if (length < ETHERNET_SIZE + IPV4_SIZE)
		return ABI_VERDICT_TRUNCATED;

	const uint8_t *ip = frame + ETHERNET_SIZE;
	uint32_t header_size = (ip[0] & 0x0fu) * 4;
	uint32_t ip_length = wire_read16(ip + IPV4_TOTAL_LENGTH);
	if (ip[0] >> 4 != 4 || header_size < IPV4_SIZE)
		return ABI_VERDICT_BAD_IP_HEADER;
	if (ip_length < header_size)
		return ABI_VERDICT_BAD_LENGTH;
	if (ip_length > length - ETHERNET_SIZE)
		return ABI_VERDICT_TRUNCATED;
	if (!ipv4_checksum_is_right(ip, header_size))
		return ABI_VERDICT_BAD_IP_HEADER;

	out->tuple = (struct flow_tuple){
		.be_source = wire_load32(ip + IPV4_SOURCE),
		.be_destination = wire_load32(ip + IPV4_DESTINATION),
		.protocol = ip[IPV4_PROTOCOL],
	};
	out->ttl = ip[IPV4_TTL];
	out->ip_length = (uint16_t)ip_length;
	out->transport = (uint16_t)(ETHERNET_SIZE + header_size);
	out->has_ports = false;

	bool translated = parse_is_translated(ip[IPV4_PROTOCOL]);
	if (parse_is_fragment(ip)) {
		out->kind = HEADERS_FRAGMENT;
		return translated ? VERDICT_NONE : ABI_VERDICT_TO_LINUX;
	}
	const uint8_t *payload = ip + header_size;
	uint32_t payload_length = ip_length - header_size;
	if (translated)
		return parse_transport(payload, payload_length, out);
	if (out->tuple.protocol == PROTOCOL_ICMP &&
	    parse_icmp_error(payload, payload_length, &out->tuple, &out->has_ports)) {
		out->kind = HEADERS_ICMP_ERROR;
		return VERDICT_NONE;
	}
	return ABI_VERDICT_TO_LINUX;
}
