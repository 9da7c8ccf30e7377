/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Steering: which frames of an interface are the dataplane's.
 *
 * What is ours goes to the AF_XDP socket of its queue; where there is none
 * (no dataplane runs) it is dropped, never passed: Linux would answer a client
 * with a reset, or let a backend's reply out untranslated. All else is Linux's:
 * XDP_PASS.
 *
 * The rules are those of dataplane/core/classify.h, which ports that belong to
 * DPDK go by; tests/unit/bpf holds both to the same cases.
 */
#include "bpf/steering.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS  0x2000

/* ICMP (RFC 792): errors carry the packet they are about behind 8 bytes. */
#define ICMP_HEADER_SIZE 8
#define ICMP_UNREACHABLE 3
#define ICMP_TIME_OVER   11
#define ICMP_BAD_FIELD   12

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEERING_MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_LISTENERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steering_endpoint);
	__type(value, __u8);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_ENDPOINTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steering_endpoint);
	__type(value, __u8);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_LOCALS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __be32);
	__type(value, struct steering_ports);
} locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_HOSTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __be32);
	__type(value, __u8);
} hosts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct steering_port);
} port SEC(".maps");

/* Of the packet, or of the one an ICMP error speaks of with its ends exchanged. */
struct tuple {
	__be32 source, destination;
	__u16 source_port, destination_port;
	__u8 protocol;
	__u8 fragment;
};

static __always_inline int has(void *map, __be32 address, __u16 port_number, __u8 protocol)
{
	struct steering_endpoint key = {
		.address = address, .port = port_number, .protocol = protocol};

	return bpf_map_lookup_elem(map, &key) != NULL;
}

static __always_inline int has_port(void *map, __be32 address, __u16 port_number, __u8 protocol)
{
	return has(map, address, port_number, protocol) || has(map, address, 0, protocol);
}

static __always_inline int is_host(__be32 address)
{
	return bpf_map_lookup_elem(&hosts, &address) != NULL;
}

static __always_inline int is_ours(const struct tuple *tuple)
{
	const struct steering_ports *ports = bpf_map_lookup_elem(&locals, &tuple->destination);

	if (tuple->fragment)
		return ports || has(&services, tuple->destination, 0, 0) ||
		       has(&endpoints, tuple->destination, 0, 0) ||
		       (has(&endpoints, tuple->source, 0, 0) && !is_host(tuple->destination));

	if (ports && tuple->destination_port >= ports->first &&
	    tuple->destination_port <= ports->last)
		return 1;
	if (has_port(&services, tuple->destination, tuple->destination_port, tuple->protocol) ||
	    has_port(&endpoints, tuple->destination, tuple->destination_port, tuple->protocol))
		return 1;
	return has_port(&endpoints, tuple->source, tuple->source_port, tuple->protocol) &&
	       !is_host(tuple->destination);
}

/* Reads the tuple of the packet at `ip`; NULL when it is none, else where its payload begins. */
static __always_inline void *read_tuple(const struct iphdr *ip, void *end, struct tuple *tuple)
{
	void *payload = (void *)ip + ip->ihl * 4;
	const __be16 *ports = payload;

	if (ip->version != 4 || ip->ihl < 5 || payload > end)
		return NULL;
	tuple->source = ip->saddr;
	tuple->destination = ip->daddr;
	tuple->protocol = ip->protocol;
	tuple->fragment = (ip->frag_off & bpf_htons(MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0;
	if (tuple->fragment || (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
		return payload;
	if ((void *)(ports + 2) > end)
		return NULL;
	tuple->source_port = bpf_ntohs(ports[0]);
	tuple->destination_port = bpf_ntohs(ports[1]);
	return payload;
}

static __always_inline void exchange(struct tuple *tuple)
{
	__be32 address = tuple->source;
	__u16 number = tuple->source_port;

	tuple->source = tuple->destination;
	tuple->destination = address;
	tuple->source_port = tuple->destination_port;
	tuple->destination_port = number;
}

static __always_inline int is_error(__u8 type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_OVER || type == ICMP_BAD_FIELD;
}

static __always_inline int is_translated(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static __always_inline int is_for_port(const struct ethhdr *ethernet)
{
	const __u32 row = 0;
	const struct steering_port *self = bpf_map_lookup_elem(&port, &row);
	__u8 differ = 0;

	if (!self || !self->in_use)
		return 0;
	for (int i = 0; i < ETH_ALEN; i++)
		differ |= self->mac[i] ^ ethernet->h_dest[i];
	return self->any_mac || !differ;
}

SEC("xdp")
int headrace_steer(struct xdp_md *context)
{
	void *end = (void *)(long)context->data_end;
	const struct ethhdr *ethernet = (void *)(long)context->data;
	const struct iphdr *ip = (const void *)(ethernet + 1);
	struct tuple tuple = {};
	void *payload;

	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) ||
	    !is_for_port(ethernet))
		return XDP_PASS;

	payload = read_tuple(ip, end, &tuple);
	if (!payload)
		return XDP_PASS;

	if (tuple.protocol == IPPROTO_ICMP && !tuple.fragment) {
		const __u8 *type = payload;
		const struct iphdr *inner = payload + ICMP_HEADER_SIZE;

		if ((void *)(inner + 1) > end || !is_error(*type) ||
		    !read_tuple(inner, end, &tuple))
			return XDP_PASS;
		exchange(&tuple);
	}
	if (!is_translated(tuple.protocol) || !is_ours(&tuple))
		return XDP_PASS;
	return bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_DROP);
}

char license_text[] SEC("license") = "Dual BSD/GPL";
