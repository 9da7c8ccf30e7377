/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/lookup.h"

#include <netinet/in.h>
#include <string.h>

bool model_is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(address, mapped, 12) == 0;
}

bool model_same_address(const uint8_t one[16], const uint8_t other[16])
{
	return memcmp(one, other, 16) == 0;
}

static bool listener_fits(const struct abi_listener *listener, const struct model_endpoint *to,
			  uint8_t protocol)
{
	return listener->protocol == protocol &&
	       model_same_address(listener->address, to->address) &&
	       listener->port_first <= to->port && to->port <= listener->port_last;
}

int model_find_service(const struct model_tables *tables, const struct model_endpoint *to,
		       uint8_t protocol)
{
	uint32_t fewest = UINT32_MAX;
	int found = -1;

	for (int i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_service *service = tables->services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++) {
			const struct abi_listener *listener = &service->listeners[row];
			uint32_t ports = (uint32_t)listener->port_last - listener->port_first + 1;

			if (listener_fits(listener, to, protocol) && ports < fewest) {
				fewest = ports;
				found = i;
			}
		}
	}
	return found;
}

static bool in_ranges(const struct abi_range *ranges, uint32_t count, const uint8_t address[16])
{
	for (uint32_t i = 0; i < count; i++)
		if (memcmp(ranges[i].first, address, 16) <= 0 &&
		    memcmp(address, ranges[i].last, 16) <= 0)
			return true;
	return false;
}

bool model_allows(const struct abi_service *service, const uint8_t client[16])
{
	if (in_ranges(abi_service_deny(service), service->deny_count, client))
		return false;
	return service->allow_count == 0 ||
	       in_ranges(abi_service_allow(service), service->allow_count, client);
}

bool model_is_service_address(const struct model_tables *tables, const uint8_t address[16])
{
	for (int i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_service *service = tables->services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++)
			if (model_same_address(service->listeners[row].address, address))
				return true;
	}
	return false;
}

bool model_is_host_address(const struct model_tables *tables, const uint8_t address[16])
{
	const struct abi_host_addresses *host = tables->host_addresses;

	for (uint32_t i = 0; host && i < host->count; i++)
		if (model_same_address(host->addresses[i], address))
			return true;
	return false;
}

static const struct abi_local_pool *find_pool(const struct model_tables *tables,
					      const uint8_t address[16])
{
	for (int i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_local_pool *pool = tables->local_pools[i];

		for (uint32_t row = 0; pool && row < pool->address_count; row++)
			if (model_same_address(pool->addresses[row], address))
				return pool;
	}
	return NULL;
}

bool model_is_local_address(const struct model_tables *tables, const uint8_t address[16])
{
	return find_pool(tables, address) != NULL;
}

bool model_is_local(const struct model_tables *tables, const struct model_endpoint *endpoint)
{
	const struct abi_local_pool *pool = find_pool(tables, endpoint->address);

	return pool && pool->port_first <= endpoint->port && endpoint->port <= pool->port_last;
}

/* Protocols (flags) in which a backend serves dnat services. */
static uint32_t dnat_protocols(const struct abi_backend *backend)
{
	return backend->flags & ABI_BACKEND_DNAT
		       ? backend->flags & (ABI_BACKEND_TCP | ABI_BACKEND_UDP)
		       : 0;
}

bool model_is_dnat_address(const struct model_tables *tables, const uint8_t address[16])
{
	for (int i = 0; i < MODEL_OBJECTS; i++)
		if (tables->backends[i] && dnat_protocols(tables->backends[i]) != 0 &&
		    model_same_address(tables->backends[i]->address, address))
			return true;
	return false;
}

bool model_is_dnat_endpoint(const struct model_tables *tables,
			    const struct model_endpoint *endpoint, uint8_t protocol)
{
	uint32_t flag = protocol == IPPROTO_TCP ? ABI_BACKEND_TCP : ABI_BACKEND_UDP;

	for (int i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_backend *backend = tables->backends[i];

		if (backend && (dnat_protocols(backend) & flag) != 0 &&
		    model_same_address(backend->address, endpoint->address) &&
		    (backend->port == endpoint->port || backend->port == 0))
			return true;
	}
	return false;
}

static bool endpoints_are_ours(const struct model_tables *tables, const struct model_tuple *tuple)
{
	return model_find_service(tables, &tuple->destination, tuple->protocol) >= 0 ||
	       model_is_local(tables, &tuple->destination) ||
	       model_is_dnat_endpoint(tables, &tuple->destination, tuple->protocol) ||
	       (model_is_dnat_endpoint(tables, &tuple->source, tuple->protocol) &&
		!model_is_host_address(tables, tuple->destination.address));
}

static bool addresses_are_ours(const struct model_tables *tables, const struct model_tuple *tuple)
{
	const uint8_t *to = tuple->destination.address;

	return model_is_service_address(tables, to) || model_is_local_address(tables, to) ||
	       model_is_dnat_address(tables, to) ||
	       (model_is_dnat_address(tables, tuple->source.address) &&
		!model_is_host_address(tables, to));
}

bool model_is_ours(const struct model_tables *tables, const struct model_tuple *tuple,
		   bool has_ports)
{
	return has_ports ? endpoints_are_ours(tables, tuple) : addresses_are_ours(tables, tuple);
}

static bool prefix_fits(const struct abi_route *route, const uint8_t address[16])
{
	bool is_ipv4 = route->length >= 96 && model_is_ipv4(route->prefix);

	if (is_ipv4 != model_is_ipv4(address))
		return false;
	for (unsigned bit = 0; bit < route->length; bit++)
		if ((route->prefix[bit / 8] ^ address[bit / 8]) & (0x80u >> (bit % 8)))
			return false;
	return true;
}

const struct abi_route *model_find_route(const struct model_tables *tables,
					 const uint8_t address[16])
{
	const struct abi_route *longest = NULL;

	for (uint32_t i = 0; tables->routes && i < tables->routes->count; i++) {
		const struct abi_route *route = &tables->routes->rows[i];

		if (prefix_fits(route, address) && (!longest || route->length > longest->length))
			longest = route;
	}
	return longest;
}

uint32_t model_find_neighbour(const struct model_tables *tables, uint16_t port,
			      const uint8_t address[16])
{
	for (uint32_t i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_next_hop *hop = tables->next_hops[i];

		if (hop && hop->port == port && model_same_address(hop->address, address))
			return i;
	}
	return ABI_NONE;
}

uint32_t model_find_mac(const struct model_tables *tables, uint16_t port, uint16_t vlan,
			uint16_t outer_vlan, const uint8_t mac[6], bool is_ipv4)
{
	uint32_t other = ABI_NONE;

	for (uint32_t i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_next_hop *hop = tables->next_hops[i];

		if (!hop || !hop->resolved || hop->port != port || hop->vlan != vlan ||
		    hop->outer_vlan != outer_vlan || memcmp(hop->mac, mac, 6) != 0)
			continue;
		if (model_is_ipv4(hop->address) == is_ipv4)
			return i;
		if (other == ABI_NONE)
			other = i;
	}
	return other;
}
