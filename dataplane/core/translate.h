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
	uint64_t difference =
		checksum_replace32(0, wire_load32(ip + IPV4_SOURCE), to->be_destination);
	uint16_t checksum = wire_load16(ip + IPV4_CHECKSUM);

	difference =
		checksum_replace32(difference, wire_load32(ip + IPV4_DESTINATION), to->be_source);
	wire_store32(ip + IPV4_SOURCE, to->be_destination);
	wire_store32(ip + IPV4_DESTINATION, to->be_source);
	ip[IPV4_TTL]--;
	/* The word of TTL and protocol, less 1 in its first byte, which lies low. */
	wire_store16(ip + IPV4_CHECKSUM, checksum_adjust(checksum, difference + 0xfffe));
	return difference;
}

static inline uint64_t translate_replace128(uint64_t difference, const uint8_t *old,
					    const uint8_t *new)
{
	for (unsigned i = 0; i < 16; i += 4)
		difference =
			checksum_replace32(difference, wire_load32(old + i), wire_load32(new + i));
	return difference;
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
	struct abi_flow_ports ports = {to->be_destination, to->be_source};
	uint32_t old, new;

	memcpy(&old, transport, sizeof(old));
	memcpy(&new, &ports, sizeof(new));
	difference = checksum_replace32(difference, old, new);
	memcpy(transport, &new, sizeof(new));

	uint8_t *checksum = transport + (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
	uint16_t before = wire_load16(checksum);
	wire_store16(checksum, protocol == PROTOCOL_TCP ? checksum_adjust(before, difference)
							: checksum_adjust_udp(before, difference));
}

/* Sends a packet of a flow's direction on by `way`. `family` is the flow's. */
static inline void translate_packet(struct packet *packet, const struct headers *headers,
				    const struct abi_flow *flow, enum abi_flow_direction direction,
				    const struct way *way, uint8_t family)
{
	enum abi_flow_direction other = (enum abi_flow_direction)(direction ^ 1);
	uint8_t *ip = packet->data + ETHERNET_SIZE;
	uint64_t difference = family == 4 ? translate_ipv4(ip, &flow->addresses[other])
					  : translate_ipv6(ip, &flow_ipv6_of(flow)[other]);

	translate_transport(packet->data + headers->transport, headers->tuple.protocol,
			    &flow->ports[other], difference);
	memcpy(packet->data, way->ethernet, sizeof(way->ethernet));
	packet->length = ETHERNET_SIZE + headers->ip_length;
	packet->out_port = way->port;
	packet->vlan = way->vlan;
}
