/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What workers ask a snapshot about packets of no flow. Tables are at most half
 * full, so each walk ends at an empty slot soon.
 */
#include "dataplane/core/snapshot.h"

static uint32_t find_single(const struct snapshot *snapshot, const struct ip_address *address,
			    uint16_t port, uint8_t protocol)
{
	uint32_t mask = snapshot->listener_mask;
	uint32_t at = hash_endpoint(address, port, protocol) & mask;

	for (; snapshot->listeners[at].protocol != 0; at = (at + 1) & mask) {
		const struct listener_slot *slot = &snapshot->listeners[at];

		if (ip_address_is_equal(&slot->address, address) && slot->port == port &&
		    slot->protocol == protocol)
			return slot->service;
	}
	return ABI_NONE;
}

static uint32_t find_range(const struct snapshot *snapshot, const struct ip_address *address,
			   uint16_t port, uint8_t protocol)
{
	uint32_t mask = snapshot->range_mask;
	uint32_t at = hash_endpoint(address, 0, protocol) & mask;

	for (; snapshot->range_slots[at].protocol != 0; at = (at + 1) & mask) {
		const struct range_slot *slot = &snapshot->range_slots[at];

		if (slot->protocol != protocol || !ip_address_is_equal(&slot->address, address))
			continue;
		for (uint32_t i = slot->first; i < slot->first + slot->count; i++)
			if (port >= snapshot->ranges[i].port_first &&
			    port <= snapshot->ranges[i].port_last)
				return snapshot->ranges[i].service;
		return ABI_NONE;
	}
	return ABI_NONE;
}

const struct abi_service *snapshot_find_service(const struct snapshot *snapshot,
						const struct ip_address *address, uint16_t port,
						uint8_t protocol, uint32_t *index)
{
	uint32_t found = find_single(snapshot, address, port, protocol);

	if (found == ABI_NONE)
		found = find_range(snapshot, address, port, protocol);
	if (found == ABI_NONE)
		return NULL;
	*index = found;
	return snapshot->services[found];
}

uint8_t snapshot_find_group(const struct snapshot *snapshot, const struct ip_address *address)
{
	uint32_t mask = snapshot->grouped_mask;
	uint32_t at = snapshot_hash_address(address, 0) & mask;

	for (; snapshot->grouped[at].group != 0; at = (at + 1) & mask)
		if (ip_address_is_equal(&snapshot->grouped[at].address, address))
			return snapshot->grouped[at].group;
	return 0;
}

static bool has_endpoint(const struct snapshot *snapshot, const struct ip_address *address,
			 uint16_t port, uint8_t protocol)
{
	uint32_t mask = snapshot->dnat_endpoint_mask;
	uint32_t at = hash_endpoint(address, port, protocol) & mask;

	for (; snapshot->dnat_endpoints[at].protocol != 0; at = (at + 1) & mask) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[at];

		if (ip_address_is_equal(&slot->address, address) && slot->port == port &&
		    slot->protocol == protocol)
			return true;
	}
	return false;
}

static bool has_address(const struct ip_address *set, uint32_t mask,
			const struct ip_address *address)
{
	uint32_t at = snapshot_hash_address(address, 0) & mask;

	for (; !ip_address_is_zero(&set[at]); at = (at + 1) & mask)
		if (ip_address_is_equal(&set[at], address))
			return true;
	return false;
}

bool snapshot_is_dnat_endpoint(const struct snapshot *snapshot, const struct ip_address *address,
			       uint16_t port, uint8_t protocol)
{
	return has_endpoint(snapshot, address, port, protocol) ||
	       has_endpoint(snapshot, address, 0, protocol);
}

bool snapshot_is_dnat_address(const struct snapshot *snapshot, const struct ip_address *address)
{
	return has_address(snapshot->dnat_addresses, snapshot->dnat_address_mask, address);
}

bool snapshot_is_service_address(const struct snapshot *snapshot, const struct ip_address *address)
{
	return has_address(snapshot->service_addresses, snapshot->service_address_mask, address);
}

bool snapshot_is_host_address(const struct snapshot *snapshot, const struct ip_address *address)
{
	return has_address(snapshot->host_set, snapshot->host_mask, address);
}

static const struct local_slot *find_local(const struct snapshot *snapshot,
					   const struct ip_address *address)
{
	uint32_t mask = snapshot->local_mask;
	uint32_t at = snapshot_hash_address(address, 0) & mask;

	for (; !ip_address_is_zero(&snapshot->locals[at].address); at = (at + 1) & mask)
		if (ip_address_is_equal(&snapshot->locals[at].address, address))
			return &snapshot->locals[at];
	return NULL;
}

bool snapshot_is_local(const struct snapshot *snapshot, const struct ip_address *address,
		       uint16_t port)
{
	const struct local_slot *slot = find_local(snapshot, address);

	return slot && port >= slot->port_first && port <= slot->port_last;
}

bool snapshot_is_local_address(const struct snapshot *snapshot, const struct ip_address *address)
{
	return find_local(snapshot, address) != NULL;
}

static const struct abi_route *find_prefix(const struct snapshot *snapshot,
					   const struct ip_address *prefix, unsigned length)
{
	uint32_t mask = snapshot->route_mask;
	uint32_t at = snapshot_hash_address(prefix, length) & mask;

	for (; snapshot->route_rows[at] != 0; at = (at + 1) & mask) {
		const struct abi_route *row = &snapshot->routes->rows[snapshot->route_rows[at] - 1];

		if (row->length == length && memcmp(row->prefix, prefix, 16) == 0)
			return row;
	}
	return NULL;
}

/* Longest first, of the lengths there are: one look each. */
const struct abi_route *snapshot_find_route(const struct snapshot *snapshot,
					    const struct ip_address *address)
{
	/* No IPv6 route, though shorter, is one for IPv4. */
	unsigned shortest = ip_address_is_ipv4(address) ? 96 : 0;

	for (unsigned i = 0; i < snapshot->route_length_count; i++) {
		unsigned length = snapshot->route_lengths[i];
		struct ip_address prefix = address_prefix(address, length);

		if (length < shortest)
			break;
		const struct abi_route *row = find_prefix(snapshot, &prefix, length);
		if (row)
			return row;
	}
	return NULL;
}

uint32_t snapshot_find_neighbour(const struct snapshot *snapshot, uint16_t port,
				 const struct ip_address *address)
{
	uint32_t mask = snapshot->next_hop_mask;
	uint32_t at = snapshot_hash_address(address, port) & mask;

	for (; snapshot->neighbours[at] != 0; at = (at + 1) & mask) {
		uint32_t index = snapshot->neighbours[at] - 1;
		const struct abi_next_hop *hop = snapshot->next_hops[index];

		if (hop->port == port && memcmp(hop->address, address, 16) == 0)
			return index;
	}
	return ABI_NONE;
}

uint32_t snapshot_find_mac(const struct snapshot *snapshot, uint16_t port, uint16_t vlan,
			   uint16_t outer_vlan, const uint8_t mac[6], uint8_t family)
{
	uint32_t mask = snapshot->next_hop_mask;
	uint32_t at = hash_mac(port, vlan, mac) & mask;
	uint32_t found = ABI_NONE;

	for (; snapshot->macs[at] != 0; at = (at + 1) & mask) {
		uint32_t index = snapshot->macs[at] - 1;
		const struct abi_next_hop *hop = snapshot->next_hops[index];

		if (hop->port != port || hop->vlan != vlan || hop->outer_vlan != outer_vlan ||
		    memcmp(hop->mac, mac, 6) != 0)
			continue;
		if (abi_address_family(hop->address) == family)
			return index;
		if (found == ABI_NONE)
			found = index;
	}
	return found;
}

/* Whether one of the ranges, in ascending order, holds the address. */
static bool is_in_ranges(const struct abi_range *ranges, uint32_t count,
			 const struct ip_address *address)
{
	uint32_t first = 0;

	/* The last one that does not begin behind the address. */
	for (uint32_t end = count; first < end;) {
		uint32_t middle = first + ((end - first) >> 1);

		if (memcmp(ranges[middle].first, address, 16) <= 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first > 0 && memcmp(ranges[first - 1].last, address, 16) >= 0;
}

bool snapshot_allows(const struct abi_service *service, const struct ip_address *client)
{
	if (is_in_ranges(abi_service_deny(service), service->deny_count, client))
		return false;
	return service->allow_count == 0 ||
	       is_in_ranges(abi_service_allow(service), service->allow_count, client);
}
