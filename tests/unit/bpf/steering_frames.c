/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/bpf/steering_frames.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#define ETHERNET_SIZE 14

const uint8_t steering_mac[6] = {0x02, 0, 0, 0, 0, 1};

/* Those that only one of the two knows are further apart than a few bytes changed at random. */
static const char *const places[PLACE_COUNT][FAMILY_COUNT] = {
	[CLIENT] = {"203.0.113.7", "2001:db8:7::7"},
	[ROUTER] = {"203.0.113.254", "2001:db8:7::fe"},
	[HOST] = {"198.51.100.1", "2001:db8:1::1"},
	[SERVICE] = {"198.51.100.10", "2001:db8:1::10"},
	[RANGES] = {"100.64.7.9", "2001:db8:1::20"},
	[MANY_RANGES] = {"100.64.7.8", "2001:db8:1::30"},
	[LOCAL] = {"10.0.0.250", "2001:db8:2::250"},
	[DNAT_ONE] = {"10.0.0.11", "2001:db8:2::11"},
	[DNAT_ANY] = {"10.0.0.12", "2001:db8:2::12"},
	[FULL_NAT] = {"10.0.0.13", "2001:db8:2::13"},
	[ELSEWHERE] = {"192.0.2.9", "2001:db8:9::9"},
	[LINK_LOCAL] = {"169.254.0.9", "febf::9"},
	[AS_IPV4] = {"203.0.113.7", "::ffff:203.0.113.7"},
	[SERVICE_IPV4] = {"198.51.100.10", "::ffff:198.51.100.10"},
};

const char *place_text(enum place place, enum family family)
{
	return places[place][family];
}

void place_address(enum place place, enum family family, uint8_t out[16])
{
	memset(out, 0, 16);
	if (family == IPV6) {
		inet_pton(AF_INET6, place_text(place, family), out);
		return;
	}
	out[10] = out[11] = 0xff;
	inet_pton(AF_INET, place_text(place, family), out + 12);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* An IPv4 header with `option_words` of no-operation; returns where its payload begins. */
static uint8_t *put_ipv4(uint8_t *at, enum place source, enum place destination, uint8_t protocol,
			 uint16_t fragment, uint8_t option_words)
{
	at[0] = (uint8_t)(0x40 | (5 + option_words));
	put16(at + 2, 100);
	put16(at + 6, fragment);
	at[8] = 64;
	at[9] = protocol;
	inet_pton(AF_INET, place_text(source, IPV4), at + 12);
	inet_pton(AF_INET, place_text(destination, IPV4), at + 16);
	memset(at + 20, 1, option_words * 4u);
	return at + 20 + option_words * 4;
}

/* The number that says that this extension header follows. */
static uint8_t extension_number(char letter)
{
	switch (letter) {
	case 'h':
		return IPPROTO_HOPOPTS;
	case 'r':
	case 'R':
	case 'z':
		return IPPROTO_ROUTING;
	case 'd':
	case 'D':
		return IPPROTO_DSTOPTS;
	case 'a':
		return IPPROTO_AH;
	case 'e':
		return IPPROTO_ESP;
	case 'n':
		return IPPROTO_NONE;
	case 'u':
		return 253;
	default:
		return IPPROTO_FRAGMENT;
	}
}

static uint8_t *put_extension(uint8_t *at, char letter, uint8_t next, uint16_t fragment)
{
	const uint32_t size = letter == 'D' ? 128 : 8;

	at[0] = next;
	at[1] = extension_number(letter) == IPPROTO_FRAGMENT ? 0 : (uint8_t)(size / 8 - 1);
	if (letter == 'R')
		put16(at + 2, 0x0401);
	else if (letter == 'z')
		at[3] = 1;
	else if (letter == 'F')
		put16(at + 2, fragment);
	else if (letter == 'g')
		put16(at + 2, 0x0006);
	else if (letter == 'h' || letter == 'd' || letter == 'D')
		put16(at + 2, (uint16_t)(0x0100 | (size - 4))); /* PadN */
	return at + size;
}

static uint8_t *put_ipv6(uint8_t *at, enum place source, enum place destination, uint8_t protocol,
			 uint16_t fragment, const char *extensions)
{
	at[0] = 0x60;
	put16(at + 4, 100);
	at[6] = *extensions != '\0' ? extension_number(*extensions) : protocol;
	at[7] = 64;
	inet_pton(AF_INET6, place_text(source, IPV6), at + 8);
	inet_pton(AF_INET6, place_text(destination, IPV6), at + 24);
	at += 40;
	for (; *extensions != '\0'; extensions++)
		at = put_extension(at, *extensions,
				   extensions[1] != '\0' ? extension_number(extensions[1])
							 : protocol,
				   fragment);
	return at;
}

/* The header of the packet that is asked about. */
static uint8_t *put_packet(uint8_t *at, const struct packet_case *from, enum family family)
{
	const uint8_t protocol = from->protocol != 0 ? from->protocol : IPPROTO_TCP;
	const bool is_fragment = from->offset != 0 || from->more != 0;
	const char *extensions = from->extensions;

	if (family == IPV4)
		return put_ipv4(
			at, from->source, from->destination, protocol,
			(uint16_t)(from->dont_fragment << 14 | from->more << 13 | from->offset),
			from->option_words);
	if (extensions == NULL)
		extensions = is_fragment ? "F" : "";
	return put_ipv6(at, from->source, from->destination,
			protocol == IPPROTO_ICMP ? IPPROTO_ICMPV6 : protocol,
			(uint16_t)(from->offset << 3 | from->more), extensions);
}

/* An ICMP message of that type to the source of what is inside. */
static uint8_t *put_icmp(uint8_t *at, const struct packet_case *from, enum family family)
{
	const bool is_icmpv4 = (family == IPV4) != from->wrong_icmp;
	const uint8_t protocol = is_icmpv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (family == IPV4)
		at = put_ipv4(at, ROUTER, from->source, protocol, 0, 0);
	else
		at = put_ipv6(at, ROUTER, from->source, protocol, 0,
			      from->outer_extensions != NULL ? from->outer_extensions : "");
	at[0] = from->icmp[is_icmpv4 ? IPV4 : IPV6];
	return at + 8;
}

static void set_version(uint8_t *ip, uint8_t version)
{
	if (version != 0)
		ip[0] = (uint8_t)(version << 4 | (ip[0] & 0x0f));
}

static void put_tag(struct frame *frame, char kind, uint32_t number)
{
	uint8_t *at = frame->bytes + 12 + 4 * number;

	memmove(at + 4, at, frame->length - (uint32_t)(at - frame->bytes));
	put16(at, kind == 'a' ? 0x88a8 : 0x8100);
	put16(at + 2, (uint16_t)(0x6000 | (20 + number)));
	frame->length += 4;
	frame->transport += 4;
}

bool is_case_of(const struct packet_case *from, enum family family)
{
	return from->families == BOTH || (from->families == ONLY_IPV4) == (family == IPV4);
}

void build_frame(const struct packet_case *from, enum family family, struct frame *frame)
{
	static const uint16_t ethernet_types[FAMILY_COUNT] = {0x0800, 0x86dd};
	uint8_t *ip = frame->bytes + ETHERNET_SIZE, *inner = ip, *transport;

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, steering_mac, sizeof(steering_mac));
	frame->bytes[5] += from->wrong_mac;
	frame->bytes[6] = 0x02;
	put16(frame->bytes + 12,
	      from->ethernet_type != 0 ? from->ethernet_type : ethernet_types[family]);
	if (from->icmp[family] != 0)
		inner = put_icmp(ip, from, family);
	transport = put_packet(inner, from, family);
	put16(transport, from->source_port);
	put16(transport + 2, from->destination_port);
	set_version(inner, from->inner_version);
	set_version(ip, from->version);
	frame->transport = (uint32_t)(transport - frame->bytes);
	frame->length = frame->transport + (from->is_cut ? (uint32_t)from->cut : 40);
	for (const char *tag = from->tags; tag != NULL && *tag != '\0'; tag++)
		put_tag(frame, tag[0], (uint32_t)(tag - from->tags));
}
