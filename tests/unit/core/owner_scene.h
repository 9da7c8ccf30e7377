/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A world and what it tells owners; headers made by hand. */
#pragma once

#include "dataplane/core/owner.h"
#include "tests/unit/core/world.h"

struct owner_scene {
	struct world *world; /* taken over */
	struct owner_roles roles;
	void *memory;
};

void owner_scene_open(struct owner_scene *scene, struct world *world);
void owner_scene_close(struct owner_scene *scene);

/* With a redirection table of all workers in turn, but shuffled, and the key of Microsoft's
 * vectors. */
void owner_use_workers(struct owner *owner, uint32_t workers, uint32_t reta_size,
		       uint64_t random[2]);
/* 64 to 512. */
uint32_t owner_any_reta_size(uint64_t random[2]);

/* Of TCP. */
struct headers headers_of(uint8_t family, const char *source, uint16_t source_port,
			  const char *destination, uint16_t destination_port);
void headers_set_end(struct headers *headers, bool destination, const struct ip_address *address,
		     uint16_t port);
struct headers headers_turned(const struct headers *headers);
/* Gives them another source each time, as there are in the Internet. */
void headers_draw_client(struct headers *headers, uint64_t random[2]);
