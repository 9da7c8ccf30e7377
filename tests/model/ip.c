/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/ip.h"

#include <string.h>

/* Extension headers of IPv6, and how many of them are looked at. */
#define HOP_BY_HOP          0
#define ROUTING             43
#define FRAGMENT            44
#define DESTINATION_OPTIONS 60
#define EXTENSIONS_MOST     6
#define EXTENSION_BYTES     256
#define NO_NEXT_HEADER      59
#define ROUTING_TYPE        2 /* bytes of a routing header */
#define SEGMENTS_LEFT       3

uint32_t model_get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

void model_put16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void map_ipv4(uint8_t address[16], const uint8_t *ipv4)
{
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, ipv4, 4);
}

void model_read_ipv4(const uint8_t *bytes, struct model_ip *out)
{
	*out = (struct model_ip){
		.family = 4,
		.protocol = bytes[9],
		.hop_limit = bytes[8],
		.is_fragment = (model_get16(bytes + 6) & 0x3fff) != 0,
		.is_first = (model_get16(bytes + 6) & 0x3fff) == 0x2000,
		.header_size = (bytes[0] & 15u) * 4,
	};
	map_ipv4(out->source, bytes + 12);
	map_ipv4(out->destination, bytes + 16);
}

static void walk_extensions(const uint8_t *bytes, uint32_t length, struct model_ip *out)
{
	uint32_t at = IPV6_HEADER;
	uint8_t next = bytes[6];

	for (unsigned i = 0;; i++) {
		uint32_t size = 8;

		if (next != HOP_BY_HOP && next != ROUTING && next != DESTINATION_OPTIONS &&
		    next != FRAGMENT)
			break;
		if (i == EXTENSIONS_MOST || (i > 0 && next == HOP_BY_HOP)) {
			next = NO_NEXT_HEADER;
			break;
		}
		out->is_cut = at + 8 > length;
		if (out->is_cut)
			break;
		if (next == ROUTING && bytes[at + SEGMENTS_LEFT] != 0) {
			out->leads_on = bytes[at + ROUTING_TYPE] == 0;
			if (!out->leads_on) {
				next = NO_NEXT_HEADER;
				break;
			}
		}
		if (next != FRAGMENT)
			size = (bytes[at + 1] + 1u) * 8;
		if (at + size > IPV6_HEADER + EXTENSION_BYTES) {
			next = NO_NEXT_HEADER;
			break;
		}
		out->is_cut = at + size > length;
		if (out->is_cut)
			break;
		/* What follows a fragment's header is of the whole datagram, not of this packet. */
		out->is_fragment = next == FRAGMENT && (model_get16(bytes + at + 2) & 0xfff9) != 0;
		out->is_first = out->is_fragment && model_get16(bytes + at + 2) >> 3 == 0;
		next = bytes[at];
		at += size;
		if (out->is_fragment)
			break;
	}
	out->protocol = next;
	out->header_size = at;
}

void model_read_ipv6(const uint8_t *bytes, uint32_t length, struct model_ip *out)
{
	*out = (struct model_ip){.family = 6, .hop_limit = bytes[7]};
	memcpy(out->source, bytes + 8, 16);
	memcpy(out->destination, bytes + 24, 16);
	walk_extensions(bytes, length, out);
}

static bool looks_routable(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, 12) != 0 && !(address[0] == 0xfe && address[1] >> 6 == 2);
}

bool model_is_routable(const struct model_ip *ip)
{
	return ip->family == 4 || (looks_routable(ip->source) && looks_routable(ip->destination));
}
