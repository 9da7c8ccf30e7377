/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Reading a packet in the steering program: what there is of it before `end`
 * becomes a tuple. All that differs by family is here; IPv4 addresses are
 * ::ffff:a.b.c.d from here on.
 */
#pragma once

#include "bpf/steering.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS  0x2000

/* Errors of ICMP (RFC 792) and ICMPv6 (RFC 4443) carry the packet they are about behind 8 bytes. */
#define ICMP_HEADER_SIZE 8
#define ICMP_UNREACHABLE 3
#define ICMP_TIME_OVER   11
#define ICMP_BAD_FIELD   12

#define ICMPV6_UNREACHABLE 1
#define ICMPV6_TOO_BIG     2
#define ICMPV6_TIME_OVER   3
#define ICMPV6_BAD_FIELD   4

/* IPv6 extension headers (RFC 8200): the next header that says one follows. */
#define HOP_BY_HOP          0
#define ROUTING             43
#define FRAGMENT            44
#define DESTINATION_OPTIONS 60

/* Offset and more-fragments of a fragment header. */
#define IPV6_FRAGMENT_FIELDS 0xfff9

/* Of the packet, or of the one an ICMP error speaks of with its ends exchanged. */
struct tuple {
	struct steering_address source, destination;
	__u16 source_port, destination_port;
	__u8 protocol;
	__u8 fragment;
};

/* The first 8 bytes of an extension header. */
struct extension {
	__u8 next;
	__u8 length;          /* in 8 bytes, these first ones not counted */
	__be16 type_and_left; /* routing: type, and how many hops are left */
	__be32 rest;
};

struct tag {
	__be16 number;
	__be16 type; /* of what follows */
};

/* Passes over VLAN tags: two at most, of 802.1ad only the first. */
static __always_inline void *skip_tags(const struct ethhdr *ethernet, void *end, __be16 *type)
{
	struct tag *tag = (void *)(ethernet + 1);

	*type = ethernet->h_proto;
	for (int i = 0; i < 2; i++, tag++) {
		if (*type != bpf_htons(ETH_P_8021Q) && (i > 0 || *type != bpf_htons(ETH_P_8021AD)))
			break;
		if ((void *)(tag + 1) > end)
			break;
		*type = tag->type;
	}
	return tag;
}

static __always_inline int is_translated(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* Reads the ports, where the packet has such; returns `payload`, or NULL: they are cut off. */
static __always_inline void *read_ports(void *payload, void *end, struct tuple *tuple)
{
	const __be16 *ports = payload;

	if (tuple->fragment || !is_translated(tuple->protocol))
		return payload;
	if ((void *)(ports + 2) > end)
		return NULL;
	tuple->source_port = bpf_ntohs(ports[0]);
	tuple->destination_port = bpf_ntohs(ports[1]);
	return payload;
}

static __always_inline void *read_ipv4(const struct iphdr *ip, void *end, struct tuple *tuple)
{
	void *payload;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return NULL;
	payload = (void *)ip + ip->ihl * 4;
	if (payload > end)
		return NULL;
	tuple->source = (struct steering_address){{0, 0, bpf_htonl(0xffff), ip->saddr}};
	tuple->destination = (struct steering_address){{0, 0, bpf_htonl(0xffff), ip->daddr}};
	tuple->protocol = ip->protocol;
	tuple->fragment = (ip->frag_off & bpf_htons(MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0;
	return read_ports(payload, end, tuple);
}

/* Link-local: no router's. IPv4-mapped: to be taken for IPv4 by the rules, which it is not. */
static __always_inline int is_linux_only(const struct steering_address *address)
{
	const __be32 *words = address->words;

	return (words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000) ||
	       (words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff));
}

static __always_inline int is_extension(__u8 protocol)
{
	return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT ||
	       protocol == DESTINATION_OPTIONS;
}

/*
 * Follows the extension headers from `header` on to what they are about, whose protocol goes into
 * the tuple; when there are too many of them it is that of the next extension, and nobody's.
 */
static __always_inline void *skip_extensions(void *header, void *end, __u8 protocol,
					     struct tuple *tuple)
{
	__u32 size = 0;

	tuple->fragment = 0;
	for (int i = 0; i < STEERING_MAX_EXTENSIONS && is_extension(protocol) && !tuple->fragment;
	     i++) {
		const struct extension *extension = header + size;
		__u16 fields;

		if ((void *)(extension + 1) > end || (protocol == HOP_BY_HOP && i > 0))
			return NULL;
		fields = bpf_ntohs(extension->type_and_left);
		/* With hops left; of type 0 it is for the dataplane to drop. */
		if (protocol == ROUTING && (fields & 0xff) != 0 && fields >> 8 != 0)
			return NULL;
		if (protocol == FRAGMENT) {
			tuple->fragment = (fields & IPV6_FRAGMENT_FIELDS) != 0;
			size += sizeof(*extension);
		} else {
			size += (extension->length + 1) * 8;
		}
		if (size > STEERING_MAX_EXTENSION_SIZE)
			return NULL;
		protocol = extension->next;
	}
	tuple->protocol = protocol;
	return header + size;
}

static __always_inline void *read_ipv6(const struct ipv6hdr *ip, void *end, struct tuple *tuple)
{
	void *payload;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return NULL;
	__builtin_memcpy(&tuple->source, &ip->saddr, sizeof(tuple->source));
	__builtin_memcpy(&tuple->destination, &ip->daddr, sizeof(tuple->destination));
	if (is_linux_only(&tuple->source) || is_linux_only(&tuple->destination))
		return NULL;
	payload = skip_extensions((void *)(ip + 1), end, ip->nexthdr, tuple);
	return payload ? read_ports(payload, end, tuple) : NULL;
}

/* Reads the tuple of the packet at `ip`; NULL when it is none, else where its payload begins. */
static __always_inline void *read_tuple(__be16 family, void *ip, void *end, struct tuple *tuple)
{
	if (family == bpf_htons(ETH_P_IP))
		return read_ipv4(ip, end, tuple);
	if (family == bpf_htons(ETH_P_IPV6))
		return read_ipv6(ip, end, tuple);
	return NULL;
}

/* ARP of IPv4 over Ethernet (RFC 826). */
struct arp {
	__u8 head[8], sender_mac[6], sender[4], target_mac[6], target[4];
};

/* Neighbour solicitation (RFC 4861). */
#define ICMPV6_SOLICITATION 135
struct solicitation {
	__u8 type, code;
	__be16 checksum;
	__be32 reserved;
	struct steering_address target;
};

/* The address a frame is for, or asks the MAC of; 0: of none. */
static __always_inline int read_wanted(__be16 family, void *payload, void *end,
				       struct steering_address *address)
{
	const struct iphdr *ipv4 = payload;
	const struct ipv6hdr *ipv6 = payload;
	const struct arp *arp = payload;
	const struct solicitation *solicitation = (void *)(ipv6 + 1);

	address->words[2] = bpf_htonl(0xffff);
	if (family == bpf_htons(ETH_P_IP) && (void *)(ipv4 + 1) <= end) {
		address->words[3] = ipv4->daddr;
		return 1;
	}
	if (family == bpf_htons(ETH_P_ARP) && (void *)(arp + 1) <= end) {
		__builtin_memcpy(&address->words[3], arp->target, sizeof(arp->target));
		return 1;
	}
	if (family != bpf_htons(ETH_P_IPV6) || (void *)(ipv6 + 1) > end)
		return 0;
	if (ipv6->nexthdr == IPPROTO_ICMPV6 && (void *)(solicitation + 1) <= end &&
	    solicitation->type == ICMPV6_SOLICITATION)
		__builtin_memcpy(address, &solicitation->target, sizeof(*address));
	else
		__builtin_memcpy(address, &ipv6->daddr, sizeof(*address));
	return 1;
}

static __always_inline void exchange(struct tuple *tuple)
{
	struct steering_address address = tuple->source;
	__u16 number = tuple->source_port;

	tuple->source = tuple->destination;
	tuple->destination = address;
	tuple->source_port = tuple->destination_port;
	tuple->destination_port = number;
}

static __always_inline int is_icmp(__be16 family, const struct tuple *tuple)
{
	return tuple->protocol == (family == bpf_htons(ETH_P_IP) ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
	       !tuple->fragment;
}

static __always_inline int is_error(__be16 family, __u8 type)
{
	if (family == bpf_htons(ETH_P_IP))
		return type == ICMP_UNREACHABLE || type == ICMP_TIME_OVER || type == ICMP_BAD_FIELD;
	return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_BAD_FIELD;
}
