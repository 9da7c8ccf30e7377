/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/world.h"

#include "dataplane/core/checksum.h"
#include "dataplane/core/flow_file.h"
#include "dataplane/core/fragments.h"
#include "dataplane/core/owner.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/check.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_SIZE    65537
#define SERVICE_PORT 80
#define BACKEND_PORT 8080
#define HUGE_PAGE    (2ul << 20)

enum { PORT_CLIENTS, PORT_BACKENDS };

void *bench_memory(size_t size)
{
	size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uint8_t *whole = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (whole == MAP_FAILED) {
		fail_msg("no memory for %zu MiB", size >> 20);
		abort();
	}
	size_t skip = (HUGE_PAGE - (uintptr_t)whole % HUGE_PAGE) % HUGE_PAGE;
	if (skip > 0)
		munmap(whole, skip);
	munmap(whole + skip + size, HUGE_PAGE - skip);
	madvise(whole + skip, size, MADV_HUGEPAGE);
	memset(whole + skip, 0, size);
	return whole + skip;
}

void bench_memory_free(void *memory, size_t size)
{
	munmap(memory, (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
}

static void put_address(uint8_t bytes[16], uint8_t family, uint8_t net, uint16_t host)
{
	const uint8_t ipv4[16] = {[10] = 0xff, [11] = 0xff,          192,
				  net,         (uint8_t)(host >> 8), (uint8_t)host};
	const uint8_t ipv6[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, net, [14] = (uint8_t)(host >> 8), (uint8_t)host};

	memcpy(bytes, family == 4 ? ipv4 : ipv6, 16);
}

#define NET_SERVICES 1
#define NET_BACKENDS 2
#define NET_LOCALS   3
#define NET_ROUTERS  4

static void add_objects(struct bench_world *world)
{
	const struct bench_settings *settings = &world->settings;
	struct snapshot_builder *builder = world->builder;
	uint8_t family = settings->family;
	bool full = settings->mode == BENCH_FULL_NAT;
	uint16_t backends[BENCH_BACKENDS];

	for (uint32_t i = 0; i < BENCH_BACKENDS; i++) {
		struct abi_next_hop *hop = snapshot_builder_next_hop(
			builder, i, "10.0.0.1", PORT_BACKENDS, BENCH_MAC_PEER(PORT_BACKENDS));
		put_address(hop->address, family, NET_BACKENDS, (uint16_t)(i + 1));
		hop->mac[4] = (uint8_t)i; /* each its own */
		struct abi_backend *backend =
			snapshot_builder_backend(builder, i, "10.0.0.1", BACKEND_PORT, i);
		put_address(backend->address, family, NET_BACKENDS, (uint16_t)(i + 1));
		backend->family = family;
		backend->flags = full ? ABI_BACKEND_FULL_NAT
				      : ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
		backends[i] = (uint16_t)i;
	}
	struct abi_next_hop *router = snapshot_builder_next_hop(
		builder, BENCH_BACKENDS, "10.0.0.1", PORT_CLIENTS, BENCH_MAC_PEER(PORT_CLIENTS));
	put_address(router->address, family, NET_ROUTERS, 1);
	snapshot_builder_ring(builder, 0, RING_SIZE, backends, BENCH_BACKENDS);
	struct abi_local_pool *pool = snapshot_builder_local_pool(
		builder, 0, "10.0.0.1", settings->local_addresses, 1024, 65535);
	for (uint32_t i = 0; i < settings->local_addresses; i++)
		put_address(pool->addresses[i], family, NET_LOCALS, (uint16_t)(i + 1));
	struct abi_service *service = snapshot_builder_service(
		builder, 0, "10.0.0.1", SERVICE_PORT, settings->protocol, 0, full ? 0 : ABI_NONE);
	put_address(service->listeners[0].address, family, NET_SERVICES, 1);
	service->family = family;
}

/* MAP_FAILED: there are not so many pages of that kind. */
static void *map_file(size_t size, unsigned kind, int *fd)
{
	*fd = memfd_create("flows", MFD_CLOEXEC | kind);
	if (*fd < 0)
		return MAP_FAILED;
	void *memory = ftruncate(*fd, (off_t)size) != 0
			       ? MAP_FAILED
			       : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);

	if (memory == MAP_FAILED)
		close(*fd);
	return memory;
}

/* A file without a name, as the dataplane has it: in reserved huge pages, or in ordinary ones. */
static void *shared_memory(size_t size, int *fd)
{
	size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	void *memory = map_file(size, MFD_HUGETLB, fd);

	if (memory == MAP_FAILED)
		memory = map_file(size, 0, fd);
	assert_ptr_not_equal(memory, MAP_FAILED);
	memset(memory, 0, size);
	return memory;
}

static void open_tables(struct bench_world *world)
{
	static const uint64_t secret[2] = {0x243f6a8885a308d3, 0x13198a2e03707344};
	bool ipv6 = world->settings.family == 6;
	uint32_t capacity = world->settings.capacity;
	const uint32_t capacities[FAMILY_COUNT] = {ipv6 ? 0 : capacity, ipv6 ? capacity : 0};

	world->flows_file_size = flow_file_size(1, capacities);
	world->flows_file = world->settings.shares_flows
				    ? shared_memory(world->flows_file_size, &world->flows_fd)
				    : bench_memory(world->flows_file_size);
	struct abi_flows *file = flow_file_format(world->flows_file, 1, capacities, secret);
	file->file.instance = 1;
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		world->working_size[i] = flow_table_working_size(capacities[i]);
		world->working[i] = bench_memory(world->working_size[i]);
		world->engine.flows[i] =
			flow_table_open(world->working[i], file, 0, i, world->now_ms);
	}
	world->fragments = bench_memory(fragments_size());
	world->engine.fragments = fragments_open(world->fragments, secret, 0, 1, 0);
}

struct bench_world *bench_world_new(const struct bench_settings *settings)
{
	struct bench_world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->settings = *settings;
	world->now_ms = 1000000;
	world->engine.counters = bench_memory(sizeof(*world->engine.counters));
	world->engine.random[0] = 1;
	world->engine.port_count = 2;
	for (uint8_t i = 0; i < 2; i++)
		world->engine.ports[i] = (struct engine_port){
			.mac = {2, 0, 0, 0, 0, BENCH_MAC_PORT(i)}, .mtu = 1500};
	engine_set_isa(&world->engine, settings->isa);
	open_tables(world);
	world->builder = snapshot_builder_new();
	add_objects(world);
	world->snapshot = snapshot_builder_take_for(world->builder, world->engine.ports, 2);
	engine_use(&world->engine, world->snapshot);
	world->frames = bench_memory(BENCH_FRAMES * BENCH_FRAME_STRIDE);
	return world;
}

void bench_world_free(struct bench_world *world)
{
	snapshot_release(world->snapshot);
	snapshot_builder_free(world->builder);
	bench_memory_free(world->frames, BENCH_FRAMES * BENCH_FRAME_STRIDE);
	bench_memory_free(world->engine.counters, sizeof(*world->engine.counters));
	bench_memory_free(world->flows_file, world->flows_file_size);
	if (world->settings.shares_flows)
		close(world->flows_fd);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		bench_memory_free(world->working[i], world->working_size[i]);
	bench_memory_free(world->fragments, fragments_size());
	free(world);
}

struct owner *bench_owner_new(uint32_t workers)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	uint8_t key[TOEPLITZ_KEY_SIZE], reta[OWNER_RETA_SIZE];
	uint64_t random[2] = {11, 13};

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)random_next(random);
	owner_fill_reta(reta, OWNER_RETA_SIZE, workers);
	assert_non_null(owner);
	assert_null(owner_init(owner, key, sizeof(key), workers, reta, OWNER_RETA_SIZE));
	return owner;
}

size_t bench_world_flow_bytes(const struct bench_world *world)
{
	unsigned family = world->settings.family == 4 ? FAMILY_IPV4 : FAMILY_IPV6;

	return world->flows_file_size + world->working_size[family];
}

static uint16_t ip_checksum(const uint8_t *ip)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < IPV4_SIZE; i += 2)
		sum += i == IPV4_CHECKSUM ? 0 : wire_load16(ip + i);
	return (uint16_t)~checksum_fold(sum);
}

void bench_complete(const struct bench_world *world, struct bench_tuple *tuple)
{
	uint8_t ip[IPV4_SIZE] = {0x45, 0, 0, 46, 0, 0, 0, 0, 64, world->settings.protocol};

	if (world->settings.family != 4)
		return;
	memcpy(ip + IPV4_SOURCE, &tuple->ipv4, 8);
	tuple->be_ip_checksum = ip_checksum(ip);
}

static uint32_t hash_of_client(const struct bench_world *world, const struct bench_tuple *client)
{
	struct flow_tuple tuple = {.family = 4, .ipv4 = client->ipv4};

	tuple.ports = client->ports;
	return toeplitz_hash(&world->engine.owner->toeplitz, &tuple);
}

void bench_client(const struct bench_world *world, uint32_t flow, struct bench_tuple *out)
{
	uint8_t family = world->settings.family;
	uint8_t service[16];

	*out = (struct bench_tuple){
		.ports = {htobe16((uint16_t)(1024 + flow % 60000)), htobe16(SERVICE_PORT)},
		.in_port = PORT_CLIENTS,
	};
	put_address(service, family, NET_SERVICES, 1);
	if (family == 4) {
		out->ipv4.be_source = htobe32(0x0b000001 + flow / 60000);
		memcpy(&out->ipv4.be_destination, service + 12, 4);
	} else {
		const uint8_t net[8] = {0x20, 0x01, 0x0d, 0xb8, 0, 0xc};
		uint64_t be_host = htobe64(1 + flow / 60000);

		memcpy(out->ipv6.be_source, net, 8);
		memcpy(out->ipv6.be_source + 8, &be_host, 8);
		memcpy(out->ipv6.be_destination, service, 16);
	}
	/* With several workers: one of this one's. Addresses further on are nobody else's. */
	while (world->engine.owner != NULL && family == 4 &&
	       owner_of_hash(world->engine.owner, hash_of_client(world, out)) !=
		       world->engine.number)
		out->ipv4.be_source = htobe32(be32toh(out->ipv4.be_source) + 0x10000);
	bench_complete(world, out);
}

bool bench_reply_of(const struct bench_world *world, unsigned number, struct bench_tuple *out)
{
	const uint8_t *ip = bench_frame(world, number) + ETHERNET_SIZE;
	struct flow_tuple request = {.family = world->settings.family};

	if (world->packets[number].verdict != ABI_VERDICT_TO_BACKEND)
		return false;
	if (request.family == 4) {
		memcpy(&request.ipv4, ip + IPV4_SOURCE, 8);
		memcpy(&request.ports, ip + IPV4_SIZE, 4);
	} else {
		memcpy(&request.ipv6, ip + IPV6_SOURCE, 32);
		memcpy(&request.ports, ip + IPV6_SIZE, 4);
	}
	struct flow_tuple reply = flow_tuple_reverse(&request);
	*out = (struct bench_tuple){.ports = reply.ports, .in_port = PORT_BACKENDS};
	if (request.family == 4)
		out->ipv4 = reply.ipv4;
	else
		out->ipv6 = reply.ipv6;
	bench_complete(world, out);
	return true;
}
