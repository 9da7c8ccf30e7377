/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/snapshot_builder.h"

#include "dataplane/abi/hash.h"
#include "tests/unit/core/check.h"
#include "tests/unit/memory_source.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBJECTS 512

struct built {
	uint32_t kind, index;
	size_t length;
	uint64_t birth;
	void *bytes;
};

struct snapshot_builder {
	struct built objects[MAX_OBJECTS];
	uint32_t count;
	uint64_t generation;
};

uint32_t be_address(const char *text)
{
	struct in_addr address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return address.s_addr;
}

struct ip_address text_address(const char *text)
{
	struct ip_address address;

	if (strchr(text, ':') == NULL)
		return ip_address_of_ipv4(be_address(text));
	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

void address_text(const struct ip_address *address, char text[ADDRESS_TEXT_SIZE])
{
	if (ip_address_is_ipv4(address))
		inet_ntop(AF_INET, (const uint8_t *)address + 12, text, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address, text, ADDRESS_TEXT_SIZE);
}

static void put_address(uint8_t bytes[16], const char *text)
{
	struct ip_address address = text_address(text);

	memcpy(bytes, &address, 16);
}

struct snapshot_builder *snapshot_builder_new(void)
{
	struct snapshot_builder *builder = calloc(1, sizeof(*builder));
	struct abi_settings *settings;

	assert_non_null(builder);
	settings = snapshot_builder_settings(builder);
	settings->ring_key[0] = 0x0706050403020100;
	settings->ring_key[1] = 0x0f0e0d0c0b0a0908;
	settings->node_count = 1;
	return builder;
}

void snapshot_builder_free(struct snapshot_builder *builder)
{
	for (uint32_t i = 0; i < builder->count; i++)
		free(builder->objects[i].bytes);
	free(builder);
}

static struct built *find(struct snapshot_builder *builder, uint32_t kind, uint32_t index)
{
	for (uint32_t i = 0; i < builder->count; i++)
		if (builder->objects[i].kind == kind && builder->objects[i].index == index)
			return &builder->objects[i];
	return NULL;
}

/* Zeroed but for what the object there before had, up to its length. */
static void *resize(struct snapshot_builder *builder, uint32_t kind, uint32_t index, size_t length)
{
	struct built *built = find(builder, kind, index);

	if (built == NULL) {
		assert_true(builder->count < MAX_OBJECTS);
		built = &builder->objects[builder->count++];
		*built = (struct built){.kind = kind, .index = index};
	}
	built->bytes = realloc(built->bytes, length);
	assert_non_null(built->bytes);
	if (length > built->length)
		memset((uint8_t *)built->bytes + built->length, 0, length - built->length);
	built->length = length;
	return built->bytes;
}

static void *replace(struct snapshot_builder *builder, uint32_t kind, uint32_t index, size_t length)
{
	return memset(resize(builder, kind, index, length), 0, length);
}

struct abi_settings *snapshot_builder_settings(struct snapshot_builder *builder)
{
	return resize(builder, ABI_SETTINGS, 0, sizeof(struct abi_settings));
}

struct abi_next_hop *snapshot_builder_next_hop(struct snapshot_builder *builder, uint32_t index,
					       const char *address, uint16_t port, uint8_t mac_end)
{
	struct abi_next_hop *hop = replace(builder, ABI_NEXT_HOP, index, sizeof(*hop));

	put_address(hop->address, address);
	memcpy(hop->mac, (uint8_t[6]){2, 0, 0, 0, 0, mac_end}, 6);
	hop->port = port;
	hop->resolved = 1;
	hop->epoch = 1;
	return hop;
}

struct abi_backend *snapshot_builder_backend(struct snapshot_builder *builder, uint32_t index,
					     const char *address, uint16_t port, uint32_t next_hop)
{
	struct abi_backend *backend = replace(builder, ABI_BACKEND, index, sizeof(*backend));

	strcpy(backend->name, "pool/backend");
	put_address(backend->address, address);
	backend->port = port;
	backend->family = abi_address_family(backend->address);
	backend->state = ABI_BACKEND_UP;
	backend->epoch = 1;
	backend->next_hop = next_hop;
	backend->weight = 100;
	backend->flags = ABI_BACKEND_FULL_NAT;
	return backend;
}

struct abi_ring *snapshot_builder_ring(struct snapshot_builder *builder, uint32_t index,
				       uint32_t size, const uint16_t *backends, uint32_t count)
{
	struct abi_ring *ring =
		replace(builder, ABI_RING, index, sizeof(*ring) + size * sizeof(ring->slots[0]));

	ring->size = size;
	ring->backend_count = count;
	for (uint32_t i = 0; i < size; i++)
		ring->slots[i] = count == 0 ? ABI_NO_BACKEND : backends[i % count];
	return ring;
}

struct abi_local_pool *snapshot_builder_local_pool(struct snapshot_builder *builder, uint32_t index,
						   const char *first_address,
						   uint32_t address_count, uint16_t port_first,
						   uint16_t port_last)
{
	struct abi_local_pool *pool =
		replace(builder, ABI_LOCAL_POOL, index, sizeof(*pool) + address_count * 16);
	uint32_t be_last;

	strcpy(pool->name, "pool");
	pool->epoch = 1;
	pool->port_first = port_first;
	pool->port_last = port_last;
	pool->address_count = address_count;
	for (uint32_t i = 0; i < address_count; i++) {
		put_address(pool->addresses[i], first_address);
		memcpy(&be_last, pool->addresses[i] + 12, 4);
		be_last = htonl(ntohl(be_last) + i);
		memcpy(pool->addresses[i] + 12, &be_last, 4);
	}
	return pool;
}

struct abi_service *snapshot_builder_service(struct snapshot_builder *builder, uint32_t index,
					     const char *address, uint16_t port, uint8_t protocol,
					     uint32_t ring, uint32_t local_pool)
{
	static const uint32_t timeouts[ABI_TIMEOUT_COUNT] = {30000, 7440000, 60000, 300000, 10000};
	struct abi_service *service = replace(builder, ABI_SERVICE, index,
					      sizeof(*service) + sizeof(struct abi_listener));

	strcpy(service->name, "service");
	service->epoch = 1;
	service->ring = ring;
	service->local_pool = local_pool;
	service->forwarding = local_pool == ABI_NONE ? ABI_DNAT : ABI_FULL_NAT;
	service->hash_on = ABI_HASH_ADDRESS_PORT;
	service->when_down = ABI_WHEN_DOWN_DROP;
	service->on_backend_down = ABI_BACKEND_DOWN_KEEP;
	memcpy(service->timeouts, timeouts, sizeof(timeouts));
	service->listener_count = 1;
	put_address(service->listeners[0].address, address);
	service->family = abi_address_family(service->listeners[0].address);
	service->listeners[0].port_first = port;
	service->listeners[0].port_last = port;
	service->listeners[0].protocol = protocol;
	return service;
}

static size_t service_size(const struct abi_service *service)
{
	return sizeof(*service) + service->listener_count * sizeof(struct abi_listener) +
	       (service->allow_count + service->deny_count) * sizeof(struct abi_range);
}

/* The service with `size` zeroed bytes more at its end. */
static struct abi_service *extend_service(struct snapshot_builder *builder, uint32_t index,
					  size_t size)
{
	const struct abi_service *service = snapshot_builder_get(builder, ABI_SERVICE, index);

	return resize(builder, ABI_SERVICE, index, service_size(service) + size);
}

void snapshot_builder_listener(struct snapshot_builder *builder, uint32_t index,
			       const char *address, uint16_t port_first, uint16_t port_last,
			       uint8_t protocol)
{
	struct abi_service *service = extend_service(builder, index, sizeof(struct abi_listener));
	struct abi_listener *listener = &service->listeners[service->listener_count++];

	assert_int_equal(service->allow_count + service->deny_count, 0);
	put_address(listener->address, address);
	listener->port_first = port_first;
	listener->port_last = port_last;
	listener->protocol = protocol;
}

/* The row behind the last range. */
static void add_range(struct abi_service *service, const char *first, const char *last)
{
	uint32_t count = service->allow_count + service->deny_count;
	struct abi_range *range =
		(struct abi_range *)(void *)&service->listeners[service->listener_count] + count;

	put_address(range->first, first);
	put_address(range->last, last);
}

void snapshot_builder_allow(struct snapshot_builder *builder, uint32_t index, const char *first,
			    const char *last)
{
	struct abi_service *service = extend_service(builder, index, sizeof(struct abi_range));

	assert_int_equal(service->deny_count, 0);
	add_range(service, first, last);
	service->allow_count++;
}

void snapshot_builder_deny(struct snapshot_builder *builder, uint32_t index, const char *first,
			   const char *last)
{
	struct abi_service *service = extend_service(builder, index, sizeof(struct abi_range));

	add_range(service, first, last);
	service->deny_count++;
}

void snapshot_builder_route(struct snapshot_builder *builder, const char *prefix, uint8_t length,
			    uint16_t port, uint32_t next_hop)
{
	struct built *built = find(builder, ABI_ROUTES, 0);
	uint32_t count = built == NULL ? 0 : ((struct abi_routes *)built->bytes)->count;
	struct abi_routes *routes = resize(
		builder, ABI_ROUTES, 0, sizeof(*routes) + (count + 1) * sizeof(struct abi_route));
	struct abi_route *row = &routes->rows[count];

	routes->count = count + 1;
	put_address(row->prefix, prefix);
	row->length = (uint8_t)(length + (abi_address_family(row->prefix) == 4 ? 96 : 0));
	row->port = port;
	row->next_hop = next_hop;
}

void snapshot_builder_host(struct snapshot_builder *builder, const char *address)
{
	struct built *built = find(builder, ABI_HOST_ADDRESSES, 0);
	uint32_t count = built == NULL ? 0 : ((struct abi_host_addresses *)built->bytes)->count;
	struct abi_host_addresses *hosts =
		resize(builder, ABI_HOST_ADDRESSES, 0, sizeof(*hosts) + (count + 1) * 16);

	hosts->count = count + 1;
	put_address(hosts->addresses[count], address);
}

void snapshot_builder_group(struct snapshot_builder *builder, const char *address, uint8_t group)
{
	struct built *built = find(builder, ABI_GROUP_ADDRESSES, 0);
	uint32_t count = built == NULL ? 0 : ((struct abi_group_addresses *)built->bytes)->count;
	struct abi_group_addresses *groups =
		resize(builder, ABI_GROUP_ADDRESSES, 0,
		       sizeof(*groups) + (count + 1) * sizeof(groups->rows[0]));
	struct abi_group_address row = {.group = group};
	uint32_t at = count;

	put_address(row.address, address);
	for (; at > 0 && memcmp(groups->rows[at - 1].address, row.address, 16) > 0; at--)
		groups->rows[at] = groups->rows[at - 1];
	groups->rows[at] = row;
	groups->count = count + 1;
}

void snapshot_builder_put(struct snapshot_builder *builder, uint32_t kind, uint32_t index,
			  const void *bytes, size_t length)
{
	memcpy(replace(builder, kind, index, length), bytes, length);
}

static struct built *must_find(struct snapshot_builder *builder, uint32_t kind, uint32_t index)
{
	struct built *built = find(builder, kind, index);

	if (built == NULL) {
		fail_msg("there is no object %u of kind %u", index, kind);
		abort();
	}
	return built;
}

void snapshot_builder_remove(struct snapshot_builder *builder, uint32_t kind, uint32_t index)
{
	struct built *built = must_find(builder, kind, index);

	free(built->bytes);
	*built = builder->objects[--builder->count];
}

void *snapshot_builder_get(struct snapshot_builder *builder, uint32_t kind, uint32_t index)
{
	return must_find(builder, kind, index)->bytes;
}

static int by_kind_and_index(const void *left, const void *right)
{
	const struct built *a = left;
	const struct built *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static size_t in_lines(size_t size)
{
	return (size + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE * ABI_CACHE_LINE;
}

static void *allocate(void *context, size_t size)
{
	void *memory = aligned_alloc(ABI_CACHE_LINE, in_lines(size));

	assert_null(context);
	return memset(memory, 0, in_lines(size));
}

static void release(void *context, void *memory)
{
	assert_null(context);
	free(memory);
}

/* Writes the objects and their directory behind the head; returns the file's size. */
static size_t fill(const struct snapshot_builder *builder, uint8_t *image)
{
	struct abi_tables *tables = (struct abi_tables *)image;
	struct abi_ref *directory = (struct abi_ref *)(image + ABI_TABLES_HEAP);
	size_t directory_size = builder->count * sizeof(*directory);
	size_t at = ABI_TABLES_HEAP + in_lines(directory_size);

	for (uint32_t i = 0; i < builder->count; i++) {
		const struct built *built = &builder->objects[i];
		memcpy(image + at, built->bytes, built->length);
		directory[i] = (struct abi_ref){
			.kind = built->kind,
			.index = built->index,
			.birth = builder->generation,
			.offset = at,
			.length = built->length,
			.checksum = abi_checksum(built->bytes, built->length),
		};
		at += in_lines(built->length);
	}
	struct abi_root *root = &tables->roots[builder->generation % 2];
	*root = (struct abi_root){
		.generation = builder->generation,
		.directory_offset = ABI_TABLES_HEAP,
		.directory_count = builder->count,
		.directory_checksum = abi_checksum(directory, directory_size),
	};
	root->checksum = abi_checksum(root, offsetof(struct abi_root, checksum));
	tables->file.magic = ABI_MAGIC_TABLES;
	tables->file.abi_version = ABI_VERSION;
	tables->file.size = at;
	tables->file.instance = 1;
	tables->published = builder->generation;
	return at;
}

struct snapshot *snapshot_builder_take(struct snapshot_builder *builder, uint16_t port_count)
{
	return snapshot_builder_take_for(builder, NULL, port_count);
}

static enum tables_outcome take(struct snapshot_builder *builder,
				const struct tables_limits *limits, struct snapshot **snapshot,
				char *reason, size_t reason_size)
{
	const struct allocator allocator = {.allocate = allocate, .release = release};
	size_t most = ABI_TABLES_HEAP + in_lines(builder->count * sizeof(struct abi_ref));
	uint64_t generation;

	qsort(builder->objects, builder->count, sizeof(builder->objects[0]), by_kind_and_index);
	for (uint32_t i = 0; i < builder->count; i++)
		most += in_lines(builder->objects[i].length);
	builder->generation++;
	uint8_t *image = allocate(NULL, most);
	size_t size = fill(builder, image);
	const struct memory_source memory = {image, size};
	const struct tables_source source = memory_source(&memory);
	enum tables_outcome outcome = tables_take(&source, NULL, limits, &allocator, snapshot,
						  &generation, reason, reason_size);
	free(image);
	return outcome;
}

struct snapshot *snapshot_builder_take_for(struct snapshot_builder *builder,
					   const struct engine_port *ports, uint16_t port_count)
{
	const struct tables_limits limits = {port_count, ports, true};
	struct snapshot *snapshot = NULL;
	char reason[256] = "";

	if (take(builder, &limits, &snapshot, reason, sizeof(reason)) != TABLES_TAKEN)
		fail_msg("the generation was not taken: %s", reason);
	return snapshot;
}

void snapshot_builder_must_be_refused(struct snapshot_builder *builder, uint16_t port_count,
				      const char *sentence)
{
	const struct tables_limits limits = {port_count, NULL, true};
	struct snapshot *snapshot = NULL;
	char reason[256] = "";
	enum tables_outcome outcome = take(builder, &limits, &snapshot, reason, sizeof(reason));

	if (outcome != TABLES_REFUSED || strcmp(reason, sentence) != 0)
		fail_msg("outcome %d, \"%s\", not \"%s\"", outcome, reason, sentence);
}
