/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/owner_scene.h"

#include "dataplane/core/random.h"
#include "tests/unit/core/toeplitz_key.h"

#include <stdlib.h>
#include <string.h>

void owner_scene_open(struct owner_scene *scene, struct world *world)
{
	size_t size = owner_roles_size(world->snapshot);

	scene->world = world;
	scene->memory = aligned_alloc(ABI_CACHE_LINE, size);
	assert_non_null(scene->memory);
	memset(scene->memory, 0, size);
	owner_roles_fill(&scene->roles, scene->memory, world->snapshot);
}

void owner_scene_close(struct owner_scene *scene)
{
	world_free(scene->world);
	free(scene->memory);
}

void owner_use_workers(struct owner *owner, uint32_t workers, uint32_t reta_size,
		       uint64_t random[2])
{
	uint8_t reta[OWNER_RETA_MAX];

	owner_fill_reta(reta, reta_size, workers);
	for (uint32_t i = reta_size - 1; i > 0; i--) {
		uint32_t other = random_below((uint32_t)random_next(random), i + 1);
		uint8_t worker = reta[i];

		reta[i] = reta[other];
		reta[other] = worker;
	}
	assert_null(
		owner_init(owner, toeplitz_key, sizeof(toeplitz_key), workers, reta, reta_size));
}

uint32_t owner_any_reta_size(uint64_t random[2])
{
	return 64u << random_below((uint32_t)random_next(random), 4);
}

void headers_set_end(struct headers *headers, bool destination, const struct ip_address *address,
		     uint16_t port)
{
	uint8_t bytes[16];

	memcpy(bytes, address, sizeof(bytes));
	if (destination)
		flow_tuple_set_destination(&headers->tuple, bytes, htobe16(port));
	else
		flow_tuple_set_source(&headers->tuple, bytes, htobe16(port));
}

struct headers headers_of(uint8_t family, const char *source, uint16_t source_port,
			  const char *destination, uint16_t destination_port)
{
	struct headers headers = {.kind = HEADERS_FLOW, .has_ports = true};
	struct ip_address from = text_address(source), to = text_address(destination);

	headers.tuple.head = flow_tuple_head(0, TCP, family);
	headers_set_end(&headers, false, &from, source_port);
	headers_set_end(&headers, true, &to, destination_port);
	return headers;
}

struct headers headers_turned(const struct headers *headers)
{
	struct headers reply = *headers;

	reply.tuple = flow_tuple_reverse(&headers->tuple);
	return reply;
}

void headers_draw_client(struct headers *headers, uint64_t random[2])
{
	uint64_t bits = random_next(random);
	struct ip_address address = ip_address_of_ipv4(htobe32(0x40000000 | (uint32_t)bits >> 2));

	if (headers->tuple.family == 6)
		address = (struct ip_address){
			{htobe64(0x2a00000000000000 | bits >> 24), random_next(random)}};
	headers_set_end(headers, false, &address, (uint16_t)(1024 + (bits >> 40) % 60000));
}
