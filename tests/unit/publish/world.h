/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Both ends of `tables` in one process: a configuration made by hand, a
 * publisher on a directory of its own, and a reader that takes generations as
 * the dataplane does. Failures of the setting itself abort.
 */
#pragma once

#include "controlplane/publish/publish.h"
#include "dataplane/core/tables.h"

#define WORLD_POOLS    20
#define WORLD_BACKENDS 600 /* of a pool */
#define WORLD_SERVICES 20
#define WORLD_LINKS    16

struct world {
	char run_dir[64];
	struct publisher *publisher;

	/* What is published; tests change it as they like. */
	struct config config;
	struct config_port ports[2];
	struct config_pool pools[WORLD_POOLS];
	struct config_backend backends[WORLD_POOLS][WORLD_BACKENDS];
	struct publish_backend health[WORLD_POOLS][WORLD_BACKENDS];
	struct config_service services[WORLD_SERVICES];
	struct address service_addresses[WORLD_SERVICES][2];
	struct config_port_range service_ports[WORLD_SERVICES][2];
	struct config_local_pool local_pools[2];
	struct address local_addresses[2][4];
	struct publish_next_hop next_hops[WORLD_LINKS];
	struct publish_route routes[WORLD_LINKS];
	struct address host_addresses[WORLD_LINKS];
	struct publish_input input;
	uint64_t flows[WORLD_BACKENDS]; /* what flows_of_backend() answers, by index */

	/* What the reader has. */
	struct snapshot *snapshot;
	uint64_t generation;
	char reason[256];
	size_t allocations; /* that have not been released */
	size_t allocated;   /* so far */
	size_t fail_at;     /* the allocation that gets no memory, counted from 1; 0: none */
	/* Called before each allocation: what the writer does while the reader copies. */
	void (*meanwhile)(struct world *world);
};

/* Empty: no pool, no service; two ports. */
struct world *world_open(void);
void world_close(struct world *world);

/* As after kill -9 of the control plane: another publisher on the same directory. */
void world_restart_publisher(struct world *world);

struct config_pool *world_add_pool(struct world *world, const char *name);
struct config_backend *world_add_backend(struct world *world, struct config_pool *pool,
					 const char *name, const char *address, uint16_t port);
/* TCP with hashing on address and port. */
struct config_service *world_add_service(struct world *world, const char *name, const char *address,
					 uint16_t port, enum config_forwarding forwarding,
					 const char *pool);
void world_add_local_pool(struct world *world, const char *name, const char *address);
struct publish_next_hop *world_add_next_hop(struct world *world, const char *address, uint16_t port,
					    uint8_t last_byte_of_mac);
void world_add_route(struct world *world, const char *prefix, uint8_t length, uint16_t port,
		     const char *gateway);

/* "web": a, b, c behind a dnat service 198.51.100.10:80; "snat", a full-nat service on port 81. */
void world_fill(struct world *world);
/* Filled, with small rings, and published once. */
struct world *world_open_published(void);

/* For cmocka: the state of a test is a filled world. */
int world_set_up(void **state);
int world_tear_down(void **state);

int world_publish(struct world *world);
/* Takes the live file's generation; a taken snapshot replaces world->snapshot. */
enum tables_outcome world_take(struct world *world);
/* Publishes, which must give a new generation, and takes it, which must succeed. */
void world_step(struct world *world);
/* As world_take() for a file read in another way, and for bytes that need not be the live file's.
 */
enum tables_outcome world_take_source(struct world *world, const struct tables_source *source);
enum tables_outcome world_take_bytes(struct world *world, const void *bytes, size_t size);

/* The live file in private memory; free() it. */
uint8_t *world_read_file(const struct world *world, size_t *size);
void world_write_file(const struct world *world, const uint8_t *bytes, size_t size);

struct allocator world_allocator(struct world *world);
/* "10.0.0.1" or "2001:db8::1". */
struct ip_address world_address(const char *text);
/* The same, to be pointed at. */
#define WORLD_AT(text) ((const struct ip_address[]){world_address(text)})
/* Index of a backend in `tables`, which must have it. */
uint32_t world_index(const struct world *world, const struct config_pool *pool, size_t row);
