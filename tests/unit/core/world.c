/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/world.h"

#include "dataplane/core/flow_file.h"
#include "dataplane/core/fragments.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

const struct half halves[FAMILY_COUNT] = {
	[FAMILY_IPV4] = {.family = 4,
			 .client = CLIENT,
			 .far_client = "192.0.2.55",
			 .dnat = DNAT,
			 .dnat_too = DNAT_TOO,
			 .full_nat = FULL_NAT,
			 .local = LOCAL,
			 .local_too = LOCAL_TOO,
			 .self = SELF,
			 .backends = {"10.0.1.1", "10.0.1.2", "10.0.1.3"}},
	[FAMILY_IPV6] = {.family = 6,
			 .client = CLIENT6,
			 .far_client = "2001:db8:f::55",
			 .dnat = DNAT6,
			 .dnat_too = DNAT6_TOO,
			 .full_nat = FULL_NAT6,
			 .local = LOCAL6,
			 .local_too = LOCAL6_TOO,
			 .self = SELF6,
			 .backends = {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"},
			 .service = SERVICES_EACH,
			 .backend = BACKENDS_EACH,
			 .ring = RINGS_EACH,
			 .hop = HOPS_EACH,
			 .local_pool = 1},
};

const char *half_twin(const struct half *half, const char *ipv4)
{
	static const char *const twins[][2] = {
		{CLIENT, CLIENT6},
		{"203.0.113.8", "2001:db8:c::8"},
		{DNAT, DNAT6},
		{DNAT_TOO, DNAT6_TOO},
		{FULL_NAT, FULL_NAT6},
		{LOCAL, LOCAL6},
		{LOCAL_TOO, LOCAL6_TOO},
		{SELF, SELF6},
		{"10.0.1.1", "2001:db8:1::1"},
		{"10.0.1.2", "2001:db8:1::2"},
		{"10.0.1.3", "2001:db8:1::3"},
		{"192.0.2.1", "2001:db8:f::1"},
		{"192.0.2.9", "2001:db8:f::9"},
		{"192.0.2.55", "2001:db8:f::55"},
		{"224.0.0.5", "ff02::5"},
		{"255.255.255.255", "ff0e::1"},
		{"127.0.0.1", "::1"},
		{"0.0.0.1", "::2"},
	};

	if (half->family == 4 || ipv4 == NULL)
		return ipv4;
	for (unsigned i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (strcmp(twins[i][0], ipv4) == 0)
			return twins[i][1];
	fail_msg("%s has no twin", ipv4);
	return NULL;
}

static void add_ring(struct snapshot_builder *builder, uint32_t index, uint32_t first)
{
	uint16_t backends[3];

	for (uint32_t i = 0; i < 3; i++)
		backends[i] = (uint16_t)(first + i);
	snapshot_builder_ring(builder, index, 7, backends, 3);
}

static void add_backends(struct snapshot_builder *builder, const struct half *half)
{
	const char *router = half->family == 4 ? "203.0.113.1" : "2001:db8:c::1";

	for (uint32_t i = 0; i < 3; i++) {
		const char *address = half->backends[i];
		uint32_t hop = half->hop + HOP_BACKEND_1 + i;

		snapshot_builder_next_hop(builder, hop, address, 1, (uint8_t)(0xb1 + i));
		snapshot_builder_backend(builder, half->backend + i, address, DNAT_PORT, hop)
			->flags = ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
		snapshot_builder_backend(builder, half->backend + 3 + i, address, FULL_NAT_PORT,
					 hop);
	}
	snapshot_builder_next_hop(builder, half->hop + HOP_ROUTER, router, 0, MAC_ROUTER);
	add_ring(builder, half->ring + RING_DNAT, half->backend);
	add_ring(builder, half->ring + RING_FULL_NAT, half->backend + 3);
	snapshot_builder_ring(builder, half->ring + RING_NOBODY, 7, NULL, 0);
}

static void add_services(struct snapshot_builder *builder, const struct half *half)
{
	const struct {
		const char *address;
		uint16_t port;
		uint8_t protocol;
	} rows[SERVICES_EACH] = {
		[SERVICE_DNAT_TCP] = {half->dnat, 80, TCP},
		[SERVICE_DNAT_UDP] = {half->dnat, 53, UDP},
		[SERVICE_TOO] = {half->dnat_too, 80, TCP},
		[SERVICE_FULL_TCP] = {half->full_nat, 80, TCP},
		[SERVICE_FULL_UDP] = {half->full_nat, 53, UDP},
	};
	const char *const hosts[] = {half->self, half->local, half->dnat, half->dnat_too,
				     half->full_nat};

	snapshot_builder_local_pool(builder, half->local_pool, half->local, 2, 1024, 65535);
	for (uint32_t i = 0; i < SERVICES_EACH; i++) {
		bool full_nat = i >= SERVICE_FULL_TCP;

		snapshot_builder_service(builder, half->service + i, rows[i].address, rows[i].port,
					 rows[i].protocol,
					 half->ring + (full_nat ? RING_FULL_NAT : RING_DNAT),
					 full_nat ? half->local_pool : ABI_NONE);
	}
	for (unsigned i = 0; i < 5; i++)
		snapshot_builder_host(builder, hosts[i]);
}

static void add_routes(struct snapshot_builder *builder)
{
	snapshot_builder_route(builder, "10.0.1.0", 24, 1, ABI_NONE);
	snapshot_builder_route(builder, "203.0.113.0", 24, 0, ABI_NONE);
	snapshot_builder_route(builder, "0.0.0.0", 0, 0, HOP_ROUTER);
	snapshot_builder_route(builder, "2001:db8:1::", 64, 1, ABI_NONE);
	snapshot_builder_route(builder, "2001:db8:c::", 64, 0, ABI_NONE);
	snapshot_builder_route(builder, "::", 0, 0, HOPS_EACH + HOP_ROUTER);
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
	world->fragments = zeroed(ABI_CACHE_LINE, fragments_size());
	world->engine.fragments = fragments_open(world->fragments, secret, 0, 1, 0);
	world->builder = snapshot_builder_new();
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		add_backends(world->builder, &halves[i]);
		add_services(world->builder, &halves[i]);
	}
	add_routes(world->builder);
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
	free(world->fragments);
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
	/* Where tags were taken off, or a message quotes the packet, it begins elsewhere. */
	assert_true(packet.data == frame_data(frame) || packet.tags_size != 0 ||
		    abi_verdict_is_told(packet.verdict));
	memmove(frame_data(frame), packet.data, packet.length);
	frame->length = packet.length;
	if (out_port != NULL)
		*out_port = packet.out_port;
	return packet.verdict;
}

struct frame_spec syn_to(const char *service)
{
	return (struct frame_spec){
		.destination = service, .source_port = 4000, .destination_port = 80, .flags = SYN};
}

struct frame_spec ask(const char *service)
{
	return (struct frame_spec){.destination = service,
				   .source_port = 4000,
				   .destination_port = 53,
				   .protocol = UDP};
}

uint8_t world_client(struct world *world, const struct frame_spec *spec, struct frame *frame)
{
	struct frame_spec complete = *spec;

	if (complete.source == NULL)
		complete.source = strchr(spec->destination, ':') == NULL ? CLIENT : CLIENT6;
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
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	struct ip_address from = frame_destination(request);
	struct ip_address to = frame_source(request);

	address_text(&from, source);
	address_text(&to, destination);
	*answer = frame_make(&(struct frame_spec){
		.source = source,
		.destination = destination,
		.source_port = frame_destination_port(request),
		.destination_port = frame_source_port(request),
		.protocol = frame_protocol(request),
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

uint32_t world_flow_count(const struct world *world)
{
	return world->engine.flows[FAMILY_IPV4]->count + world->engine.flows[FAMILY_IPV6]->count;
}

const struct abi_flow *world_only_flow(const struct world *world)
{
	const struct abi_flow *only = NULL;

	assert_int_equal(world_flow_count(world), 1);
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		const struct flow_table *table = world->engine.flows[i];

		for (uint32_t record = 0; record < table->capacity; record++)
			if (flow_table_record(table, record)->state != ABI_FLOW_FREE)
				only = flow_table_record(table, record);
	}
	assert_non_null(only);
	return only;
}

static struct ip_address address_at(struct frame *frame, unsigned of_ipv4, unsigned of_ipv6)
{
	uint32_t be_ipv4;

	if (frame_is_ipv6(frame))
		return ip_address_load(frame_data(frame) + of_ipv6);
	memcpy(&be_ipv4, frame_data(frame) + of_ipv4, 4);
	return ip_address_of_ipv4(be_ipv4);
}

struct ip_address frame_source(struct frame *frame)
{
	return address_at(frame, 14 + 12, 14 + 8);
}

struct ip_address frame_destination(struct frame *frame)
{
	return address_at(frame, 14 + 16, 14 + 24);
}

uint16_t frame_source_port(struct frame *frame)
{
	const uint8_t *transport = frame_transport(frame);

	return (uint16_t)(transport[0] << 8 | transport[1]);
}

uint16_t frame_destination_port(struct frame *frame)
{
	const uint8_t *transport = frame_transport(frame);

	return (uint16_t)(transport[2] << 8 | transport[3]);
}

unsigned frame_backend(struct frame *frame)
{
	struct ip_address address = frame_destination(frame);
	unsigned number = (unsigned)(be64toh(address.be_words[1]) & 0xff) - 1;

	assert_in_range(number, 0, 2);
	check_address(&address, halves[frame_is_ipv6(frame)].backends[number]);
	return number;
}

void check_address(const struct ip_address *address, const char *text)
{
	struct ip_address expected = text_address(text);
	char found[INET6_ADDRSTRLEN];

	address_text(address, found);
	if (!ip_address_is_equal(address, &expected))
		fail_msg("%s, not %s", found, text);
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
