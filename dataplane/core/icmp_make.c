/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/icmp_make.h"

#include "dataplane/core/own_packet.h"

#define IPV4_MOST       576
#define IPV6_MOST       1280
#define INTERNETCONTROL 0xc0 /* precedence 6, as RFC 1812, 4.3.2.5 has it */

struct icmp_message icmp_too_big(uint8_t family, uint16_t mtu)
{
	if (family == 6)
		return (struct icmp_message){ICMPV6_PACKET_TOO_BIG, 0, htobe32(mtu)};
	return (struct icmp_message){ICMP_DESTINATION_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED,
				     htobe32(mtu)};
}

struct icmp_message icmp_port_unreachable(uint8_t family)
{
	if (family == 6)
		return (struct icmp_message){ICMPV6_DESTINATION_UNREACHABLE,
					     ICMPV6_PORT_UNREACHABLE, 0};
	return (struct icmp_message){ICMP_DESTINATION_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0};
}

struct icmp_message icmp_time_exceeded(uint8_t family)
{
	return (struct icmp_message){family == 6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED, 0, 0};
}

static void write_message(uint8_t *bytes, const struct icmp_message *message, uint32_t length,
			  uint64_t pseudo_header)
{
	bytes[0] = message->type;
	bytes[1] = message->code;
	wire_store16(bytes + ICMP_CHECKSUM, 0);
	wire_store32(bytes + ICMP_CHECKSUM + 2, message->be_rest);
	wire_store16(bytes + ICMP_CHECKSUM,
		     checksum_adjust(0xffff,
				     checksum_add(pseudo_header, own_packet_sum(bytes, length))));
}

void icmp_make(struct packet *packet, const struct headers *headers,
	       const struct icmp_message *message, const struct ip_address *source)
{
	const struct flow_tuple *tuple = &headers->tuple;
	bool is_ipv6 = tuple->family == 6;
	uint32_t size = is_ipv6 ? IPV6_SIZE : IPV4_SIZE;
	uint32_t most = (is_ipv6 ? IPV6_MOST : IPV4_MOST) - size;
	uint32_t length = ICMP_SIZE + headers->ip_length;
	uint8_t *frame = packet->data - size - ICMP_SIZE, *ip = frame + ETHERNET_SIZE;
	uint64_t pseudo_header = 0;

	if (length > most)
		length = most;
	wire_store16(frame + ETHERNET_TYPE,
		     htobe16(is_ipv6 ? ETHERNET_TYPE_IPV6 : ETHERNET_TYPE_IPV4));
	if (is_ipv6) {
		own_packet_ipv6(ip, length, PROTOCOL_ICMPV6, source, tuple->ipv6.be_source);
		pseudo_header = own_packet_pseudo_header(ip, length, PROTOCOL_ICMPV6);
	} else {
		own_packet_ipv4(ip, size + length, PROTOCOL_ICMP, source, tuple->ipv4.be_source);
		ip[1] = INTERNETCONTROL;
		own_packet_ipv4_checksum(ip);
	}
	write_message(ip + size, message, length, pseudo_header);
	packet->data = frame;
	packet->length = ETHERNET_SIZE + size + length;
}
