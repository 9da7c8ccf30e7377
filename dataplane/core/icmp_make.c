/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/icmp_make.h"

#define IPV4_MOST       576
#define IPV6_MOST       1280
#define HOP_LIMIT       64
#define INTERNETCONTROL 0xc0 /* precedence 6, as RFC 1812, 4.3.2.5 has it */

struct icmp_message icmp_too_big(uint8_t family, uint16_t mtu)
{
	if (family == 6)
		return (struct icmp_message){ICMPV6_PACKET_TOO_BIG, 0, htobe32(mtu)};
	return (struct icmp_message){ICMP_DESTINATION_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED,
				     htobe32(mtu)};
}

struct icmp_message icmp_time_exceeded(uint8_t family)
{
	return (struct icmp_message){family == 6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED, 0, 0};
}

/* The sum of words, from an even place on. */
static uint64_t sum_of(const uint8_t *bytes, uint32_t length)
{
	uint64_t sum = 0, last = 0;

	for (; length >= sizeof(last); length -= sizeof(last), bytes += sizeof(last))
		sum = checksum_add(sum, wire_load64(bytes));
	memcpy(&last, bytes, length);
	return checksum_add(sum, last);
}

static void write_message(uint8_t *bytes, const struct icmp_message *message, uint32_t length,
			  uint64_t pseudo_header)
{
	bytes[0] = message->type;
	bytes[1] = message->code;
	wire_store16(bytes + ICMP_CHECKSUM, 0);
	wire_store32(bytes + ICMP_CHECKSUM + 2, message->be_rest);
	wire_store16(bytes + ICMP_CHECKSUM,
		     checksum_adjust(0xffff, checksum_add(pseudo_header, sum_of(bytes, length))));
}

/* `to` is the source of the packet quoted. */
static void write_ipv4(uint8_t *ip, uint32_t length, const struct ip_address *source,
		       uint32_t be_to)
{
	memset(ip, 0, IPV4_SIZE);
	ip[0] = 0x45;
	ip[1] = INTERNETCONTROL;
	wire_store16(ip + IPV4_TOTAL_LENGTH, htobe16((uint16_t)length));
	wire_store16(ip + IPV4_FRAGMENT, htobe16(IPV4_DONT_FRAGMENT)); /* so it needs no id */
	ip[IPV4_TTL] = HOP_LIMIT;
	ip[IPV4_PROTOCOL] = PROTOCOL_ICMP;
	memcpy(ip + IPV4_SOURCE, (const uint8_t *)source + 12, 4);
	wire_store32(ip + IPV4_DESTINATION, be_to);
	wire_store16(ip + IPV4_CHECKSUM, checksum_adjust(0xffff, sum_of(ip, IPV4_SIZE)));
}

/* What it adds to the message's checksum. */
static uint64_t write_ipv6(uint8_t *ip, uint32_t payload, const struct ip_address *source,
			   const uint8_t to[16])
{
	memset(ip, 0, IPV6_SIZE);
	ip[0] = 0x60;
	wire_store16(ip + IPV6_PAYLOAD_LENGTH, htobe16((uint16_t)payload));
	ip[IPV6_NEXT_HEADER] = PROTOCOL_ICMPV6;
	ip[IPV6_HOP_LIMIT] = HOP_LIMIT;
	memcpy(ip + IPV6_SOURCE, source, 16);
	memcpy(ip + IPV6_DESTINATION, to, 16);
	return checksum_add(sum_of(ip + IPV6_SOURCE, 32),
			    (uint64_t)htobe32(payload) + htobe32(PROTOCOL_ICMPV6));
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
	if (is_ipv6)
		pseudo_header = write_ipv6(ip, length, source, tuple->ipv6.be_source);
	else
		write_ipv4(ip, size + length, source, tuple->ipv4.be_source);
	write_message(ip + size, message, length, pseudo_header);
	packet->data = frame;
	packet->length = ETHERNET_SIZE + size + length;
}
