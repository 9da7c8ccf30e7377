/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/publish/world.h"

#include "tests/unit/memory_source.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "world: %s\n", what);
	abort();
}

static struct address address_of(const char *text)
{
	struct address address;

	must(address_parse(text, &address) == 0, text);
	return address;
}

struct ip_address world_address(const char *text)
{
	struct address address = address_of(text);

	return ip_address_load(address.bytes);
}

static void *allocate(void *context, size_t size)
{
	struct world *world = context;
	void *memory = NULL;

	if (world->meanwhile)
		world->meanwhile(world);
	if (++world->allocated == world->fail_at)
		return NULL;
	/* Of just this size: a sanitizer sees one byte beyond. */
	must(posix_memalign(&memory, 64, size) == 0, "no memory");
	memset(memory, 0, size);
	world->allocations++;
	return memory;
}

static void release(void *context, void *memory)
{
	struct world *world = context;

	world->allocations--;
	free(memory);
}

struct allocator world_allocator(struct world *world)
{
	return (struct allocator){allocate, release, world};
}

static uint64_t flows_of_backend(void *context, uint32_t index)
{
	const struct world *world = context;

	return world->flows[index];
}

struct world *world_open(void)
{
	struct world *world = calloc(1, sizeof(*world));
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	must(world != NULL, "no memory");
	snprintf(world->run_dir, sizeof(world->run_dir), "%s/headrace-publish-XXXXXX", base);
	must(mkdtemp(world->run_dir) != NULL, "no directory");
	world->config = (struct config){
		.revision = 1,
		.node = {.name = "lb1"},
		.dataplane = {.ports = world->ports, .port_count = 2, .workers = 1},
		.defaults = {.drain_timeout = 300000, .maglev_size = 65537},
		.local_pools = world->local_pools,
		.pools = world->pools,
		.services = world->services,
	};
	world->input = (struct publish_input){
		.config = &world->config,
		.next_hops = world->next_hops,
		.routes = world->routes,
		.host_addresses = world->host_addresses,
		.now_ms = 1000000,
		.flows_of_backend = flows_of_backend,
		.context = world,
	};
	for (size_t i = 0; i < WORLD_POOLS; i++)
		world->pools[i].backends = world->backends[i];
	must(publisher_open(world->run_dir, &world->publisher) == 0, "publisher_open");
	return world;
}

void world_close(struct world *world)
{
	struct dirent *entry;
	DIR *directory = opendir(world->run_dir);

	publisher_close(world->publisher);
	snapshot_release(world->snapshot);
	must(world->allocations == 0, "memory of snapshots is left");
	must(directory != NULL, "run_dir is gone");
	while ((entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(world->run_dir);
	free(world);
}

void world_restart_publisher(struct world *world)
{
	publisher_close(world->publisher);
	must(publisher_open(world->run_dir, &world->publisher) == 0, "publisher_open");
}

struct config_pool *world_add_pool(struct world *world, const char *name)
{
	struct config_pool *pool = &world->pools[world->config.pool_count++];

	must(world->config.pool_count <= WORLD_POOLS, "too many pools");
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	return pool;
}

struct config_backend *world_add_backend(struct world *world, struct config_pool *pool,
					 const char *name, const char *address, uint16_t port)
{
	struct config_backend *backend = &pool->backends[pool->backend_count];

	must(pool->backend_count < WORLD_BACKENDS, "too many backends");
	world->health[pool - world->pools][pool->backend_count++] =
		(struct publish_backend){.up = true};
	*backend = (struct config_backend){
		.address = address_of(address), .port = port, .weight = 100};
	snprintf(backend->name, sizeof(backend->name), "%s", name);
	return backend;
}

struct config_service *world_add_service(struct world *world, const char *name, const char *address,
					 uint16_t port, enum config_forwarding forwarding,
					 const char *pool)
{
	size_t at = world->config.service_count++;
	struct config_service *service = &world->services[at];

	must(at < WORLD_SERVICES, "too many services");
	world->service_addresses[at][0] = address_of(address);
	world->service_ports[at][0] = (struct config_port_range){port, port};
	*service = (struct config_service){
		.addresses = world->service_addresses[at],
		.address_count = 1,
		.ports = world->service_ports[at],
		.port_count = 1,
		.forwarding = forwarding,
		.hash_on = CONFIG_HASH_ADDRESS_PORT,
		.mss_clamp = 1360,
		.timeouts = {5000, 7440000, 10000, 300000, 10000},
	};
	snprintf(service->name, sizeof(service->name), "%s", name);
	snprintf(service->pool, sizeof(service->pool), "%s", pool);
	if (forwarding == CONFIG_FULL_NAT)
		snprintf(service->local_pool, sizeof(service->local_pool), "snat");
	return service;
}

void world_add_local_pool(struct world *world, const char *name, const char *address)
{
	size_t at = world->config.local_pool_count++;
	struct config_local_pool *pool = &world->local_pools[at];

	must(at < 2, "too many local pools");
	world->local_addresses[at][0] = address_of(address);
	*pool = (struct config_local_pool){.addresses = world->local_addresses[at],
					   .address_count = 1,
					   .port_first = 1024,
					   .port_last = 65535};
	snprintf(pool->name, sizeof(pool->name), "%s", name);
}

struct publish_next_hop *world_add_next_hop(struct world *world, const char *address, uint16_t port,
					    uint8_t last_byte_of_mac)
{
	struct publish_next_hop *hop = &world->next_hops[world->input.next_hop_count++];

	must(world->input.next_hop_count <= WORLD_LINKS, "too many next hops");
	*hop = (struct publish_next_hop){.address = address_of(address),
					 .mac = {2, 0, 0, 0, 0, last_byte_of_mac},
					 .port = port,
					 .mtu = 1500,
					 .resolved = true};
	return hop;
}

void world_add_route(struct world *world, const char *prefix, uint8_t length, uint16_t port,
		     const char *gateway)
{
	struct publish_route *route = &world->routes[world->input.route_count++];

	must(world->input.route_count <= WORLD_LINKS, "too many routes");
	*route = (struct publish_route){.prefix = address_of(prefix),
					.length = length,
					.port = port,
					.on_link = gateway == NULL};
	if (gateway)
		route->gateway = address_of(gateway);
}

void world_fill(struct world *world)
{
	struct config_pool *web = world_add_pool(world, "web");

	world_add_backend(world, web, "a", "10.0.0.11", 8080);
	world_add_backend(world, web, "b", "10.0.0.12", 8080);
	world_add_backend(world, web, "c", "10.0.0.13", 8080);
	world_add_local_pool(world, "snat", "10.0.0.250");
	world_add_service(world, "web", "198.51.100.10", 80, CONFIG_DNAT, "web");
	world_add_service(world, "nat", "198.51.100.10", 81, CONFIG_FULL_NAT, "web");
	world_add_next_hop(world, "198.51.100.1", 0, 1);
	for (uint8_t i = 0; i < 3; i++) {
		char address[16];

		snprintf(address, sizeof(address), "10.0.0.%d", 11 + i);
		world_add_next_hop(world, address, 1, (uint8_t)(11 + i));
		world->health[0][i].has_next_hop = true;
		world->health[0][i].port = 1;
		world->health[0][i].next_hop = address_of(address);
	}
	world_add_route(world, "0.0.0.0", 0, 0, "198.51.100.1");
	world_add_route(world, "10.0.0.0", 24, 1, NULL);
	world_add_route(world, "198.51.100.0", 24, 0, NULL);
	world->host_addresses[0] = address_of("198.51.100.2");
	world->host_addresses[1] = address_of("2001:db8::2");
	world->host_addresses[2] = address_of("10.0.0.1");
	world->input.host_address_count = 3;
}

struct world *world_open_published(void)
{
	struct world *world = world_open();

	world_fill(world);
	world->config.defaults.maglev_size = 101;
	must(world_publish(world) == 1, "nothing was published");
	return world;
}

int world_set_up(void **state)
{
	*state = world_open();
	world_fill(*state);
	return 0;
}

int world_tear_down(void **state)
{
	world_close(*state);
	return 0;
}

int world_publish(struct world *world)
{
	struct publish_backend *health = NULL;
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < world->config.pool_count; i++)
		count += world->pools[i].backend_count;
	health = calloc(count + 1, sizeof(*health));
	must(health != NULL, "no memory");
	world->input.backends = health;
	world->input.backend_count = count;
	count = 0;
	for (size_t i = 0; i < world->config.pool_count; i++)
		for (size_t row = 0; row < world->pools[i].backend_count; row++)
			health[count++] = world->health[i][row];
	rc = publisher_publish(world->publisher, &world->input);
	free(health);
	return rc;
}

enum tables_outcome world_take_source(struct world *world, const struct tables_source *source)
{
	const struct tables_limits limits = {.port_count = 2};
	struct allocator allocator = world_allocator(world);
	struct snapshot *snapshot = NULL;
	enum tables_outcome outcome;

	outcome = tables_take(source, world->snapshot, &limits, &allocator, &snapshot,
			      &world->generation, world->reason, sizeof(world->reason));
	if (outcome == TABLES_TAKEN) {
		snapshot_release(world->snapshot);
		world->snapshot = snapshot;
	}
	return outcome;
}

enum tables_outcome world_take_bytes(struct world *world, const void *bytes, size_t size)
{
	const struct memory_source memory = {bytes, size};
	const struct tables_source source = memory_source(&memory);

	return world_take_source(world, &source);
}

static int open_file(const struct world *world, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", world->run_dir, ABI_FILE_TABLES);
	fd = open(path, flags | O_CLOEXEC);
	must(fd >= 0, "no tables file");
	return fd;
}

enum tables_outcome world_take(struct world *world)
{
	int fd = open_file(world, O_RDONLY);
	enum tables_outcome outcome;
	struct stat status;
	void *bytes;

	must(fstat(fd, &status) == 0, "fstat");
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	must(bytes != MAP_FAILED, "mmap");
	outcome = world_take_bytes(world, bytes, (size_t)status.st_size);
	munmap(bytes, (size_t)status.st_size);
	close(fd);
	return outcome;
}

void world_step(struct world *world)
{
	int rc = world_publish(world);

	if (rc != 1)
		fprintf(stderr, "publish: %d: %s\n", rc, publisher_reason(world->publisher));
	must(rc == 1, "nothing was published");
	world->reason[0] = '\0';
	if (world_take(world) != TABLES_TAKEN)
		must(false, world->reason);
}

uint8_t *world_read_file(const struct world *world, size_t *size)
{
	int fd = open_file(world, O_RDONLY);
	struct stat status;
	uint8_t *bytes;

	must(fstat(fd, &status) == 0, "fstat");
	*size = (size_t)status.st_size;
	bytes = calloc(1, *size);
	must(bytes != NULL, "no memory");
	/* The file is sparse: only what there is. */
	for (off_t from = 0, to; (from = lseek(fd, from, SEEK_DATA)) >= 0; from = to) {
		to = lseek(fd, from, SEEK_HOLE);
		must(pread(fd, bytes + from, (size_t)(to - from), from) == to - from, "read");
	}
	close(fd);
	return bytes;
}

void world_write_file(const struct world *world, const uint8_t *bytes, size_t size)
{
	int fd = open_file(world, O_WRONLY | O_TRUNC);

	must(write(fd, bytes, size) == (ssize_t)size, "write");
	close(fd);
}

uint32_t world_index(const struct world *world, const struct config_pool *pool, size_t row)
{
	int index = publisher_backend_index(world->publisher, pool->name, &pool->backends[row]);

	must(index >= 0, "backend was not published");
	return (uint32_t)index;
}
