/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Each object is drawn anew, in place of the one at its index. */
#include "tests/model/scene.h"

#include <stdlib.h>
#include <string.h>

/* In place of *object. */
static void *replace(void *object, size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	free(object);
	return memory;
}

static uint32_t draw(struct scene *scene, uint32_t bound)
{
	return choose_below(scene->choices, bound);
}

void scene_make_backend(struct scene *scene, uint32_t index)
{
	static const uint16_t ports[] = {8080, 9090, 80, 0, 8080};
	static const uint32_t protocols[] = {ABI_BACKEND_TCP | ABI_BACKEND_UDP,
					     ABI_BACKEND_TCP | ABI_BACKEND_UDP, ABI_BACKEND_TCP,
					     ABI_BACKEND_UDP, 0};
	uint32_t family = index >= BACKENDS_OF(1);
	uint32_t host = (index - BACKENDS_OF(family)) / 2;
	bool full_nat = (index - BACKENDS_OF(family)) % 2;
	struct abi_backend *backend = scene->tables.backends[index] =
		replace(scene->tables.backends[index], sizeof(*backend));

	strcpy(backend->name, "pool/backend");
	backend->family = family == 0 ? 4 : 6;
	/* Now and then at an address that is something else already. */
	bool is_odd = choose_rarely(scene->choices, 24);
	scene_address(backend->family,
		      !is_odd               ? NET_BACKENDS
		      : draw(scene, 2) == 0 ? NET_SERVICES
					    : NET_LOCALS,
		      1 + host, backend->address);
	backend->port = ports[draw(scene, 5)];
	backend->state = (uint8_t)(draw(scene, 2) ? ABI_BACKEND_UP : 1 + draw(scene, 3));
	backend->epoch = scene->epoch++;
	backend->next_hop =
		choose_rarely(scene->choices, 32) ? ABI_NONE : NEXT_HOPS_OF(family) + host;
	backend->weight = 100;
	backend->flags =
		full_nat ? ABI_BACKEND_FULL_NAT : ABI_BACKEND_DNAT | protocols[draw(scene, 5)];
}

/* Of those that are up, now and then of anybody; all alike, or one nearly alone. */
void scene_make_ring(struct scene *scene, uint32_t index)
{
	static const uint32_t sizes[] = {2, 7, 31, 251, 307};
	uint32_t family = index >= RINGS_OF(1);
	uint32_t kind = index - RINGS_OF(family);
	uint32_t size = sizes[draw(scene, 5)];
	bool anybody = choose_rarely(scene->choices, 8);
	bool skewed = choose_rarely(scene->choices, 4);
	uint16_t members[SCENE_HOSTS];
	uint32_t count = 0;
	struct abi_ring *ring = scene->tables.rings[index] =
		replace(scene->tables.rings[index], sizeof(*ring) + size * sizeof(ring->slots[0]));

	for (uint32_t host = 0; kind < 2 && host < SCENE_HOSTS; host++) {
		uint32_t index_of = BACKENDS_OF(family) + 2 * host + kind;
		const struct abi_backend *backend = scene->tables.backends[index_of];

		if (backend && (anybody || backend->state == ABI_BACKEND_UP))
			members[count++] = (uint16_t)index_of;
	}
	ring->size = size;
	ring->backend_count = count;
	for (uint32_t i = 0; i < size; i++)
		ring->slots[i] = count == 0               ? ABI_NO_BACKEND
				 : skewed && i % 300 != 0 ? members[0]
				 : i < 64                 ? members[draw(scene, count)]
							  : ring->slots[i % 64];
}

void scene_make_next_hop(struct scene *scene, uint32_t index)
{
	uint32_t family = index >= NEXT_HOPS_OF(1);
	uint32_t place = index - NEXT_HOPS_OF(family);
	struct abi_next_hop *hop = scene->tables.next_hops[index] =
		replace(scene->tables.next_hops[index], sizeof(*hop));

	/* Backends, then routers and clients of the link, with the first MACs. */
	if (place < SCENE_HOSTS) {
		scene_address(family == 0 ? 4 : 6, NET_BACKENDS, 1 + place, hop->address);
		scene_mac(0xb0 + place, hop->mac);
		hop->port = 1;
	} else {
		scene_address(family == 0 ? 4 : 6, NET_CLIENTS, 1 + place - SCENE_HOSTS,
			      hop->address);
		scene_mac(1 + place - SCENE_HOSTS, hop->mac);
		hop->port = choose_rarely(scene->choices, 8);
	}
	hop->vlan = choose_rarely(scene->choices, 6) ? 7 : 0;
	hop->mtu = choose_rarely(scene->choices, 6) ? 1000 : 0;
	hop->epoch = scene->epoch++;
	hop->outer_vlan = hop->vlan != 0 && hop->epoch % 2 ? ABI_OUTER_8021Q | 9 : 0;
	hop->resolved = !choose_rarely(scene->choices, 16);
}

void scene_make_pool(struct scene *scene, uint32_t index)
{
	static const uint16_t ranges[][2] = {
		{1024, 65535}, {1024, 1033}, {2000, 2120}, {5000, 5000}, {1024, 2047}};
	uint32_t family = index >= POOLS_OF(1);
	uint32_t count = 1 + draw(scene, 2);
	uint32_t range = draw(scene, 5);
	struct abi_local_pool *pool = scene->tables.local_pools[index] =
		replace(scene->tables.local_pools[index], sizeof(*pool) + count * 16);

	strcpy(pool->name, "pool");
	pool->epoch = scene->epoch++;
	pool->port_first = ranges[range][0];
	pool->port_last = ranges[range][1];
	pool->address_count = count;
	for (uint32_t i = 0; i < count; i++)
		scene_address(family == 0 ? 4 : 6, NET_LOCALS,
			      1 + 2 * (index - POOLS_OF(family)) + i, pool->addresses[i]);
}

static int longest_first(const void *left, const void *right)
{
	const struct abi_route *one = left, *other = right;

	return one->length != other->length ? other->length - one->length
					    : memcmp(one->prefix, other->prefix, 16);
}

static void add_route(struct scene *scene, uint8_t family, enum scene_net net, uint32_t bits,
		      uint32_t next_hop)
{
	struct abi_route *route = &scene->tables.routes->rows[scene->tables.routes->count++];

	scene_address(family, net, 0, route->prefix);
	if (bits == 0)
		memset(route->prefix + (family == 4 ? 12 : 0), 0, 4);
	if (bits == 0 && family == 6)
		memset(route->prefix, 0, 16);
	route->length = (uint8_t)(bits + (family == 4 ? 96 : 0));
	route->port = net == NET_BACKENDS;
	route->next_hop = next_hop;
}

void scene_make_routes(struct scene *scene)
{
	struct abi_routes *routes = scene->tables.routes =
		replace(scene->tables.routes, sizeof(*routes) + 8 * sizeof(struct abi_route));

	for (uint32_t family = 0; family < (scene->features & FEATURE_IPV6 ? 2u : 1u); family++) {
		uint8_t name = family == 0 ? 4 : 6;
		uint32_t router = NEXT_HOPS_OF(family) + SCENE_HOSTS;

		add_route(scene, name, NET_CLIENTS, name == 4 ? 16 : 64, ABI_NONE);
		add_route(scene, name, NET_BACKENDS, name == 4 ? 16 : 64, ABI_NONE);
		add_route(scene, name, NET_FAR, name == 4 ? 30 : 126, router + 1);
		if (scene->has_default_route)
			add_route(scene, name, NET_CLIENTS, 0, router);
	}
	qsort(routes->rows, routes->count, sizeof(routes->rows[0]), longest_first);
}

/* Services, local addresses and our own. */
void scene_make_hosts(struct scene *scene)
{
	struct abi_host_addresses *hosts = scene->tables.host_addresses =
		replace(scene->tables.host_addresses, sizeof(*hosts) + 32 * 16);

	for (uint32_t family = 0; family < (scene->features & FEATURE_IPV6 ? 2u : 1u); family++) {
		uint8_t name = family == 0 ? 4 : 6;

		for (uint32_t i = 1; i <= 4; i++)
			scene_address(name, NET_SERVICES, i, hosts->addresses[hosts->count++]);
		for (uint32_t i = 1; i <= 4; i++)
			scene_address(name, NET_LOCALS, i, hosts->addresses[hosts->count++]);
		scene_address(name, NET_SELF, 1, hosts->addresses[hosts->count++]);
		scene_address(name, NET_CLIENTS, 9, hosts->addresses[hosts->count++]);
	}
}
