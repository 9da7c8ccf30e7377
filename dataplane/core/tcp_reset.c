/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/tcp_reset.h"

#include "dataplane/core/own_packet.h"

/* What the segment takes of the sequence: its data, and SYN and FIN one each. */
static uint32_t length_of(const uint8_t *transport, const struct headers *headers)
{
	uint32_t end = ETHERNET_SIZE + headers->ip_length;
	uint32_t data = headers->transport + (transport[TCP_DATA_OFFSET] >> 4) * 4u;

	return end - data + ((headers->tcp_flags & TCP_FLAG_SYN) != 0) +
	       ((headers->tcp_flags & TCP_FLAG_FIN) != 0);
}

static void write_segment(uint8_t *transport, const struct headers *headers, uint64_t pseudo_header)
{
	const bool acknowledges = (headers->tcp_flags & TCP_FLAG_ACK) != 0;
	uint8_t segment[TCP_SIZE] = {0};

	memcpy(segment + TRANSPORT_SOURCE_PORT, &headers->tuple.ports.be_destination, 2);
	memcpy(segment + TRANSPORT_DESTINATION_PORT, &headers->tuple.ports.be_source, 2);
	segment[TCP_DATA_OFFSET] = TCP_SIZE / 4 << 4;
	if (acknowledges) {
		memcpy(segment + TCP_SEQUENCE, transport + TCP_ACKNOWLEDGE, 4);
		segment[TCP_FLAGS] = TCP_FLAG_RST;
	} else {
		uint32_t next = be32toh(wire_load32(transport + TCP_SEQUENCE)) +
				length_of(transport, headers);

		wire_store32(segment + TCP_ACKNOWLEDGE, htobe32(next));
		segment[TCP_FLAGS] = TCP_FLAG_RST | TCP_FLAG_ACK;
	}
	uint64_t sum = checksum_add(pseudo_header, own_packet_sum(segment, TCP_SIZE));
	wire_store16(segment + TCP_CHECKSUM, checksum_adjust(0xffff, sum));
	memcpy(transport, segment, TCP_SIZE);
}

void tcp_reset_make(struct packet *packet, const struct headers *headers)
{
	const struct flow_tuple *tuple = &headers->tuple;
	const struct ip_address source = flow_tuple_destination(tuple);
	const uint32_t size = tuple->family == 6 ? IPV6_SIZE : IPV4_SIZE;
	uint8_t old[TCP_SIZE], *ip = packet->data + ETHERNET_SIZE;

	/* What is behind options or extension headers moves, before these are written over. */
	memcpy(old, packet->data + headers->transport, TCP_SIZE);
	if (tuple->family == 6) {
		own_packet_ipv6(ip, TCP_SIZE, PROTOCOL_TCP, &source, tuple->ipv6.be_source);
	} else {
		own_packet_ipv4(ip, size + TCP_SIZE, PROTOCOL_TCP, &source, tuple->ipv4.be_source);
		own_packet_ipv4_checksum(ip);
	}
	memcpy(ip + size, old, TCP_SIZE);
	write_segment(ip + size, headers, own_packet_pseudo_header(ip, TCP_SIZE, PROTOCOL_TCP));
	packet->length = ETHERNET_SIZE + size + TCP_SIZE;
}
