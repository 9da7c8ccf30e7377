/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/own_packet.h"

#define HOP_LIMIT 64

uint64_t own_packet_sum(const uint8_t *bytes, uint32_t length)
{
	uint64_t sum = 0, last = 0;

	for (; length >= sizeof(last); length -= sizeof(last), bytes += sizeof(last))
		sum = checksum_add(sum, wire_load64(bytes));
	memcpy(&last, bytes, length);
	return checksum_add(sum, last);
}

void own_packet_ipv4(uint8_t *ip, uint32_t length, uint8_t protocol,
		     const struct ip_address *source, uint32_t be_to)
{
	memset(ip, 0, IPV4_SIZE);
	ip[0] = 0x45;
	wire_store16(ip + IPV4_TOTAL_LENGTH, htobe16((uint16_t)length));
	wire_store16(ip + IPV4_FRAGMENT, htobe16(IPV4_DONT_FRAGMENT));
	ip[IPV4_TTL] = HOP_LIMIT;
	ip[IPV4_PROTOCOL] = protocol;
	memcpy(ip + IPV4_SOURCE, (const uint8_t *)source + 12, 4);
	wire_store32(ip + IPV4_DESTINATION, be_to);
}

void own_packet_ipv4_checksum(uint8_t *ip)
{
	wire_store16(ip + IPV4_CHECKSUM, 0);
	wire_store16(ip + IPV4_CHECKSUM, checksum_adjust(0xffff, own_packet_sum(ip, IPV4_SIZE)));
}

void own_packet_ipv6(uint8_t *ip, uint32_t payload, uint8_t protocol,
		     const struct ip_address *source, const uint8_t to[16])
{
	memset(ip, 0, IPV6_SIZE);
	ip[0] = 0x60;
	wire_store16(ip + IPV6_PAYLOAD_LENGTH, htobe16((uint16_t)payload));
	ip[IPV6_NEXT_HEADER] = protocol;
	ip[IPV6_HOP_LIMIT] = HOP_LIMIT;
	memcpy(ip + IPV6_SOURCE, source, 16);
	memcpy(ip + IPV6_DESTINATION, to, 16);
}

uint64_t own_packet_pseudo_header(const uint8_t *ip, uint32_t payload, uint8_t protocol)
{
	uint64_t addresses = ip[0] >> 4 == 4 ? own_packet_sum(ip + IPV4_SOURCE, 8)
					     : own_packet_sum(ip + IPV6_SOURCE, 32);

	return checksum_add(addresses, (uint64_t)htobe32(payload) + htobe32(protocol));
}
