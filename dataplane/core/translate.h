/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Rewriting a packet in place: addresses, ports, checksums by difference, hop
 * limit, MACs. Both modes and both directions are this: a packet of one
 * direction gets the pair of the other, its ends exchanged; what does not
 * change adds nothing to a checksum. Padding behind the IP packet is cut off.
 */
#pragma once

#include "dataplane/core/checksum.h"
#include "dataplane/core/engine_internal.h"

/* Rewrites an IPv4 header; what its addresses add to the transport's checksum. */
static inline uint64_t translate_ipv4(uint8_t *ip, const struct abi_flow_ipv4 *to)
{
	uint64_t pair;

	memcpy(&pair, to, sizeof(pair));
	uint64_t difference = checksum_replace64(0, wire_load64(ip + IPV4_SOURCE), pair);
	uint16_t checksum = wire_load16(ip + IPV4_CHECKSUM);

	wire_store64(ip + IPV4_SOURCE, pair << 32 | pair >> 32);
	ip[IPV4_TTL]--;
	/* The word of TTL and protocol, less 1 in its first byte, which lies low. */
	wire_store16(ip + IPV4_CHECKSUM,
		     checksum_adjust(checksum, checksum_add(difference, 0xfffe)));
	return difference;
}

static inline uint64_t translate_replace128(uint64_t difference, const uint8_t *old,
					    const uint8_t *new)
{
	difference = checksum_replace64(difference, wire_load64(old), wire_load64(new));
	return checksum_replace64(difference, wire_load64(old + 8), wire_load64(new + 8));
}

static inline uint64_t translate_ipv6(uint8_t *ip, const struct abi_flow_ipv6 *to)
{
	uint64_t difference = translate_replace128(0, ip + IPV6_SOURCE, to->be_destination);

	difference = translate_replace128(difference, ip + IPV6_DESTINATION, to->be_source);
	memcpy(ip + IPV6_SOURCE, to->be_destination, 16);
	memcpy(ip + IPV6_DESTINATION, to->be_source, 16);
	ip[IPV6_HOP_LIMIT]--;
	return difference;
}

static inline void translate_transport(uint8_t *transport, uint8_t protocol,
				       const struct abi_flow_ports *to, uint64_t difference)
{
	uint32_t pair;

	memcpy(&pair, to, sizeof(pair));
	difference = checksum_replace32(difference, wire_load32(transport), pair);
	wire_store32(transport, pair << 16 | pair >> 16);

	if (protocol == PROTOCOL_TCP)
		wire_store16(transport + TCP_CHECKSUM,
			     checksum_adjust(wire_load16(transport + TCP_CHECKSUM), difference));
	else
		wire_store16(
			transport + UDP_CHECKSUM,
			checksum_adjust_udp(wire_load16(transport + UDP_CHECKSUM), difference));
}

/* What leaves is the IP packet alone, by `way`. */
static inline void translate_link(struct packet *packet, const struct headers *headers,
				  const struct way *way)
{
	memcpy(packet->data, way->ethernet, sizeof(way->ethernet));
	packet->length = ETHERNET_SIZE + headers->ip_length;
	packet->out_port = way->port;
	packet->vlan = way->vlan;
	packet->outer_vlan = way->outer_vlan;
}

/* Sends a packet of a flow's direction on by `way`. `family` is the flow's. */
static inline void translate_packet(struct packet *packet, const struct headers *headers,
				    const struct abi_flow *flow, enum abi_flow_direction direction,
				    const struct way *way, uint8_t family)
{
	enum abi_flow_direction other = (enum abi_flow_direction)(direction ^ 1);
	uint8_t *frame = packet->data, *ip = frame + ETHERNET_SIZE;
	uint64_t difference = family == 4 ? translate_ipv4(ip, &flow->addresses[other])
					  : translate_ipv6(ip, &flow_ipv6_of(flow)[other]);

	translate_transport(frame + headers->transport, headers->tuple.protocol,
			    &flow->ports[other], difference);
	translate_link(packet, headers, way);
}
