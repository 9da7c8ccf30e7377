/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/vectors/scene.h"

#include "config/config.h"
#include "controlplane/publish/publish.h"
#include "tests/unit/memory_source.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MTU           1500
#define MOST          64
#define PATH_MAX_SIZE 128
#define GONE_MS       3600000 /* after which nothing is left of a removed backend */

const struct engine_port scene_ports[VECTOR_PORT_COUNT] = {
	[VECTOR_WAN] = {.mac = {2, 0, 0, 0, 0, 0xa0},
			.mtu = MTU,
			.learn_from_anyone = 1,
			.unsteered = 1},
	[VECTOR_LAN] = {.mac = {2, 0, 0, 0, 0, 0xa1},
			.mtu = MTU,
			.learn_from_anyone = 1,
			.unsteered = 1},
};

/* What Linux would tell, were there one. */
struct surroundings {
	struct publish_backend backends[MOST];
	struct publish_next_hop next_hops[MOST];
	struct address hosts[MOST];
	size_t backend_count, next_hop_count, host_count;
};

static void add_host(struct surroundings *around, const struct address *address)
{
	for (size_t i = 0; i < around->host_count; i++)
		if (address_equal(&around->hosts[i], address))
			return;
	assert_true(around->host_count < MOST);
	around->hosts[around->host_count++] = *address;
}

static int compare(const void *left, const void *right)
{
	return address_compare(left, right);
}

/* What the balancer has taken for its own, and what it had before. */
static void find_hosts(const struct config *config, struct surroundings *around)
{
	static const char *const own[] = {"10.0.1.254", "2001:db8:1::254"};
	struct address address;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(address_parse(own[i], &address), 0);
		add_host(around, &address);
	}
	for (size_t i = 0; i < config->service_count; i++)
		add_host(around, &config->services[i].addresses[0]);
	for (size_t i = 0; i < config->local_pool_count; i++)
		add_host(around, &config->local_pools[i].addresses[0]);
	qsort(around->hosts, around->host_count, sizeof(around->hosts[0]), compare);
}

static void find_next_hops(const struct config *config, struct surroundings *around)
{
	const struct config_dataplane *dataplane = &config->dataplane;

	assert_true(dataplane->next_hop_count <= MOST);
	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		const struct config_next_hop *row = &dataplane->next_hops[i];
		struct publish_next_hop *hop = &around->next_hops[around->next_hop_count++];

		*hop = (struct publish_next_hop){.address = row->address,
						 .vlan = row->vlan,
						 .port = strcmp(row->port, "lan") == 0,
						 .mtu = MTU,
						 .resolved = true};
		memcpy(hop->mac, row->mac, sizeof(hop->mac));
	}
}

static struct publish_backend backend_at(const struct surroundings *around,
					 const struct address *address)
{
	struct publish_backend backend = {.up = true};

	for (size_t i = 0; i < around->next_hop_count; i++)
		if (address_equal(&around->next_hops[i].address, address))
			backend = (struct publish_backend){.up = true,
							   .has_next_hop = true,
							   .port = around->next_hops[i].port,
							   .vlan = around->next_hops[i].vlan,
							   .next_hop = *address};
	return backend;
}

static void find_backends(const struct config *config, struct surroundings *around)
{
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t row = 0; row < pool->backend_count; row++) {
			assert_true(around->backend_count < MOST);
			around->backends[around->backend_count++] =
				backend_at(around, &pool->backends[row].address);
		}
	}
}

static void *allocate(void *context, size_t size)
{
	void *memory = NULL;

	(void)context;
	assert_int_equal(posix_memalign(&memory, 64, size), 0);
	return memset(memory, 0, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static struct snapshot *take(const char *path)
{
	const struct tables_limits limits = {VECTOR_PORT_COUNT, scene_ports, false};
	const struct allocator allocator = {allocate, release, NULL};
	struct snapshot *snapshot = NULL;
	uint64_t generation;
	struct stat status;
	char reason[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	const struct memory_source memory = {
		mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0),
		(size_t)status.st_size};
	assert_true(memory.bytes != MAP_FAILED);
	const struct tables_source source = memory_source(&memory);
	if (tables_take(&source, NULL, &limits, &allocator, &snapshot, &generation, reason,
			sizeof(reason)) != TABLES_TAKEN)
		fail_msg("the scene is not taken over: %s", reason);
	munmap((void *)(uintptr_t)memory.bytes, memory.size);
	close(fd);
	return snapshot;
}

static void remove_backends(struct config *config, struct publish_input *input)
{
	for (size_t i = 0; i < config->pool_count; i++)
		config->pools[i].backend_count = 0;
	config->defaults.drain_timeout = 0;
	input->backend_count = 0;
}

static void change(enum vector_backends backends, struct config *config,
		   struct surroundings *around, struct publish_input *input)
{
	switch (backends) {
	case VECTOR_BACKENDS_DOWN:
		for (size_t i = 0; i < around->backend_count; i++)
			around->backends[i].up = false;
		break;
	case VECTOR_BACKENDS_EXPIRED:
		remove_backends(config, input);
		break;
	case VECTOR_BACKENDS_GONE:
		input->now_ms += GONE_MS;
		break;
	default:
		break;
	}
}

/* One after the other, so that each is what the one before has become. */
static void publish_all(const char *run_dir, const char *path, struct config *config,
			struct snapshot *tables[VECTOR_BACKENDS_COUNT])
{
	struct surroundings around = {0};
	struct publisher *publisher;

	find_hosts(config, &around);
	find_next_hops(config, &around);
	find_backends(config, &around);
	struct publish_input input = {.config = config,
				      .backends = around.backends,
				      .backend_count = around.backend_count,
				      .next_hops = around.next_hops,
				      .next_hop_count = around.next_hop_count,
				      .host_addresses = around.hosts,
				      .host_address_count = around.host_count,
				      .now_ms = 1000000};
	assert_int_equal(publisher_open(run_dir, &publisher), 0);
	for (unsigned i = 0; i < VECTOR_BACKENDS_COUNT; i++) {
		change((enum vector_backends)i, config, &around, &input);
		if (publisher_publish(publisher, &input) != 1)
			fail_msg("the scene is not published: %s", publisher_reason(publisher));
		tables[i] = take(path);
	}
	publisher_close(publisher);
}

void scene_tables(const char *configuration, struct snapshot *tables[VECTOR_BACKENDS_COUNT])
{
	char run_dir[] = "/tmp/headrace-scene-XXXXXX", path[PATH_MAX_SIZE];
	struct config_errors errors = {0};
	struct config *config;

	if (config_load(configuration, &config, &errors) != 0) {
		config_errors_print(configuration, &errors, stderr);
		fail();
	}
	assert_non_null(mkdtemp(run_dir));
	snprintf(path, sizeof(path), "%s/%s", run_dir, ABI_FILE_TABLES);
	publish_all(run_dir, path, config, tables);
	unlink(path);
	rmdir(run_dir);
	config_free(config);
}
