/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static void add_backends(struct snapshot_builder *builder)
{
	static const char *const addresses[] = {"10.0.1.1", "10.0.1.2", "10.0.1.3"};

	for (uint32_t i = 0; i < 3; i++) {
		snapshot_builder_next_hop(builder, HOP_BACKEND_1 + i, addresses[i], 1,
					  (uint8_t)(0xb1 + i));
		snapshot_builder_backend(builder, i, addresses[i], DNAT_PORT, HOP_BACKEND_1 + i)
			->flags = ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
		snapshot_builder_backend(builder, 3 + i, addresses[i], FULL_NAT_PORT,
					 HOP_BACKEND_1 + i);
	}
	snapshot_builder_next_hop(builder, HOP_ROUTER, "203.0.113.1", 0, MAC_ROUTER);
	snapshot_builder_ring(builder, RING_DNAT, 7, (uint16_t[]){0, 1, 2}, 3);
	snapshot_builder_ring(builder, RING_FULL_NAT, 7, (uint16_t[]){3, 4, 5}, 3);
	snapshot_builder_ring(builder, RING_NOBODY, 7, NULL, 0);
}

static void add_services(struct snapshot_builder *builder)
{
	snapshot_builder_local_pool(builder, 0, LOCAL, 2, 1024, 65535);
	snapshot_builder_service(builder, SERVICE_DNAT_TCP, DNAT, 80, TCP, RING_DNAT, ABI_NONE);
	snapshot_builder_service(builder, SERVICE_DNAT_UDP, DNAT, 53, UDP, RING_DNAT, ABI_NONE);
	snapshot_builder_service(builder, SERVICE_TOO, DNAT_TOO, 80, TCP, RING_DNAT, ABI_NONE);
	snapshot_builder_service(builder, SERVICE_FULL_TCP, FULL_NAT, 80, TCP, RING_FULL_NAT, 0);
	snapshot_builder_service(builder, SERVICE_FULL_UDP, FULL_NAT, 53, UDP, RING_FULL_NAT, 0);
	snapshot_builder_route(builder, "10.0.1.0", 24, 1, ABI_NONE);
	snapshot_builder_route(builder, "203.0.113.0", 24, 0, ABI_NONE);
	snapshot_builder_route(builder, "0.0.0.0", 0, 0, HOP_ROUTER);
	snapshot_builder_host(builder, SELF);
	snapshot_builder_host(builder, LOCAL);
	snapshot_builder_host(builder, DNAT);
	snapshot_builder_host(builder, DNAT_TOO);
	snapshot_builder_host(builder, FULL_NAT);
}

static void *zeroed(size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

struct world *world_new(uint32_t flow_capacity)
{
	static const uint64_t secret[2] = {0x243f6a8885a308d3, 0x13198a2e03707344};
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->now_ms = 1000000;
	const uint32_t capacities[FAMILY_COUNT] = {flow_capacity, flow_capacity};
	world->flows_file = zeroed(4096, flow_file_size(1, capacities));
	world->counters = zeroed(ABI_CACHE_LINE, sizeof(*world->counters));
	struct abi_flows *file = flow_file_format(world->flows_file, 1, capacities, secret);
	world->engine = (struct engine){
		.counters = world->counters,
		.port_count = 2,
		.random = {1, 2},
		.ports = {{.mac = {2, 0, 0, 0, 0, MAC_PORT_0}, .mtu = 1500},
			  {.mac = {2, 0, 0, 0, 0, MAC_PORT_1}, .mtu = 1500}},
	};
	engine_set_isa(&world->engine, engine_best_isa());
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		world->flows_working[i] =
			zeroed(ABI_CACHE_LINE, flow_table_working_size(flow_capacity));
		world->engine.flows[i] =
			flow_table_open(world->flows_working[i], file, 0, i, world->now_ms);
	}
	world->builder = snapshot_builder_new();
	add_backends(world->builder);
	add_services(world->builder);
	world_publish(world);
	return world;
}

void world_free(struct world *world)
{
	snapshot_release(world->snapshot);
	snapshot_builder_free(world->builder);
	free(world->flows_file);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		free(world->flows_working[i]);
	free(world->counters);
	free(world);
}

void world_publish(struct world *world)
{
	struct snapshot *before = world->snapshot;

	world->snapshot = snapshot_builder_take_for(world->builder, world->engine.ports,
						    world->engine.port_count);
	engine_use(&world->engine, world->snapshot);
	snapshot_release(before);
}

uint8_t world_run(struct world *world, struct frame *frame, uint16_t in_port, uint16_t *out_port)
{
	struct packet packet = {.data = frame_data(frame),
				.length = frame->length,
				.in_port = in_port,
				.verdict = 0xee,
				.out_port = 0xeeee};

	engine_run(&world->engine, &packet, 1, world->now_ms);
	world->packets++;
	assert_ptr_equal(packet.data, frame_data(frame));
	frame->length = packet.length;
	if (out_port != NULL)
		*out_port = packet.out_port;
	return packet.verdict;
}

uint8_t world_client(struct world *world, const struct frame_spec *spec, struct frame *frame)
{
	struct frame_spec complete = *spec;

	if (complete.source == NULL)
		complete.source = CLIENT;
	if (complete.mac_from == 0)
		complete.mac_from = MAC_CLIENT;
	complete.mac_to = MAC_PORT_0;
	struct frame sent = frame_make(&complete);
	uint8_t verdict = world_run(world, &sent, 0, NULL);
	if (frame != NULL)
		*frame = sent;
	return verdict;
}

uint8_t world_answer(struct world *world, struct frame *request, uint8_t flags,
		     struct frame *answer)
{
	char source[INET_ADDRSTRLEN], destination[INET_ADDRSTRLEN];
	uint32_t from = frame_destination(request);
	uint32_t to = frame_source(request);

	inet_ntop(AF_INET, &from, source, sizeof(source));
	inet_ntop(AF_INET, &to, destination, sizeof(destination));
	*answer = frame_make(&(struct frame_spec){
		.source = source,
		.destination = destination,
		.source_port = frame_destination_port(request),
		.destination_port = frame_source_port(request),
		.protocol = frame_data(request)[14 + 9],
		.flags = flags,
		.mac_from = frame_data(request)[5],
		.mac_to = MAC_PORT_1,
		.payload = 11,
	});
	return world_run(world, answer, 1, NULL);
}

void world_wait(struct world *world, uint64_t milliseconds)
{
	world->now_ms += milliseconds;
	for (unsigned i = 0; i < 5000; i++)
		engine_age(&world->engine, world->now_ms);
}

uint32_t frame_source(struct frame *frame)
{
	uint32_t be_value;

	memcpy(&be_value, frame_data(frame) + 26, 4);
	return be_value;
}

uint32_t frame_destination(struct frame *frame)
{
	uint32_t be_value;

	memcpy(&be_value, frame_data(frame) + 30, 4);
	return be_value;
}

uint16_t frame_source_port(struct frame *frame)
{
	return (uint16_t)(frame_data(frame)[34] << 8 | frame_data(frame)[35]);
}

uint16_t frame_destination_port(struct frame *frame)
{
	return (uint16_t)(frame_data(frame)[36] << 8 | frame_data(frame)[37]);
}

void world_check_law(const struct world *world)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ABI_VERDICT_MAX; i++)
		sum += world->counters->verdicts[i];
	assert_int_equal(sum, world->packets);
	for (unsigned i = ABI_VERDICT_COUNT; i < ABI_VERDICT_MAX; i++)
		assert_int_equal(world->counters->verdicts[i], 0);
}
