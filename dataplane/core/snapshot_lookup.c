/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What workers ask a snapshot for every packet. Tables are at most half full,
 * so each walk ends at an empty slot soon.
 */
#include "dataplane/core/snapshot.h"

#include <arpa/inet.h>

const struct abi_service *snapshot_find_service(const struct snapshot *snapshot,
						uint32_t be_address, uint16_t port,
						uint8_t protocol, uint32_t *index)
{
	uint32_t mask = snapshot->listener_mask;
	uint32_t at = snapshot_hash(tuple_key(be_address, port, protocol)) & mask;

	for (; snapshot->listeners[at].protocol != 0; at = (at + 1) & mask) {
		const struct listener_slot *slot = &snapshot->listeners[at];

		if (slot->be_address == be_address && slot->port == port &&
		    slot->protocol == protocol) {
			*index = slot->service;
			return snapshot->services[slot->service];
		}
	}
	return NULL;
}

static bool has_endpoint(const struct snapshot *snapshot, uint32_t be_address, uint16_t port,
			 uint8_t protocol)
{
	uint32_t mask = snapshot->dnat_endpoint_mask;
	uint32_t at = snapshot_hash(tuple_key(be_address, port, protocol)) & mask;

	for (; snapshot->dnat_endpoints[at].protocol != 0; at = (at + 1) & mask) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[at];

		if (slot->be_address == be_address && slot->port == port &&
		    slot->protocol == protocol)
			return true;
	}
	return false;
}

static bool has_address(const uint32_t *set, uint32_t mask, uint32_t be_address)
{
	uint32_t at = snapshot_hash(be_address) & mask;

	for (; set[at] != 0; at = (at + 1) & mask)
		if (set[at] == be_address)
			return true;
	return false;
}

bool snapshot_is_dnat_endpoint(const struct snapshot *snapshot, uint32_t be_address, uint16_t port,
			       uint8_t protocol)
{
	return has_endpoint(snapshot, be_address, port, protocol) ||
	       has_endpoint(snapshot, be_address, 0, protocol);
}

bool snapshot_is_dnat_address(const struct snapshot *snapshot, uint32_t be_address)
{
	return has_address(snapshot->dnat_addresses, snapshot->dnat_address_mask, be_address);
}

bool snapshot_is_service_address(const struct snapshot *snapshot, uint32_t be_address)
{
	return has_address(snapshot->service_addresses, snapshot->service_address_mask, be_address);
}

bool snapshot_is_host_address(const struct snapshot *snapshot, uint32_t be_address)
{
	return has_address(snapshot->host_set, snapshot->host_mask, be_address);
}

static const struct local_slot *find_local(const struct snapshot *snapshot, uint32_t be_address)
{
	uint32_t at = snapshot_hash(be_address) & snapshot->local_mask;

	for (; snapshot->locals[at].be_address != 0; at = (at + 1) & snapshot->local_mask)
		if (snapshot->locals[at].be_address == be_address)
			return &snapshot->locals[at];
	return NULL;
}

bool snapshot_is_local(const struct snapshot *snapshot, uint32_t be_address, uint16_t port)
{
	const struct local_slot *slot = find_local(snapshot, be_address);

	return slot && port >= slot->port_first && port <= slot->port_last;
}

bool snapshot_is_local_address(const struct snapshot *snapshot, uint32_t be_address)
{
	return find_local(snapshot, be_address) != NULL;
}

static const struct abi_route *find_prefix(const struct snapshot *snapshot, uint32_t be_prefix,
					   unsigned bits)
{
	uint32_t mask = snapshot->route_mask;
	uint32_t at = snapshot_hash(route_key(be_prefix, bits)) & mask;

	for (; snapshot->route_rows[at] != 0; at = (at + 1) & mask) {
		const struct abi_route *row = &snapshot->routes->rows[snapshot->route_rows[at] - 1];

		if (row->length == bits + 96 && be_ipv4(row->prefix) == be_prefix)
			return row;
	}
	return NULL;
}

/* Longest first, of the lengths there are: one look each. */
const struct abi_route *snapshot_find_route(const struct snapshot *snapshot, uint32_t be_address)
{
	uint64_t left = snapshot->route_lengths;

	while (left != 0) {
		unsigned bits = 63u - (unsigned)__builtin_clzll(left);
		uint32_t be_mask = htonl((uint32_t)(0xffffffffull << (32 - bits)));
		const struct abi_route *row = find_prefix(snapshot, be_address & be_mask, bits);

		if (row)
			return row;
		left &= ~(1ull << bits);
	}
	return NULL;
}

uint32_t snapshot_find_neighbour(const struct snapshot *snapshot, uint16_t port,
				 uint32_t be_address)
{
	uint32_t mask = snapshot->next_hop_mask;
	uint32_t at = snapshot_hash(neighbour_key(port, be_address)) & mask;

	for (; snapshot->neighbours[at] != 0; at = (at + 1) & mask) {
		uint32_t index = snapshot->neighbours[at] - 1;
		const struct abi_next_hop *hop = snapshot->next_hops[index];

		if (hop->port == port && be_ipv4(hop->address) == be_address)
			return index;
	}
	return ABI_NONE;
}

uint32_t snapshot_find_mac(const struct snapshot *snapshot, uint16_t port, uint16_t vlan,
			   const uint8_t mac[6])
{
	uint32_t mask = snapshot->next_hop_mask;
	uint32_t at = snapshot_hash(mac_key(port, vlan, mac)) & mask;

	for (; snapshot->macs[at] != 0; at = (at + 1) & mask) {
		uint32_t index = snapshot->macs[at] - 1;
		const struct abi_next_hop *hop = snapshot->next_hops[index];

		if (hop->port == port && hop->vlan == vlan && memcmp(hop->mac, mac, 6) == 0)
			return index;
	}
	return ABI_NONE;
}
