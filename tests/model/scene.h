/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Random worlds, and random changes to them: ports, services, backends in all
 * states, rings, pools, next hops, routes.
 *
 *   clients --(port 0)-- Headrace --(port 1)-- backends
 *
 * Families come in twos of everything: what is drawn for IPv4 has its like for IPv6.
 */
#pragma once

#include "tests/model/choices.h"
#include "tests/model/model.h"

#define SCENE_PORTS    2
#define SCENE_HOSTS    5 /* with a backend for dnat and one for full NAT each */
#define SCENE_SERVICES 8 /* of a family */
#define SCENE_MACS     8 /* of clients and routers */

enum scene_net {
	NET_CLIENTS,
	NET_FAR,
	NET_BACKENDS,
	NET_SERVICES,
	NET_LOCALS,
	NET_SELF,
	NET_COUNT
};

struct scene {
	struct choices *choices;
	uint32_t features;
	struct model_tables tables;
	struct model_port ports[SCENE_PORTS];
	uint32_t epoch; /* of the next object */
	bool has_default_route;
};

struct scene *scene_new(struct choices *choices, uint32_t features);
void scene_free(struct scene *scene);

/* A few objects change, come or go. To be published. */
void scene_change(struct scene *scene);

/* 4 or 6. */
uint8_t scene_family(struct scene *scene);
void scene_address(uint8_t family, enum scene_net net, uint32_t host, uint8_t out[16]);
/* A port that something listens at, or might; 0 too. */
uint16_t scene_port(struct scene *scene);
/* Somebody's MAC, out of so many that routers have the first ones. */
void scene_mac(uint32_t number, uint8_t out[6]);

/* Objects, drawn anew (scene_objects.c, scene_services.c). */
void scene_make_backend(struct scene *scene, uint32_t index);
void scene_make_ring(struct scene *scene, uint32_t index);
void scene_make_service(struct scene *scene, uint32_t index);
void scene_make_next_hop(struct scene *scene, uint32_t index);
void scene_make_pool(struct scene *scene, uint32_t index);
void scene_make_routes(struct scene *scene);
void scene_make_hosts(struct scene *scene);

/* Where the objects of a family (0: IPv4, 1: IPv6) have their indexes. */
#define BACKENDS_OF(family) ((family)*2 * SCENE_HOSTS)
#define SERVICES_OF(family) ((family)*SCENE_SERVICES)
#define NEXT_HOPS_OF(family)                                                 \
	((family) * (SCENE_HOSTS + 4)) /* backends, two routers, two clients \
					*/
#define RINGS_OF(family) ((family)*3)  /* dnat, full NAT, nobody */
#define POOLS_OF(family) ((family)*2)
