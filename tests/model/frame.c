/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/frame.h"

#include "tests/model/lookup.h"

#include <string.h>

#define EXTENSION 8 /* bytes of each that is written here */

static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void frame_fix_ipv4(struct model_packet *packet)
{
	uint8_t *ip = packet->frame + ETHERNET;
	uint32_t size = (ip[0] & 15u) * 4;

	if (packet->length < ETHERNET + size || size < 20 ||
	    model_get16(packet->frame + 12) != TYPE_IPV4)
		return;
	model_put16(ip + 10, 0);
	model_put16(ip + 10, ~sum_of(0, ip, size));
}

static uint32_t put_ipv4(const struct frame_plan *plan, uint8_t protocol, uint32_t length,
			 uint8_t *ip)
{
	uint32_t size = 20 + 4 * plan->options;

	ip[0] = (uint8_t)(0x40 | size / 4);
	model_put16(ip + 2, size + length);
	model_put16(ip + 4, 4711);
	model_put16(ip + 6, plan->fragment != 0 ? plan->fragment : 0x4000);
	ip[8] = plan->hop_limit;
	ip[9] = protocol;
	memcpy(ip + 12, plan->tuple.source.address + 12, 4);
	memcpy(ip + 16, plan->tuple.destination.address + 12, 4);
	memset(ip + 20, 1, size - 20);
	return size;
}

/* The offset field of IPv4 has the offset below, IPv6 has it above. */
static uint32_t put_fragment_header(const struct frame_plan *plan, uint8_t protocol, uint8_t *bytes)
{
	bytes[0] = protocol;
	model_put16(bytes + 2, (plan->fragment & 0x1fff) << 3 | (plan->fragment & 0x2000) >> 13);
	return EXTENSION;
}

static uint32_t put_ipv6(const struct frame_plan *plan, uint8_t protocol, uint32_t length,
			 uint8_t *ip)
{
	static const uint8_t kinds[] = {0, 60, 43, 60};
	bool has_fragment = plan->atomic || plan->fragment != 0;
	uint8_t *next = ip + 6;
	uint32_t size = 40;

	ip[0] = 0x60;
	ip[7] = plan->hop_limit;
	memcpy(ip + 8, plan->tuple.source.address, 16);
	memcpy(ip + 24, plan->tuple.destination.address, 16);
	for (uint32_t i = 0; i < plan->options; i++) {
		uint32_t words = i % 4 == 2 ? 4 : 0; /* one that is longer */

		*next = kinds[i % 4];
		next = ip + size;
		next[1] = (uint8_t)words;
		next[3] = (uint8_t)(kinds[i % 4] == 43 && plan->hops_left);
		/* Of type 0 or, where the hop limit says so, of another. */
		next[2] = (uint8_t)(next[3] != 0 && plan->hop_limit == 64 ? plan->payload & 3 : 0);
		size += EXTENSION + 8 * words;
	}
	*next = has_fragment ? 44 : protocol;
	if (has_fragment)
		size += put_fragment_header(plan, protocol, ip + size);
	model_put16(ip + 4, size - 40 + length);
	return size;
}

/* The Ethernet and IP headers of a packet with so many bytes behind them; returns where these are.
 */
static uint8_t *put_head(const struct frame_plan *plan, uint8_t protocol, uint32_t length,
			 struct model_packet *packet)
{
	bool is_ipv4 = model_is_ipv4(plan->tuple.source.address);
	uint8_t *ip = packet->frame + ETHERNET;

	memset(packet->frame, 0, ETHERNET + 512);
	memcpy(packet->frame, plan->mac_to, 6);
	memcpy(packet->frame + 6, plan->mac_from, 6);
	model_put16(packet->frame + 12, is_ipv4 ? TYPE_IPV4 : TYPE_IPV6);
	uint32_t size = is_ipv4 ? put_ipv4(plan, protocol, length, ip)
				: put_ipv6(plan, protocol, length, ip);
	packet->length = ETHERNET + size + length + plan->padding;
	memset(ip + size + length, 0xee, plan->padding);
	frame_fix_ipv4(packet);
	return ip + size;
}

static uint32_t transport_sum(const struct frame_plan *plan, const uint8_t *bytes, uint32_t length)
{
	bool is_ipv4 = model_is_ipv4(plan->tuple.source.address);
	uint32_t skip = is_ipv4 ? 12 : 0;
	uint32_t sum = plan->tuple.protocol + length;

	sum = sum_of(sum, plan->tuple.source.address + skip, 16 - skip);
	sum = sum_of(sum, plan->tuple.destination.address + skip, 16 - skip);
	return sum_of(sum, bytes, length);
}

void frame_make_flow(const struct frame_plan *plan, struct model_packet *packet)
{
	bool is_udp = plan->tuple.protocol == PROTO_UDP;
	uint32_t size = is_udp ? 8 : 20 + 4 * plan->tcp_option_words;
	uint32_t length = size + plan->payload;
	uint8_t *bytes = put_head(plan, plan->tuple.protocol, length, packet);
	uint8_t *checksum = bytes + (is_udp ? 6 : 16);

	memset(bytes, 0, size);
	model_put16(bytes, plan->tuple.source.port);
	model_put16(bytes + 2, plan->tuple.destination.port);
	if (is_udp) {
		model_put16(bytes + 4, length);
	} else {
		bytes[12] = (uint8_t)(size / 4 << 4);
		bytes[13] = plan->tcp_flags;
		memcpy(bytes + 20, plan->tcp_options, size - 20);
	}
	for (uint32_t i = 0; i < plan->payload; i++)
		bytes[size + i] = (uint8_t)(i * 7 + plan->payload);
	uint32_t sum = ~transport_sum(plan, bytes, length) & 0xffff;
	if (is_udp && sum == 0)
		sum = 0xffff;
	model_put16(checksum, sum + plan->checksum_wrong_by);
	if (is_udp && plan->without_checksum)
		model_put16(checksum, 0);
}

void frame_make_error(const struct frame_plan *plan, uint8_t type, const uint8_t *about,
		      uint32_t length, struct model_packet *packet)
{
	bool is_ipv4 = model_is_ipv4(plan->tuple.source.address);
	uint8_t *bytes = put_head(plan, is_ipv4 ? PROTO_ICMP : PROTO_ICMP6, 8 + length, packet);

	memset(bytes, 0, 8);
	bytes[0] = type;
	memcpy(bytes + 8, about, length);
	model_put16(bytes + 2, ~sum_of(0, bytes, 8 + length));
}
