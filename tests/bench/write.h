/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Writing frames, inline: it is measured alone, and taken off. Included by world.h. */
#pragma once

#include "dataplane/core/wire.h"

#define BENCH_FRAME_STRIDE 512

/* The MACs of the two ports and of who is there. */
#define BENCH_MAC_PORT(port) (uint8_t)(0xa0 + (port))
#define BENCH_MAC_PEER(port) (uint8_t)(0xc0 + (port))

static inline uint8_t *bench_frame(const struct bench_world *world, unsigned number)
{
	return world->frames + (size_t)number * BENCH_FRAME_STRIDE + PACKET_HEADROOM;
}

static inline void bench_write_ethernet(uint8_t *frame, uint8_t port, uint16_t be_type)
{
	const uint8_t ends[12] = {2, 0, 0, 0, 0, BENCH_MAC_PORT(port),
				  2, 0, 0, 0, 0, BENCH_MAC_PEER(port)};

	memcpy(frame, ends, sizeof(ends));
	memcpy(frame + ETHERNET_TYPE, &be_type, 2);
}

static inline void bench_write_transport(uint8_t *transport, uint8_t protocol,
					 const struct bench_tuple *from)
{
	memcpy(transport, &from->ports, 4);
	if (protocol == PROTOCOL_TCP) {
		transport[TCP_DATA_OFFSET] = 0x50;
		transport[TCP_FLAGS] = from->tcp_flags;
		wire_store16(transport + TCP_CHECKSUM, 0x1234);
	} else {
		wire_store16(transport + UDP_LENGTH, htobe16(26));
		wire_store16(transport + UDP_CHECKSUM, 0x1234);
	}
}

/* Writes a frame, and the packet that a driver would make of it. */
static inline void bench_write_frame(const struct bench_world *world, uint8_t *frame,
				     struct packet *packet, const struct bench_tuple *from)
{
	uint8_t protocol = world->settings.protocol;
	uint8_t *ip = frame + ETHERNET_SIZE;

	packet->data = frame;
	packet->in_port = from->in_port;
	packet->vlan = 0;
	if (world->settings.family == 4) {
		static const uint8_t head[10] = {0x45, 0, 0, 46, 0, 0, 0, 0, 64, 0};

		bench_write_ethernet(frame, from->in_port, htobe16(ETHERNET_TYPE_IPV4));
		memcpy(ip, head, sizeof(head));
		ip[IPV4_PROTOCOL] = protocol;
		wire_store16(ip + IPV4_CHECKSUM, from->be_ip_checksum);
		memcpy(ip + IPV4_SOURCE, &from->ipv4, 8);
		bench_write_transport(ip + IPV4_SIZE, protocol, from);
		packet->length = BENCH_FRAME_IPV4;
	} else {
		static const uint8_t head[8] = {0x60, 0, 0, 0, 0, 26, 0, 64};

		bench_write_ethernet(frame, from->in_port, htobe16(ETHERNET_TYPE_IPV6));
		memcpy(ip, head, sizeof(head));
		ip[IPV6_NEXT_HEADER] = protocol;
		memcpy(ip + IPV6_SOURCE, &from->ipv6, 32);
		bench_write_transport(ip + IPV6_SIZE, protocol, from);
		packet->length = BENCH_FRAME_IPV6;
	}
}

static inline void bench_write(struct bench_world *world, unsigned number,
			       const struct bench_tuple *from)
{
	bench_write_frame(world, bench_frame(world, number), &world->packets[number], from);
}
