/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/objects.h"

#include "controlplane/publish/ranges.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a client's slot; fixed, so that every node sends a client to the same backend: digits of pi.
 */
static const uint64_t ring_key[2] = {0x243f6a8885a308d3ull, 0x13198a2e03707344ull};

void *scratch_reserve(struct scratch *scratch, size_t size)
{
	if (size > scratch->capacity) {
		uint8_t *bytes = realloc(scratch->bytes, size);

		if (!bytes)
			return NULL;
		scratch->bytes = bytes;
		scratch->capacity = size;
	}
	memset(scratch->bytes, 0, size);
	return scratch->bytes;
}

void scratch_free(struct scratch *scratch)
{
	free(scratch->bytes);
	*scratch = (struct scratch){0};
}

void object_settings(struct abi_settings *out, const struct config *config)
{
	*out = (struct abi_settings){.ring_key = {ring_key[0], ring_key[1]},
				     .node_id = config->node.id,
				     .node_count = config->node.peer_api[0] != '\0' ? 2 : 1};
}

static uint8_t family_of(const struct address *address)
{
	return address_is_ipv4(address) ? 4 : 6;
}

static uint8_t protocol_of(enum config_protocol protocol)
{
	return protocol == CONFIG_TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

static void set_listeners(struct abi_service *out, const struct config_service *service)
{
	struct abi_listener *listener = out->listeners;

	for (size_t i = 0; i < service->address_count; i++) {
		for (size_t port = 0; port < service->port_count; port++, listener++) {
			memcpy(listener->address, service->addresses[i].bytes, 16);
			/* "*" is 0-65535 there; port 0 is no port. */
			listener->port_first =
				service->ports[port].first == 0 ? 1 : service->ports[port].first;
			listener->port_last = service->ports[port].last;
			listener->protocol = protocol_of(service->protocol);
		}
	}
}

/* Behind the listeners. */
static void set_clients(struct abi_service *out, const struct config_service *service)
{
	struct abi_range *ranges = (void *)&out->listeners[out->listener_count];

	out->allow_count =
		(uint32_t)ranges_of_prefixes(service->allow, service->allow_count, ranges);
	ranges += out->allow_count;
	out->deny_count = (uint32_t)ranges_of_prefixes(service->deny, service->deny_count, ranges);
}

static size_t service_length(size_t listeners, size_t ranges)
{
	return sizeof(struct abi_service) + listeners * sizeof(struct abi_listener) +
	       ranges * sizeof(struct abi_range);
}

static void set_timeouts(struct abi_service *out, const struct config_timeouts *timeouts)
{
	out->timeouts[ABI_TIMEOUT_TCP_HALF_OPEN] = timeouts->tcp_half_open;
	out->timeouts[ABI_TIMEOUT_TCP_ESTABLISHED] = timeouts->tcp_established;
	out->timeouts[ABI_TIMEOUT_TCP_CLOSING] = timeouts->tcp_closing;
	out->timeouts[ABI_TIMEOUT_UDP] = timeouts->udp;
	out->timeouts[ABI_TIMEOUT_UDP_ONE_SHOT] = timeouts->udp_one_shot;
}

struct abi_service *object_service(struct scratch *scratch, const struct config_service *service,
				   size_t *length)
{
	size_t listeners = service->address_count * service->port_count;
	struct abi_service *out;

	out = scratch_reserve(
		scratch, service_length(listeners, service->allow_count + service->deny_count));
	if (!out)
		return NULL;
	snprintf(out->name, sizeof(out->name), "%s", service->name);
	out->family = service->address_count > 0 ? family_of(&service->addresses[0]) : 4;
	out->forwarding = service->forwarding == CONFIG_DNAT ? ABI_DNAT : ABI_FULL_NAT;
	out->hash_on =
		service->hash_on == CONFIG_HASH_ADDRESS ? ABI_HASH_ADDRESS : ABI_HASH_ADDRESS_PORT;
	out->when_down = service->when_down == CONFIG_WHEN_DOWN_RESET ? ABI_WHEN_DOWN_RESET
								      : ABI_WHEN_DOWN_DROP;
	out->on_backend_down = service->on_backend_down == CONFIG_BACKEND_DOWN_KEEP
				       ? ABI_BACKEND_DOWN_KEEP
				       : ABI_BACKEND_DOWN_RESET;
	out->mss_clamp = (uint16_t)service->mss_clamp;
	set_timeouts(out, &service->timeouts);
	out->listener_count = (uint32_t)listeners;
	set_listeners(out, service);
	set_clients(out, service);
	*length = service_length(listeners, out->allow_count + out->deny_count);
	return out;
}

struct abi_local_pool *object_local_pool(struct scratch *scratch,
					 const struct config_local_pool *pool, size_t *length)
{
	struct abi_local_pool *out;

	*length = sizeof(*out) + pool->address_count * 16;
	out = scratch_reserve(scratch, *length);
	if (!out)
		return NULL;
	snprintf(out->name, sizeof(out->name), "%s", pool->name);
	out->port_first = pool->port_first;
	out->port_last = pool->port_last;
	out->address_count = (uint32_t)pool->address_count;
	for (size_t i = 0; i < pool->address_count; i++)
		memcpy(out->addresses[i], pool->addresses[i].bytes, 16);
	return out;
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

struct abi_host_addresses *object_host_addresses(struct scratch *scratch,
						 const struct address *addresses, size_t count,
						 size_t *length)
{
	struct abi_host_addresses *out = scratch_reserve(scratch, sizeof(*out) + count * 16);

	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++)
		memcpy(out->addresses[i], addresses[i].bytes, 16);
	qsort(out->addresses, count, 16, compare_addresses);
	for (size_t i = 0; i < count; i++)
		if (out->count == 0 ||
		    memcmp(out->addresses[out->count - 1], out->addresses[i], 16) != 0)
			memmove(out->addresses[out->count++], out->addresses[i], 16);
	*length = sizeof(*out) + out->count * 16ul;
	return out;
}

static uint8_t backend_state(const struct config_backend *backend, bool up)
{
	if (backend->admin == CONFIG_MAINT || !up)
		return ABI_BACKEND_DOWN;
	if (backend->admin == CONFIG_DRAIN || backend->weight == 0)
		return ABI_BACKEND_DRAINING;
	return ABI_BACKEND_UP;
}

void object_backend(struct abi_backend *out, const char *pool, const struct config_backend *backend,
		    bool up)
{
	size_t length = strlen(pool), room = ABI_NAME_SIZE - 1;

	*out = (struct abi_backend){.port = backend->port,
				    .family = family_of(&backend->address),
				    .state = backend_state(backend, up),
				    .next_hop = ABI_NONE,
				    .weight = backend->weight};
	memcpy(out->name, pool, length);
	if (length < room) {
		out->name[length++] = '/';
		memcpy(out->name + length, backend->name, strnlen(backend->name, room - length));
	}
	memcpy(out->address, backend->address.bytes, 16);
}

/* Linux has neighbours without a MAC of their own, which nothing can be sent to. */
static bool is_unicast(const uint8_t mac[6])
{
	static const uint8_t nobody[6];

	return (mac[0] & 1) == 0 && memcmp(mac, nobody, 6) != 0;
}

void object_next_hop(struct abi_next_hop *out, const struct publish_next_hop *hop)
{
	*out = (struct abi_next_hop){.vlan = hop->vlan,
				     .outer_vlan = hop->outer_vlan,
				     .port = hop->port,
				     .mtu = hop->mtu};
	memcpy(out->address, hop->address.bytes, 16);
	if (hop->resolved && is_unicast(hop->mac)) {
		out->resolved = 1;
		memcpy(out->mac, hop->mac, 6);
	}
}

static int compare_routes(const void *left, const void *right)
{
	const struct abi_route *a = left, *b = right;

	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;
	return memcmp(a->prefix, b->prefix, 16);
}

/* Stable, which qsort() need not be: of equal prefixes the first must stay first. */
static void merge_sort(struct abi_route *rows, struct abi_route *room, size_t count)
{
	size_t half = count / 2, left = 0, right = half;

	if (count < 2)
		return;
	merge_sort(rows, room, half);
	merge_sort(rows + half, room, count - half);
	for (size_t i = 0; i < count; i++) {
		bool take_left = left < half &&
				 (right == count || compare_routes(&rows[left], &rows[right]) <= 0);

		room[i] = take_left ? rows[left++] : rows[right++];
	}
	memcpy(rows, room, count * sizeof(*rows));
}

size_t object_sort_routes(struct abi_route *rows, struct abi_route *room, size_t count)
{
	size_t kept = 0;

	merge_sort(rows, room, count);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_routes(&rows[kept - 1], &rows[i]) != 0)
			rows[kept++] = rows[i];
	return kept;
}

void object_route(struct abi_route *out, const struct publish_route *route, uint32_t next_hop)
{
	unsigned bits = 128 - address_bits(&route->prefix) + route->length;

	struct address first = address_first_of(&route->prefix, route->length);

	*out = (struct abi_route){
		.length = (uint8_t)bits, .port = route->port, .next_hop = next_hop};
	memcpy(out->prefix, first.bytes, 16);
}
