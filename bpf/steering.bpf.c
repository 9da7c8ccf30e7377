/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Steering: which frames of an interface are the dataplane's.
 *
 * What is ours goes to the AF_XDP socket of its queue; where there is none
 * (no dataplane runs) it is dropped, never passed: Linux would answer a client
 * with a reset, or let a backend's reply out untranslated. All else is Linux's:
 * XDP_PASS. But what is for an address of a VRRP group, ARP and neighbour
 * solicitations included, is dropped as soon as this node has no lease of it
 * (dataplane/abi/lease.h): whatever hangs, here it ends.
 *
 * The rules are those of dataplane/core/classify.h, which ports that belong to
 * DPDK go by; tests/unit/bpf holds both to the same cases. What differs by
 * family is in bpf/tuple.bpf.h; here addresses have 16 bytes.
 */
#include "bpf/steering.h"
#include "bpf/tuple.bpf.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

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
	__uint(max_entries, STEERING_MAX_LISTENERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steering_endpoint);
	__type(value, struct steering_ranges);
} ranges SEC(".maps");

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
	__type(key, struct steering_address);
	__type(value, struct steering_ports);
} locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_HOSTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steering_address);
	__type(value, __u8);
} hosts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERING_MAX_GROUPED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steering_address);
	__type(value, __u8);
} groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STEERING_MAX_GROUPS);
	__type(key, __u32);
	__type(value, __u64);
} lease SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct steering_port);
} port SEC(".maps");

static __always_inline int has(void *map, const struct steering_endpoint *key)
{
	return bpf_map_lookup_elem(map, key) != NULL;
}

static __always_inline int is_host(const struct steering_address *address)
{
	return bpf_map_lookup_elem(&hosts, address) != NULL;
}

static __always_inline int is_in_range(const struct steering_endpoint *every_port, __u16 number)
{
	const struct steering_ranges *row = bpf_map_lookup_elem(&ranges, every_port);

	if (!row)
		return 0;
	for (__u32 i = 0; i < STEERING_MAX_RANGES && i < row->count; i++)
		if (number >= row->ports[i].first && number <= row->ports[i].last)
			return 1;
	return 0;
}

static __always_inline int are_addresses_ours(const struct tuple *tuple)
{
	struct steering_endpoint key = {.address = tuple->destination};

	if (bpf_map_lookup_elem(&locals, &tuple->destination) || has(&services, &key) ||
	    has(&endpoints, &key))
		return 1;
	key.address = tuple->source;
	return has(&endpoints, &key) && !is_host(&tuple->destination);
}

static __always_inline int are_ends_ours(const struct tuple *tuple)
{
	const struct steering_ports *local = bpf_map_lookup_elem(&locals, &tuple->destination);
	struct steering_endpoint key = {
		.address = tuple->destination,
		.port = tuple->destination_port,
		.protocol = tuple->protocol,
	};

	if (local && tuple->destination_port >= local->first &&
	    tuple->destination_port <= local->last)
		return 1;
	if (has(&services, &key) || has(&endpoints, &key))
		return 1;
	key.port = 0;
	if (is_in_range(&key, tuple->destination_port) || has(&endpoints, &key))
		return 1;

	key.address = tuple->source;
	key.port = tuple->source_port;
	if (!has(&endpoints, &key)) {
		key.port = 0;
		if (!has(&endpoints, &key))
			return 0;
	}
	return !is_host(&tuple->destination);
}

static __always_inline int has_groups(void)
{
	const __u32 row = 0;
	const __u64 *any = bpf_map_lookup_elem(&lease, &row);

	return any && *any;
}

static __always_inline int is_fenced(__be16 family, void *payload, void *end)
{
	struct steering_address address = {};
	const __u8 *group;
	const __u64 *until;
	__u32 row;

	if (!read_wanted(family, payload, end, &address))
		return 0;
	group = bpf_map_lookup_elem(&groups, &address);
	if (!group)
		return 0;
	row = *group;
	until = bpf_map_lookup_elem(&lease, &row);
	return !until || *until <= bpf_ktime_get_ns();
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
	struct tuple tuple = {};
	void *payload;
	__be16 family;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	payload = skip_tags(ethernet, end, &family);
	if (has_groups() && is_fenced(family, payload, end))
		return XDP_DROP;
	if (!is_for_port(ethernet))
		return XDP_PASS;
	payload = read_tuple(family, payload, end, &tuple);
	if (!payload)
		return XDP_PASS;

	if (is_icmp(family, &tuple)) {
		const __u8 *type = payload;

		if (payload + ICMP_HEADER_SIZE > end || !is_error(family, *type) ||
		    !read_tuple(family, payload + ICMP_HEADER_SIZE, end, &tuple))
			return XDP_PASS;
		exchange(&tuple);
	}
	if (!is_translated(tuple.protocol) ||
	    !(tuple.fragment ? are_addresses_ours(&tuple) : are_ends_ours(&tuple)))
		return XDP_PASS;
	return bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_DROP);
}

char license_text[] SEC("license") = "Dual BSD/GPL";
