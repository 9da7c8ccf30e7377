/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/scene.h"

#include <stdlib.h>
#include <string.h>

static uint32_t families(const struct scene *scene)
{
	return scene->features & FEATURE_IPV6 ? 2 : 1;
}

uint8_t scene_family(struct scene *scene)
{
	return choose_below(scene->choices, families(scene)) == 0 ? 4 : 6;
}

void scene_address(uint8_t family, enum scene_net net, uint32_t host, uint8_t out[16])
{
	static const uint8_t ipv4[NET_COUNT][2] = {{203, 0},  {100, 64}, {10, 1},
						   {198, 51}, {10, 2},   {10, 3}};

	memset(out, 0, 16);
	if (family == 4) {
		memset(out + 10, 0xff, 2);
		memcpy(out + 12, ipv4[net], 2);
	} else {
		memcpy(out, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)net}, 6);
		out[10] = (uint8_t)(host >> 2);
	}
	out[14] = (uint8_t)(host >> 8);
	out[15] = (uint8_t)host;
}

uint16_t scene_port(struct scene *scene)
{
	static const uint16_t ports[] = {80,   53,   443,  8080, 9090, 75,
					 8050, 1030, 2000, 5000, 4001, 0};

	return ports[choose_below(scene->choices, 12)];
}

void scene_mac(uint32_t number, uint8_t out[6])
{
	memcpy(out, (uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)number}, 6);
}

static void make_ports(struct scene *scene)
{
	static const uint16_t mtus[] = {1500, 1500, 1280, 576, 9000};

	for (uint32_t i = 0; i < SCENE_PORTS; i++) {
		struct model_port *port = &scene->ports[i];

		scene_mac(0xa0 + i, port->mac);
		port->mtu = mtus[choose_below(scene->choices, 5)];
		port->reply_by_route = choose_rarely(scene->choices, 4);
		port->learn_from_anyone = choose_rarely(scene->choices, 3);
		port->any_mac = choose_rarely(scene->choices, 4);
		port->unsteered = choose_rarely(scene->choices, 3);
	}
}

static void make_settings(struct scene *scene)
{
	struct abi_settings *settings = &scene->tables.settings;

	settings->ring_key[0] = choose_below(scene->choices, UINT32_MAX);
	settings->ring_key[1] = choose_below(scene->choices, UINT32_MAX);
	settings->node_count = 1 + choose_rarely(scene->choices, 3);
	settings->node_id = choose_below(scene->choices, settings->node_count);
}

static void make_family(struct scene *scene, uint32_t family)
{
	for (uint32_t i = 0; i < SCENE_HOSTS + 4; i++)
		scene_make_next_hop(scene, NEXT_HOPS_OF(family) + i);
	for (uint32_t i = 0; i < 2 * SCENE_HOSTS; i++)
		scene_make_backend(scene, BACKENDS_OF(family) + i);
	for (uint32_t i = 0; i < 3; i++)
		scene_make_ring(scene, RINGS_OF(family) + i);
	for (uint32_t i = 0; i < 2; i++)
		scene_make_pool(scene, POOLS_OF(family) + i);
	for (uint32_t i = 0; i < SCENE_SERVICES; i++)
		scene_make_service(scene, SERVICES_OF(family) + i);
}

struct scene *scene_new(struct choices *choices, uint32_t features)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene)
		abort();
	scene->choices = choices;
	scene->features = features;
	scene->epoch = 1;
	scene->has_default_route = true;
	make_ports(scene);
	make_settings(scene);
	for (uint32_t family = 0; family < families(scene); family++)
		make_family(scene, family);
	scene_make_routes(scene);
	scene_make_hosts(scene);
	return scene;
}

void scene_free(struct scene *scene)
{
	struct model_tables *tables = &scene->tables;

	for (uint32_t i = 0; i < MODEL_OBJECTS; i++) {
		free(tables->services[i]);
		free(tables->backends[i]);
		free(tables->rings[i]);
		free(tables->next_hops[i]);
		free(tables->local_pools[i]);
	}
	free(tables->routes);
	free(tables->host_addresses);
	free(scene);
}

/* Another state, another backend in its place, or none; most often the ring knows. */
static void change_backend(struct scene *scene, uint32_t family)
{
	uint32_t place = choose_below(scene->choices, 2 * SCENE_HOSTS);
	struct abi_backend **backend = &scene->tables.backends[BACKENDS_OF(family) + place];
	bool is_gone = *backend && choose_rarely(scene->choices, 8);

	if (is_gone) {
		free(*backend);
		*backend = NULL;
	} else if (!*backend || choose_rarely(scene->choices, 6)) {
		scene_make_backend(scene, BACKENDS_OF(family) + place);
	} else {
		(*backend)->state =
			(uint8_t)(ABI_BACKEND_UP + choose_below(scene->choices, ABI_BACKEND_DOWN));
		(*backend)->expired =
			(*backend)->state == ABI_BACKEND_DOWN && choose_rarely(scene->choices, 3);
	}
	if (is_gone || !choose_rarely(scene->choices, 4))
		scene_make_ring(scene, RINGS_OF(family) + place % 2);
}

static void change_service(struct scene *scene, uint32_t family)
{
	uint32_t index = SERVICES_OF(family) + choose_below(scene->choices, SCENE_SERVICES);
	struct abi_service *service = scene->tables.services[index];

	if (!service || choose_rarely(scene->choices, 6)) {
		scene_make_service(scene, index);
	} else if (choose_rarely(scene->choices, 6)) {
		free(service);
		scene->tables.services[index] = NULL;
	} else if (choose_rarely(scene->choices, 3)) {
		service->ring = choose_rarely(scene->choices, 4) ? ABI_NONE : RINGS_OF(family) + 2;
	} else {
		service->ring = RINGS_OF(family) + (service->forwarding == ABI_FULL_NAT);
		service->hash_on = (uint8_t)(1 + choose_below(scene->choices, 2));
	}
}

static void change_next_hop(struct scene *scene, uint32_t family)
{
	uint32_t index = NEXT_HOPS_OF(family) + choose_below(scene->choices, SCENE_HOSTS + 4);
	struct abi_next_hop *hop = scene->tables.next_hops[index];

	switch (choose_below(scene->choices, 4)) {
	case 0:
		scene_make_next_hop(scene, index);
		break;
	case 1:
		hop->mac[4] = (uint8_t)choose_below(scene->choices, 3);
		break;
	case 2:
		scene_mac(1 + choose_below(scene->choices, SCENE_MACS), hop->mac);
		break;
	default:
		hop->resolved = !hop->resolved || !choose_rarely(scene->choices, 2);
	}
}

void scene_change(struct scene *scene)
{
	uint32_t family = choose_below(scene->choices, families(scene));
	uint32_t kind = choose_below(scene->choices, 16);

	if (kind < 6)
		change_backend(scene, family);
	else if (kind < 10)
		change_service(scene, family);
	else if (kind < 13)
		change_next_hop(scene, family);
	else if (kind == 13)
		scene_make_pool(scene, POOLS_OF(family) + choose_below(scene->choices, 2));
	else if (kind == 14)
		make_settings(scene);
	scene->has_default_route = kind != 15 || !scene->has_default_route;
	scene_make_routes(scene);
	scene_make_hosts(scene);
}
