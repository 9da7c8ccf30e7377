/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the impairing hop has to know of a frame. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

enum frame_kind {
	FRAME_OTHER,    /* ARP, ICMP, ...: to be left alone */
	FRAME_PACKET,   /* TCP or UDP in one piece */
	FRAME_FRAGMENT, /* of TCP or UDP */
};

/* What tells the datagram of a fragment from others. */
struct fragment {
	uint8_t addresses[32]; /* of IPv4 the rest is zero */
	uint32_t be_id;
	uint8_t protocol;
	bool is_last;
};

static inline bool is_same_datagram(const struct fragment *one, const struct fragment *other)
{
	return memcmp(one->addresses, other->addresses, sizeof(one->addresses)) == 0 &&
	       one->be_id == other->be_id && one->protocol == other->protocol;
}

static inline bool is_impaired(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static inline enum frame_kind classify_ipv4(const uint8_t *packet, struct fragment *fragment)
{
	struct iphdr ip;

	memcpy(&ip, packet, sizeof(ip));
	if (!is_impaired(ip.protocol))
		return FRAME_OTHER;
	if ((ip.frag_off & htons(IP_MF | IP_OFFMASK)) == 0)
		return FRAME_PACKET;
	memcpy(fragment->addresses, &ip.saddr, 8);
	fragment->be_id = ip.id;
	fragment->protocol = ip.protocol;
	fragment->is_last = (ip.frag_off & htons(IP_MF)) == 0;
	return FRAME_FRAGMENT;
}

static inline enum frame_kind classify_ipv6(const uint8_t *packet, size_t length,
					    struct fragment *fragment)
{
	struct ip6_hdr ip;
	struct ip6_frag part;

	memcpy(&ip, packet, sizeof(ip));
	if (is_impaired(ip.ip6_nxt))
		return FRAME_PACKET;
	if (ip.ip6_nxt != IPPROTO_FRAGMENT || length < sizeof(ip) + sizeof(part))
		return FRAME_OTHER;
	memcpy(&part, packet + sizeof(ip), sizeof(part));
	if (!is_impaired(part.ip6f_nxt))
		return FRAME_OTHER;
	memcpy(fragment->addresses, &ip.ip6_src, sizeof(fragment->addresses));
	fragment->be_id = part.ip6f_ident;
	fragment->protocol = part.ip6f_nxt;
	fragment->is_last = (part.ip6f_offlg & IP6F_MORE_FRAG) == 0;
	return FRAME_FRAGMENT;
}

/* The fragment is filled in when the frame is one. */
static inline enum frame_kind classify(const uint8_t *frame, size_t length,
				       struct fragment *fragment)
{
	const uint16_t type = length < ETH_HLEN ? 0 : (uint16_t)(frame[12] << 8 | frame[13]);
	const uint8_t *packet = frame + ETH_HLEN;

	memset(fragment, 0, sizeof(*fragment));
	if (type == ETH_P_IP && length >= ETH_HLEN + sizeof(struct iphdr))
		return classify_ipv4(packet, fragment);
	if (type == ETH_P_IPV6 && length >= ETH_HLEN + sizeof(struct ip6_hdr))
		return classify_ipv6(packet, length - ETH_HLEN, fragment);
	return FRAME_OTHER;
}
