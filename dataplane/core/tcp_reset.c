/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/tcp_reset.h"

#include "dataplane/core/own_packet.h"

struct reset {
	uint32_t be_sequence, be_acknowledge;
	uint8_t flags;
};

/* What the segment takes of the sequence: its data, and SYN and FIN one each. */
static uint32_t length_of(const uint8_t *transport, const struct headers *headers)
{
	uint32_t end = ETHERNET_SIZE + headers->ip_length;
	uint32_t data = headers->transport + (transport[TCP_DATA_OFFSET] >> 4) * 4u;

	return end - data + ((headers->tcp_flags & TCP_FLAG_SYN) != 0) +
	       ((headers->tcp_flags & TCP_FLAG_FIN) != 0);
}

static struct reset answer_to(const uint8_t *transport, const struct headers *headers)
{
	if (headers->tcp_flags & TCP_FLAG_ACK)
		return (struct reset){.be_sequence = wire_load32(transport + TCP_ACKNOWLEDGE),
				      .flags = TCP_FLAG_RST};
	uint32_t next =
		be32toh(wire_load32(transport + TCP_SEQUENCE)) + length_of(transport, headers);
	return (struct reset){.be_acknowledge = htobe32(next),
			      .flags = TCP_FLAG_RST | TCP_FLAG_ACK};
}

static void write_segment(uint8_t *segment, const struct flow_tuple *tuple,
			  const struct reset *reset, uint64_t pseudo_header)
{
	memset(segment, 0, TCP_SIZE);
	memcpy(segment + TRANSPORT_SOURCE_PORT, &tuple->ports.be_source, 2);
	memcpy(segment + TRANSPORT_DESTINATION_PORT, &tuple->ports.be_destination, 2);
	wire_store32(segment + TCP_SEQUENCE, reset->be_sequence);
	wire_store32(segment + TCP_ACKNOWLEDGE, reset->be_acknowledge);
	segment[TCP_DATA_OFFSET] = TCP_SIZE / 4 << 4;
	segment[TCP_FLAGS] = reset->flags;
	uint64_t sum = checksum_add(pseudo_header, own_packet_sum(segment, TCP_SIZE));
	wire_store16(segment + TCP_CHECKSUM, checksum_adjust(0xffff, sum));
}

/* From the tuple's source to its destination; how long the frame is. */
static uint32_t write_frame(uint8_t *frame, const struct flow_tuple *tuple,
			    const struct reset *reset)
{
	const struct ip_address source = flow_tuple_source(tuple);
	const uint32_t size = tuple->family == 6 ? IPV6_SIZE : IPV4_SIZE;
	uint8_t *ip = frame + ETHERNET_SIZE;

	if (tuple->family == 6) {
		own_packet_ipv6(ip, TCP_SIZE, PROTOCOL_TCP, &source, tuple->ipv6.be_destination);
	} else {
		own_packet_ipv4(ip, size + TCP_SIZE, PROTOCOL_TCP, &source,
				tuple->ipv4.be_destination);
		own_packet_ipv4_checksum(ip);
	}
	write_segment(ip + size, tuple, reset,
		      own_packet_pseudo_header(ip, TCP_SIZE, PROTOCOL_TCP));
	return ETHERNET_SIZE + size + TCP_SIZE;
}

void tcp_reset_make(struct packet *packet, const struct headers *headers)
{
	const struct reset reset = answer_to(packet->data + headers->transport, headers);
	const struct flow_tuple back = flow_tuple_reverse(&headers->tuple);

	packet->length = write_frame(packet->data, &back, &reset);
}

uint32_t tcp_reset_instead(const struct packet *packet, const struct headers *headers,
			   const struct flow_tuple *tuple, uint8_t frame[TCP_RESET_SIZE])
{
	const uint8_t *transport = packet->data + headers->transport;
	const struct reset reset = {.be_sequence = wire_load32(transport + TCP_SEQUENCE),
				    .flags = TCP_FLAG_RST};

	wire_store16(frame + ETHERNET_TYPE,
		     htobe16(tuple->family == 6 ? ETHERNET_TYPE_IPV6 : ETHERNET_TYPE_IPV4));
	return write_frame(frame, tuple, &reset);
}
