/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Builds a snapshot from copied objects: arrays by index, and the hash tables
 * of the packet path. One block of memory holds the snapshot with its arrays
 * and tables; the objects are shared by counting. Tables of rows that are what
 * they were in the snapshot before are copied from it.
 */
#include "dataplane/core/snapshot.h"

#include "dataplane/core/owner.h"

#include <netinet/in.h>

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

static void measure_service(const struct abi_service *service, struct snapshot_extent *extent)
{
	for (uint32_t i = 0; i < service->listener_count; i++)
		extent->ranges += !is_single_port(&service->listeners[i]);
	extent->listeners += service->listener_count;
}

static uint32_t count_endpoints(const struct abi_backend *backend)
{
	if (!(backend->flags & ABI_BACKEND_DNAT))
		return 0;
	return !!(backend->flags & ABI_BACKEND_TCP) + !!(backend->flags & ABI_BACKEND_UDP);
}

static void measure_object(const struct object *object, struct snapshot_extent *extent)
{
	const struct abi_ref *ref = &object->ref;
	const void *bytes = object->bytes;

	extent->indexes[ref->kind] = ref->index + 1;
	if (ref->kind == ABI_SERVICE)
		measure_service(bytes, extent);
	else if (ref->kind == ABI_BACKEND)
		extent->endpoints += count_endpoints(bytes);
	else if (ref->kind == ABI_LOCAL_POOL)
		extent->locals += ((const struct abi_local_pool *)bytes)->address_count;
	else if (ref->kind == ABI_NEXT_HOP)
		extent->next_hops++;
	else if (ref->kind == ABI_ROUTES)
		extent->routes = ((const struct abi_routes *)bytes)->count;
	else if (ref->kind == ABI_HOST_ADDRESSES)
		extent->hosts = ((const struct abi_host_addresses *)bytes)->count;
	else if (ref->kind == ABI_GROUP_ADDRESSES)
		extent->grouped = ((const struct abi_group_addresses *)bytes)->count;
}

static bool same_extent(const struct object *a, const struct object *b)
{
	struct snapshot_extent of_a = {0}, of_b = {0};

	measure_object(a, &of_a);
	measure_object(b, &of_b);
	return memcmp(&of_a, &of_b, sizeof(of_a)) == 0;
}

/* The same objects but for some that need as much room: all is laid out as it was. */
static bool same_layout(struct object *const *objects, uint32_t count,
			const struct snapshot *before)
{
	if (!before || count != before->object_count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (objects[i] != before->objects[i] &&
		    !same_extent(objects[i], before->objects[i]))
			return false;
	return true;
}

static struct snapshot_extent measure(struct object *const *objects, uint32_t count)
{
	struct snapshot_extent extent = {0};

	for (uint32_t i = 0; i < count; i++)
		measure_object(objects[i], &extent);
	return extent;
}

static struct snapshot *lay_out(struct arena *arena, const struct snapshot_extent *extent,
				uint32_t count)
{
	uint32_t listeners = table_size(extent->listeners);
	uint32_t ranges = table_size(extent->ranges);
	uint32_t endpoints = table_size(extent->endpoints);
	uint32_t locals = table_size(extent->locals);
	uint32_t hosts = table_size(extent->hosts);
	uint32_t grouped = table_size(extent->grouped);
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
		.service_rules =
			carve(arena, extent->indexes[ABI_SERVICE], sizeof(struct service_rule)),
		.backend_rules =
			carve(arena, extent->indexes[ABI_BACKEND], sizeof(struct backend_rule)),
		.listeners = carve(arena, listeners, sizeof(struct listener_slot)),
		.listener_mask = listeners - 1,
		.ranges = carve(arena, extent->ranges, sizeof(struct listener_range)),
		.range_slots = carve(arena, ranges, sizeof(struct range_slot)),
		.range_mask = ranges - 1,
		.dnat_endpoints = carve(arena, endpoints, sizeof(struct endpoint_slot)),
		.dnat_endpoint_mask = endpoints - 1,
		.locals = carve(arena, locals, sizeof(struct local_slot)),
		.local_mask = locals - 1,
		.host_set = carve(arena, hosts, sizeof(struct ip_address)),
		.host_mask = hosts - 1,
		.grouped = carve(arena, grouped, sizeof(struct group_slot)),
		.grouped_mask = grouped - 1,
		.service_addresses = carve(arena, listeners, sizeof(struct ip_address)),
		.service_address_mask = listeners - 1,
		.dnat_addresses = carve(arena, endpoints, sizeof(struct ip_address)),
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

static struct snapshot *allocate_snapshot(const struct snapshot_extent *extent, uint32_t count,
					  const struct allocator *allocator)
{
	struct arena arena = {NULL, 0};
	struct snapshot *snapshot;

	lay_out(&arena, extent, count);
	arena.memory = allocator->allocate(allocator->context, arena.used);
	if (!arena.memory)
		return NULL;
	arena.used = 0;
	snapshot = lay_out(&arena, extent, count);
	snapshot->extent = *extent;
	snapshot->allocator = *allocator;
	return snapshot;
}

static void place_object(struct snapshot *snapshot, const struct object *object)
{
	uint32_t index = object->ref.index;
	const void *bytes = object->bytes;

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
	else if (object->ref.kind == ABI_GROUP_ADDRESSES)
		snapshot->group_addresses = bytes;
}

#define COPY_ROWS(to, from, rows, count) \
	memcpy((to)->rows, (from)->rows, ((count) + 0ul) * sizeof(*(to)->rows))

/* As the objects lie in one that is laid out alike. */
static void copy_places(struct snapshot *snapshot, const struct snapshot *before)
{
	COPY_ROWS(snapshot, before, services, snapshot->service_count);
	COPY_ROWS(snapshot, before, backends, snapshot->backend_count);
	COPY_ROWS(snapshot, before, rings, snapshot->ring_count);
	COPY_ROWS(snapshot, before, next_hops, snapshot->next_hop_count);
	COPY_ROWS(snapshot, before, local_pools, snapshot->local_pool_count);
	snapshot->settings = before->settings;
	snapshot->routes = before->routes;
	snapshot->host_addresses = before->host_addresses;
	snapshot->group_addresses = before->group_addresses;
}

/* `alike`: a snapshot with the same layout, or NULL. */
static void place_objects(struct snapshot *snapshot, struct object *const *objects,
			  const struct snapshot *alike)
{
	memcpy(snapshot->objects, objects, snapshot->object_count * sizeof(struct object *));
	if (alike)
		copy_places(snapshot, alike);
	for (uint32_t i = 0; i < snapshot->object_count; i++)
		if (!alike || objects[i] != alike->objects[i])
			place_object(snapshot, objects[i]);
}

bool snapshot_add_address(struct ip_address *set, uint32_t mask, const struct ip_address *address)
{
	uint32_t at = snapshot_hash_address(address, 0) & mask;

	for (; !ip_address_is_zero(&set[at]); at = (at + 1) & mask)
		if (ip_address_is_equal(&set[at], address))
			return false;
	set[at] = *address;
	return true;
}

static void add_endpoint(struct snapshot *snapshot, const struct abi_backend *backend,
			 uint8_t protocol)
{
	uint32_t mask = snapshot->dnat_endpoint_mask;
	struct ip_address address = ip_address_load(backend->address);
	uint32_t at = hash_endpoint(&address, backend->port, protocol) & mask;

	for (; snapshot->dnat_endpoints[at].protocol != 0; at = (at + 1) & mask) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[at];

		if (ip_address_is_equal(&slot->address, &address) && slot->port == backend->port &&
		    slot->protocol == protocol)
			return;
	}
	snapshot->dnat_endpoints[at] = (struct endpoint_slot){address, backend->port, protocol};
	snapshot_add_address(snapshot->dnat_addresses, snapshot->dnat_address_mask, &address);
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
		      const struct ip_address *address)
{
	uint32_t at = snapshot_hash_address(address, 0) & snapshot->local_mask;

	while (!ip_address_is_zero(&snapshot->locals[at].address)) {
		if (ip_address_is_equal(&snapshot->locals[at].address, address))
			return false;
		at = (at + 1) & snapshot->local_mask;
	}
	snapshot->locals[at] = (struct local_slot){*address, pool->port_first, pool->port_last};
	return true;
}

static bool fill_locals(struct snapshot *snapshot, const struct refusal *refusal)
{
	for (uint32_t i = 0; i < snapshot->local_pool_count; i++) {
		const struct abi_local_pool *pool = snapshot->local_pools[i];

		for (uint32_t row = 0; pool && row < pool->address_count; row++) {
			struct ip_address address = ip_address_load(pool->addresses[row]);

			if (!add_local(snapshot, pool, &address))
				return refuse(refusal,
					      "local pool %u (%s): address %u is in a pool already",
					      i, pool->name, row);
		}
	}
	return true;
}

static void fill_hosts(struct snapshot *snapshot)
{
	const struct abi_host_addresses *host = snapshot->host_addresses;

	for (uint32_t i = 0; host && i < host->count; i++) {
		struct ip_address address = ip_address_load(host->addresses[i]);

		snapshot_add_address(snapshot->host_set, snapshot->host_mask, &address);
	}
}

static void fill_groups(struct snapshot *snapshot)
{
	const struct abi_group_addresses *groups = snapshot->group_addresses;
	uint32_t mask = snapshot->grouped_mask;

	for (uint32_t i = 0; groups && i < groups->count; i++) {
		struct ip_address address = ip_address_load(groups->rows[i].address);
		uint32_t at = snapshot_hash_address(&address, 0) & mask;

		while (snapshot->grouped[at].group != 0)
			at = (at + 1) & mask;
		snapshot->grouped[at] = (struct group_slot){address, groups->rows[i].group};
		snapshot->groups |= 1ull << groups->rows[i].group;
	}
}

static void add_position(uint32_t *table, uint32_t mask, uint32_t hash, uint32_t position)
{
	uint32_t at = hash & mask;

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
		struct ip_address address = ip_address_load(hop->address);
		add_position(snapshot->neighbours, mask, snapshot_hash_address(&address, hop->port),
			     i);
		if (hop->resolved)
			add_position(snapshot->macs, mask, hash_mac(hop->port, hop->vlan, hop->mac),
				     i);
	}
}

static void fill_routes(struct snapshot *snapshot)
{
	const struct abi_routes *routes = snapshot->routes;

	for (uint32_t i = 0; routes && i < routes->count; i++) {
		uint8_t length = routes->rows[i].length;
		struct ip_address prefix = ip_address_load(routes->rows[i].prefix);

		if (i == 0 || length != routes->rows[i - 1].length)
			snapshot->route_lengths[snapshot->route_length_count++] = length;
		add_position(snapshot->route_rows, snapshot->route_mask,
			     snapshot_hash_address(&prefix, length), i);
	}
}

static bool same_rows(const void *rows, uint32_t count, const void *rows_before,
		      uint32_t count_before)
{
	return count == count_before && memcmp(rows, rows_before, count * sizeof(void *)) == 0;
}

/* What steering and the engine match backends by. */
static bool same_endpoint(const struct abi_backend *a, const struct abi_backend *b)
{
	return a == b || (a && b && a->flags == b->flags && a->port == b->port &&
			  memcmp(a->address, b->address, sizeof(a->address)) == 0);
}

static bool same_endpoints(const struct snapshot *snapshot, const struct snapshot *before)
{
	if (snapshot->backend_count != before->backend_count)
		return false;
	for (uint32_t i = 0; i < snapshot->backend_count; i++)
		if (!same_endpoint(snapshot->backends[i], before->backends[i]))
			return false;
	return true;
}

static bool take_listeners(struct snapshot *snapshot, const struct snapshot *before,
			   const struct refusal *refusal)
{
	if (!before || !same_rows(snapshot->services, snapshot->service_count, before->services,
				  before->service_count))
		return snapshot_fill_listeners(snapshot, refusal);
	COPY_ROWS(snapshot, before, listeners, snapshot->listener_mask + 1ul);
	COPY_ROWS(snapshot, before, service_addresses, snapshot->service_address_mask + 1ul);
	COPY_ROWS(snapshot, before, range_slots, snapshot->range_mask + 1ul);
	COPY_ROWS(snapshot, before, ranges, snapshot->extent.ranges);
	return true;
}

static void take_endpoints(struct snapshot *snapshot, const struct snapshot *before)
{
	if (!before || !same_endpoints(snapshot, before)) {
		fill_endpoints(snapshot);
		return;
	}
	COPY_ROWS(snapshot, before, dnat_endpoints, snapshot->dnat_endpoint_mask + 1ul);
	COPY_ROWS(snapshot, before, dnat_addresses, snapshot->dnat_address_mask + 1ul);
}

static void take_neighbours(struct snapshot *snapshot, const struct snapshot *before)
{
	if (!before || !same_rows(snapshot->next_hops, snapshot->next_hop_count, before->next_hops,
				  before->next_hop_count)) {
		fill_neighbours(snapshot);
		return;
	}
	COPY_ROWS(snapshot, before, neighbours, snapshot->next_hop_mask + 1ul);
	COPY_ROWS(snapshot, before, macs, snapshot->next_hop_mask + 1ul);
}

static bool add_owner_roles(struct snapshot *snapshot, const struct refusal *refusal)
{
	const struct allocator *allocator = &snapshot->allocator;
	size_t head = (sizeof(*snapshot->owner_roles) + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE *
		      ABI_CACHE_LINE;
	uint8_t *memory =
		allocator->allocate(allocator->context, head + owner_roles_size(snapshot));

	if (!memory)
		return refuse(refusal, "no memory for the roles of addresses");
	snapshot->owner_roles = (struct owner_roles *)(void *)memory;
	owner_roles_fill(snapshot->owner_roles, memory + head, snapshot);
	return true;
}

struct snapshot *snapshot_build(struct object *const *objects, uint32_t count,
				const struct snapshot *before, const struct tables_limits *limits,
				const struct allocator *allocator, const struct refusal *refusal)
{
	const struct snapshot *alike = same_layout(objects, count, before) ? before : NULL;
	struct snapshot_extent extent = alike ? alike->extent : measure(objects, count);
	struct snapshot *snapshot = allocate_snapshot(&extent, count, allocator);

	if (!snapshot) {
		refuse(refusal, "no memory for a snapshot of %u objects", count);
		return NULL;
	}
	place_objects(snapshot, objects, alike);
	if (!validate_links(snapshot, before, refusal) ||
	    !take_listeners(snapshot, before, refusal) || !fill_locals(snapshot, refusal) ||
	    (limits->several_workers && !add_owner_roles(snapshot, refusal))) {
		allocator->release(allocator->context, snapshot);
		return NULL;
	}
	take_endpoints(snapshot, before);
	fill_hosts(snapshot);
	fill_groups(snapshot);
	take_neighbours(snapshot, before);
	fill_routes(snapshot);
	snapshot_fill_rules(snapshot, limits);
	if (limits->several_workers)
		snapshot_note_turned(snapshot, before);
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
	if (snapshot->owner_roles)
		allocator.release(allocator.context, snapshot->owner_roles);
	allocator.release(allocator.context, snapshot);
}
