/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/icmp_error.h"

#include "dataplane/core/translate.h"

/* Replaces a checksum by one that differs as its words do; what that adds to the message's. */
static uint64_t adjust(uint8_t *place, uint64_t words, bool is_udp)
{
	uint16_t old = wire_load16(place);
	uint16_t new = is_udp ? checksum_adjust_udp(old, words) : checksum_adjust(old, words);

	wire_store16(place, new);
	return checksum_replace16(0, old, new);
}

/* The addresses inside become the pair; what they add to the transport's checksum. */
static uint64_t replace_addresses(uint8_t *ip, const struct abi_flow *flow,
				  enum abi_flow_direction pair)
{
	uint64_t words;

	if (flow->family == 4) {
		const struct abi_flow_ipv4 *to = &flow->addresses[pair];
		uint64_t both;

		memcpy(&both, to, sizeof(both));
		words = checksum_replace64(0, wire_load64(ip + IPV4_SOURCE), both);
		wire_store64(ip + IPV4_SOURCE, both);
		return words;
	}
	const struct abi_flow_ipv6 *to = &flow_ipv6_of(flow)[pair];
	words = translate_replace128(0, ip + IPV6_SOURCE, to->be_source);
	words = translate_replace128(words, ip + IPV6_DESTINATION, to->be_destination);
	memcpy(ip + IPV6_SOURCE, to, sizeof(*to));
	return words;
}

/* The packet inside gets the pair; what that adds to the message's checksum. */
static uint64_t translate_inside(uint8_t *frame, const struct inner *inner,
				 const struct abi_flow *flow, enum abi_flow_direction pair)
{
	uint8_t *ip = frame + inner->ip, *transport = frame + inner->transport;
	bool is_udp = flow->protocol == PROTOCOL_UDP;
	unsigned checksum = inner->transport + (is_udp ? UDP_CHECKSUM : TCP_CHECKSUM);
	uint32_t ports;

	uint64_t words = replace_addresses(ip, flow, pair), message = words;
	if (flow->family == 4)
		message = checksum_add(message, adjust(ip + IPV4_CHECKSUM, words, false));
	memcpy(&ports, &flow->ports[pair], sizeof(ports));
	words = checksum_replace32(words, wire_load32(transport), ports);
	message = checksum_replace32(message, wire_load32(transport), ports);
	wire_store32(transport, ports);
	if (checksum + 2 <= inner->end)
		message = checksum_add(message, adjust(frame + checksum, words, is_udp));
	return message;
}

/*
 * Who tells: towards the client the service, whoever it was behind it (RFC 5508,
 * REQ-5); towards a backend of full NAT the local address, which is all it knows of
 * this side. With dnat, whose backends see clients as they are, whoever it was.
 */
static uint64_t translate_outside(uint8_t *ip, const struct abi_flow *flow,
				  enum abi_flow_direction direction)
{
	enum abi_flow_direction other = (enum abi_flow_direction)(direction ^ 1);
	bool keeps_source = direction == ABI_FLOW_FROM_CLIENT && !(flow->flags & ABI_FLOW_FULL_NAT);

	if (flow->family == 4) {
		struct abi_flow_ipv4 to = flow->addresses[other];

		if (keeps_source)
			to.be_destination = wire_load32(ip + IPV4_SOURCE);
		translate_ipv4(ip, &to);
		return 0;
	}
	struct abi_flow_ipv6 to = flow_ipv6_of(flow)[other];
	if (keeps_source)
		memcpy(to.be_destination, ip + IPV6_SOURCE, sizeof(to.be_destination));
	return translate_ipv6(ip, &to); /* they are in the message's checksum */
}

void icmp_error_translate(uint8_t *frame, const struct headers *headers,
			  const struct abi_flow *flow, enum abi_flow_direction direction)
{
	enum abi_flow_direction other = (enum abi_flow_direction)(direction ^ 1);
	uint8_t *checksum = frame + headers->transport + ICMP_CHECKSUM;
	struct inner inner;

	parse_inner(frame, headers, &inner);
	uint64_t message = translate_inside(frame, &inner, flow, other);
	message = checksum_add(message, translate_outside(frame + ETHERNET_SIZE, flow, direction));
	wire_store16(checksum, checksum_adjust(wire_load16(checksum), message));
}
