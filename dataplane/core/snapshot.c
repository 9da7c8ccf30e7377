/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Builds a snapshot from copied objects: arrays by index, and the hash tables
 * of the packet path. One block of memory holds the snapshot with its arrays
 * and tables; the objects are shared by counting.
 */
#include "dataplane/core/snapshot.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* How long each array and table must be. */
struct extent {
	uint32_t indexes[ABI_KIND_END]; /* highest index of a kind + 1 */
	uint32_t listeners, endpoints, locals, hosts, next_hops, routes;
};

/* Hands out pieces of the block; without memory it only adds up. */
struct arena {
	uint8_t *memory;
	size_t used;
};

static void *carve(struct arena *arena, size_t count, size_t row)
{
	size_t at = arena->used;

	arena->used += (count * row + ABI_CACHE_LINE - 1) & ~(size_t)(ABI_CACHE_LINE - 1);
	return arena->memory ? arena->memory + at : NULL;
}

/* Slots for `count` rows at a load of at most one half. */
static uint32_t table_size(uint32_t count)
{
	uint32_t size = 2;

	while (size < 2 * count)
		size *= 2;
	return size;
}

static void measure(struct object *const *objects, uint32_t count, struct extent *extent)
{
	memset(extent, 0, sizeof(*extent));
	for (uint32_t i = 0; i < count; i++) {
		const struct abi_ref *ref = &objects[i]->ref;
		const void *bytes = objects[i]->bytes;

		extent->indexes[ref->kind] = ref->index + 1;
		if (ref->kind == ABI_SERVICE)
			extent->listeners += ((const struct abi_service *)bytes)->listener_count;
		else if (ref->kind == ABI_BACKEND)
			extent->endpoints += 2;
		else if (ref->kind == ABI_LOCAL_POOL)
			extent->locals += ((const struct abi_local_pool *)bytes)->address_count;
		else if (ref->kind == ABI_NEXT_HOP)
			extent->next_hops++;
		else if (ref->kind == ABI_ROUTES)
			extent->routes = ((const struct abi_routes *)bytes)->count;
		else if (ref->kind == ABI_HOST_ADDRESSES)
			extent->hosts = ((const struct abi_host_addresses *)bytes)->count;
	}
}

static struct snapshot *lay_out(struct arena *arena, const struct extent *extent, uint32_t count)
{
	uint32_t listeners = table_size(extent->listeners);
	uint32_t endpoints = table_size(extent->endpoints);
	uint32_t locals = table_size(extent->locals);
	uint32_t hosts = table_size(extent->hosts);
	uint32_t hops = table_size(extent->next_hops);
	uint32_t routes = table_size(extent->routes);
	struct snapshot *snapshot = carve(arena, 1, sizeof(*snapshot));
	struct snapshot at = {
		.services = carve(arena, extent->indexes[ABI_SERVICE], sizeof(void *)),
		.backends = carve(arena, extent->indexes[ABI_BACKEND], sizeof(void *)),
		.rings = carve(arena, extent->indexes[ABI_RING], sizeof(void *)),
		.next_hops = carve(arena, extent->indexes[ABI_NEXT_HOP], sizeof(void *)),
		.local_pools = carve(arena, extent->indexes[ABI_LOCAL_POOL], sizeof(void *)),
		.service_count = extent->indexes[ABI_SERVICE],
		.backend_count = extent->indexes[ABI_BACKEND],
		.ring_count = extent->indexes[ABI_RING],
		.next_hop_count = extent->indexes[ABI_NEXT_HOP],
		.local_pool_count = extent->indexes[ABI_LOCAL_POOL],
		.listeners = carve(arena, listeners, sizeof(struct listener_slot)),
		.listener_mask = listeners - 1,
		.dnat_endpoints = carve(arena, endpoints, sizeof(struct endpoint_slot)),
		.dnat_endpoint_mask = endpoints - 1,
		.locals = carve(arena, locals, sizeof(struct local_slot)),
		.local_mask = locals - 1,
		.host_set = carve(arena, hosts, sizeof(uint32_t)),
		.host_mask = hosts - 1,
		.service_addresses = carve(arena, listeners, sizeof(uint32_t)),
		.service_address_mask = listeners - 1,
		.dnat_addresses = carve(arena, endpoints, sizeof(uint32_t)),
		.dnat_address_mask = endpoints - 1,
		.neighbours = carve(arena, hops, sizeof(uint32_t)),
		.macs = carve(arena, hops, sizeof(uint32_t)),
		.next_hop_mask = hops - 1,
		.route_rows = carve(arena, routes, sizeof(uint32_t)),
		.route_mask = routes - 1,
		.objects = carve(arena, count, sizeof(struct object *)),
		.object_count = count,
	};

	if (snapshot)
		*snapshot = at;
	return snapshot;
}

static struct snapshot *allocate_snapshot(struct object *const *objects, uint32_t count,
					  const struct allocator *allocator)
{
	struct arena arena = {NULL, 0};
	struct extent extent;
	struct snapshot *snapshot;

	measure(objects, count, &extent);
	lay_out(&arena, &extent, count);
	arena.memory = allocator->allocate(allocator->context, arena.used);
	if (!arena.memory)
		return NULL;
	arena.used = 0;
	snapshot = lay_out(&arena, &extent, count);
	snapshot->allocator = *allocator;
	return snapshot;
}

static void place_objects(struct snapshot *snapshot, struct object *const *objects)
{
	for (uint32_t i = 0; i < snapshot->object_count; i++) {
		struct object *object = objects[i];
		uint32_t index = object->ref.index;
		const void *bytes = object->bytes;

		object->users++;
		snapshot->objects[i] = object;
		if (object->ref.kind == ABI_SETTINGS)
			snapshot->settings = bytes;
		else if (object->ref.kind == ABI_SERVICE)
			snapshot->services[index] = bytes;
		else if (object->ref.kind == ABI_BACKEND)
			snapshot->backends[index] = bytes;
		else if (object->ref.kind == ABI_RING)
			snapshot->rings[index] = bytes;
		else if (object->ref.kind == ABI_NEXT_HOP)
			snapshot->next_hops[index] = bytes;
		else if (object->ref.kind == ABI_LOCAL_POOL)
			snapshot->local_pools[index] = bytes;
		else if (object->ref.kind == ABI_ROUTES)
			snapshot->routes = bytes;
		else if (object->ref.kind == ABI_HOST_ADDRESSES)
			snapshot->host_addresses = bytes;
	}
}

static void add_address(uint32_t *set, uint32_t mask, uint32_t be_address)
{
	uint32_t at = snapshot_hash(be_address) & mask;

	while (set[at] != 0 && set[at] != be_address)
		at = (at + 1) & mask;
	set[at] = be_address;
}

/* The service already there when the listener is taken, else `service`. */
static uint16_t add_listener(struct snapshot *snapshot, const struct abi_listener *listener,
			     uint16_t service)
{
	uint32_t be_address = be_ipv4(listener->address);
	uint16_t port = listener->port_first;
	uint8_t protocol = listener->protocol;
	uint32_t at =
		snapshot_hash(tuple_key(be_address, port, protocol)) & snapshot->listener_mask;
	struct listener_slot *slot;

	for (;; at = (at + 1) & snapshot->listener_mask) {
		slot = &snapshot->listeners[at];
		if (slot->protocol == 0)
			break;
		if (slot->be_address == be_address && slot->port == port &&
		    slot->protocol == protocol)
			return slot->service;
	}
	*slot = (struct listener_slot){be_address, port, protocol, service};
	add_address(snapshot->service_addresses, snapshot->service_address_mask, be_address);
	return service;
}

static bool fill_listeners(struct snapshot *snapshot, const struct refusal *refusal)
{
	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		const struct abi_service *service = snapshot->services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++) {
			uint16_t holder =
				add_listener(snapshot, &service->listeners[row], (uint16_t)i);

			if (holder != i)
				return refuse(refusal,
					      "service %u (%s): listener %u is service %u's (%s)",
					      i, service->name, row, holder,
					      snapshot->services[holder]->name);
		}
	}
	return true;
}

static void add_endpoint(struct snapshot *snapshot, const struct abi_backend *backend,
			 uint8_t protocol)
{
	uint32_t mask = snapshot->dnat_endpoint_mask;
	uint32_t be_address = be_ipv4(backend->address);
	uint32_t at = snapshot_hash(tuple_key(be_address, backend->port, protocol)) & mask;

	for (; snapshot->dnat_endpoints[at].protocol != 0; at = (at + 1) & mask) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[at];

		if (slot->be_address == be_address && slot->port == backend->port &&
		    slot->protocol == protocol)
			return;
	}
	snapshot->dnat_endpoints[at] = (struct endpoint_slot){be_address, backend->port, protocol};
	add_address(snapshot->dnat_addresses, snapshot->dnat_address_mask, be_address);
}

/* Backends in whatever state: one that drains, or is down, may still answer its clients. */
static void fill_endpoints(struct snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->backend_count; i++) {
		const struct abi_backend *backend = snapshot->backends[i];

		if (!backend || !(backend->flags & ABI_BACKEND_DNAT))
			continue;
		if (backend->flags & ABI_BACKEND_TCP)
			add_endpoint(snapshot, backend, IPPROTO_TCP);
		if (backend->flags & ABI_BACKEND_UDP)
			add_endpoint(snapshot, backend, IPPROTO_UDP);
	}
}

static bool add_local(struct snapshot *snapshot, const struct abi_local_pool *pool,
		      uint32_t be_address)
{
	uint32_t at = snapshot_hash(be_address) & snapshot->local_mask;

	while (snapshot->locals[at].be_address != 0) {
		if (snapshot->locals[at].be_address == be_address)
			return false;
		at = (at + 1) & snapshot->local_mask;
	}
	snapshot->locals[at] = (struct local_slot){be_address, pool->port_first, pool->port_last};
	return true;
}

static bool fill_locals(struct snapshot *snapshot, const struct refusal *refusal)
{
	for (uint32_t i = 0; i < snapshot->local_pool_count; i++) {
		const struct abi_local_pool *pool = snapshot->local_pools[i];

		for (uint32_t row = 0; pool && row < pool->address_count; row++)
			if (!add_local(snapshot, pool, be_ipv4(pool->addresses[row])))
				return refuse(refusal,
					      "local pool %u (%s): address %u is in a pool already",
					      i, pool->name, row);
	}
	return true;
}

static void fill_hosts(struct snapshot *snapshot)
{
	const struct abi_host_addresses *host = snapshot->host_addresses;

	for (uint32_t i = 0; host && i < host->count; i++)
		add_address(snapshot->host_set, snapshot->host_mask, be_ipv4(host->addresses[i]));
}

static void add_position(uint32_t *table, uint32_t mask, uint64_t key, uint32_t position)
{
	uint32_t at = snapshot_hash(key) & mask;

	while (table[at] != 0)
		at = (at + 1) & mask;
	table[at] = position + 1;
}

/* In the order of their indexes: of two that are alike the first is found. */
static void fill_neighbours(struct snapshot *snapshot)
{
	uint32_t mask = snapshot->next_hop_mask;

	for (uint32_t i = 0; i < snapshot->next_hop_count; i++) {
		const struct abi_next_hop *hop = snapshot->next_hops[i];

		if (!hop)
			continue;
		add_position(snapshot->neighbours, mask,
			     neighbour_key(hop->port, be_ipv4(hop->address)), i);
		if (hop->resolved)
			add_position(snapshot->macs, mask, mac_key(hop->port, hop->vlan, hop->mac),
				     i);
	}
}

static void fill_routes(struct snapshot *snapshot)
{
	const struct abi_routes *routes = snapshot->routes;

	for (uint32_t i = 0; routes && i < routes->count; i++) {
		unsigned bits = routes->rows[i].length - 96u;

		snapshot->route_lengths |= 1ull << bits;
		add_position(snapshot->route_rows, snapshot->route_mask,
			     route_key(be_ipv4(routes->rows[i].prefix), bits), i);
	}
}

struct snapshot *snapshot_build(struct object *const *objects, uint32_t count,
				const struct snapshot *before, const struct allocator *allocator,
				const struct refusal *refusal)
{
	struct snapshot *snapshot = allocate_snapshot(objects, count, allocator);

	if (!snapshot) {
		refuse(refusal, "no memory for a snapshot of %u objects", count);
		return NULL;
	}
	place_objects(snapshot, objects);
	if (!validate_links(snapshot, before, refusal) || !fill_listeners(snapshot, refusal) ||
	    !fill_locals(snapshot, refusal)) {
		snapshot_release(snapshot);
		return NULL;
	}
	fill_endpoints(snapshot);
	fill_hosts(snapshot);
	fill_neighbours(snapshot);
	fill_routes(snapshot);
	return snapshot;
}

void object_unshare(struct object *object, const struct allocator *allocator)
{
	if (object && --object->users == 0)
		allocator->release(allocator->context, object);
}

void snapshot_release(struct snapshot *snapshot)
{
	if (!snapshot)
		return;

	struct allocator allocator = snapshot->allocator;

	for (uint32_t i = 0; i < snapshot->object_count; i++)
		object_unshare(snapshot->objects[i], &allocator);
	allocator.release(allocator.context, snapshot);
}
