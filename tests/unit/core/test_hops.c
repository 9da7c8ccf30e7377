/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The reply's way to the client. */
#include "dataplane/core/hops.h"
#include "tests/unit/core/world.h"

#include <string.h>

static uint8_t ask_from(struct world *world, const struct half *half, const char *source,
			uint8_t mac, struct frame *frame)
{
	struct frame_spec spec = ask(half->dnat);

	spec.source = source;
	spec.mac_from = mac;
	return world_client(world, &spec, frame);
}

/* Last byte of the MAC the backend's answer goes to; 0: it was dropped as no-next-hop. */
static uint8_t way_back(struct world *world, struct frame *request)
{
	struct frame answer;
	uint8_t verdict = world_answer(world, request, 0, &answer);

	if (verdict == ABI_VERDICT_NO_NEXT_HOP)
		return 0;
	assert_int_equal(verdict, ABI_VERDICT_TO_CLIENT);
	assert_memory_equal(frame_data(&answer), ((uint8_t[5]){2, 0, 0, 0, 0}), 5);
	return frame_data(&answer)[5];
}

static struct abi_next_hop *router(struct world *world, const struct half *half)
{
	return snapshot_builder_get(world->builder, ABI_NEXT_HOP, half->hop + HOP_ROUTER);
}

struct row {
	const char *what;
	bool is_far; /* behind the router */
	uint8_t mac;
	uint8_t from_anyone, by_route;
	uint8_t expected;
};

static const struct row rows[] = {
	{"a client on the link", false, MAC_CLIENT, 0, 0, MAC_CLIENT},
	{"a client behind a known router", true, MAC_ROUTER, 0, 0, MAC_ROUTER},
	{"a stranger: by the route", true, 0x66, 0, 0, MAC_ROUTER},
	{"a stranger, learned from anyone", true, 0x66, 1, 0, 0x66},
	{"a client on the link whose MAC Linux does not know, by route", false, MAC_CLIENT, 0, 1,
	 0},
	{"by route", true, 0x66, 1, 1, MAC_ROUTER},
};

static void from_whom_it_is_learned(void **state)
{
	const struct half *half = *state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new(10);
		struct frame frame;

		world->engine.ports[0].learn_from_anyone = rows[i].from_anyone;
		world->engine.ports[0].reply_by_route = rows[i].by_route;
		assert_int_equal(ask_from(world, half,
					  rows[i].is_far ? half->far_client : half->client,
					  rows[i].mac, &frame),
				 ABI_VERDICT_TO_BACKEND);
		if (way_back(world, &frame) != rows[i].expected)
			fail_msg("%s", rows[i].what);
		world_free(world);
	}
}

static void by_route_to_a_neighbour(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame frame;

	world->engine.ports[0].reply_by_route = 1;
	snapshot_builder_next_hop(world->builder, 20, half->client, 0, 0x44);
	world_publish(world);
	ask_from(world, half, half->client, MAC_CLIENT, &frame);
	assert_int_equal(way_back(world, &frame), 0x44);
	world_free(world);
}

static void follows_the_client(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame frame;

	ask_from(world, half, half->client, MAC_CLIENT, &frame);
	struct frame request = frame;
	assert_int_equal(way_back(world, &request), MAC_CLIENT);
	ask_from(world, half, half->client, 0x22, &frame);
	request = frame;
	assert_int_equal(way_back(world, &request), 0x22);
	world_free(world);
}

/* One who may not be learned from does not turn a learned way. */
static void a_stranger_turns_nothing(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame frame;

	ask_from(world, half, half->far_client, MAC_ROUTER, &frame);
	world->now_ms += 1000;
	ask_from(world, half, half->far_client, 0x66, &frame);
	assert_int_equal(way_back(world, &frame), MAC_ROUTER);
	world_free(world);
}

static void a_routers_new_mac_repairs_its_flows(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame frame;

	ask_from(world, half, half->far_client, MAC_ROUTER, &frame);
	router(world, half)->mac[5] = 0xca;
	world_publish(world);
	struct frame request = frame;
	assert_int_equal(way_back(world, &request), 0xca);

	/* Not known at the moment: the MAC learned is the best there is. */
	router(world, half)->resolved = 0;
	world_publish(world);
	request = frame;
	assert_int_equal(way_back(world, &request), MAC_ROUTER);

	/* Another neighbour has its index now. */
	router(world, half)->resolved = 1;
	router(world, half)->epoch++;
	world_publish(world);
	request = frame;
	assert_int_equal(way_back(world, &request), MAC_ROUTER);
	world_free(world);
}

/* A worker that was late has missed a generation, and the next one lies where its last one lay. */
static void another_generation_in_the_same_place(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct snapshot *place = world->snapshot, *next, last;
	struct frame frame;

	ask_from(world, half, half->far_client, MAC_ROUTER, &frame);
	struct frame request = frame;
	assert_int_equal(way_back(world, &request), MAC_ROUTER);
	router(world, half)->mac[5] = 0xca;
	next = snapshot_builder_take_for(world->builder, world->engine.ports,
					 world->engine.port_count);
	last = *place;
	*place = *next;
	engine_use(&world->engine, place);
	request = frame;
	assert_int_equal(way_back(world, &request), 0xca);
	*place = last;
	snapshot_release(next);
	world_free(world);
}

static void vlans(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame_spec spec = ask(half->dnat);

	for (uint32_t i = HOP_BACKEND_1; i <= HOP_BACKEND_3; i++)
		((struct abi_next_hop *)snapshot_builder_get(world->builder, ABI_NEXT_HOP,
							     half->hop + i))
			->vlan = 30;
	world_publish(world);
	spec.source = half->client;
	spec.mac_from = MAC_CLIENT;
	struct frame frame = frame_make(&spec);
	struct packet packet = {.data = frame_data(&frame), .length = frame.length, .vlan = 20};
	engine_run(&world->engine, &packet, 1, world->now_ms);
	assert_int_equal(packet.verdict, ABI_VERDICT_TO_BACKEND);
	assert_int_equal(packet.vlan, 30);

	struct frame answer = frame_make(&(struct frame_spec){
		.source = half->backends[frame_backend(&frame)],
		.destination = half->client,
		.source_port = DNAT_PORT,
		.destination_port = 4000,
		.protocol = UDP,
	});
	packet = (struct packet){
		.data = frame_data(&answer), .length = answer.length, .in_port = 1, .vlan = 30};
	engine_run(&world->engine, &packet, 1, world->now_ms);
	assert_int_equal(packet.verdict, ABI_VERDICT_TO_CLIENT);
	assert_int_equal(packet.vlan, 20);
	assert_int_equal(packet.out_port, 0);
	world_free(world);
}

/* More MACs than places: who finds none is answered by the route; places come back. */
static void more_macs_than_places(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(8000);
	const struct flow_table *flows =
		world->engine.flows[half->family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];
	unsigned learned = 0;

	world->engine.ports[0].learn_from_anyone = 1;
	for (unsigned round = 0; round < 2; round++) {
		learned = 0;
		for (unsigned i = 0; i < 6000; i++) {
			struct frame_spec spec = ask(half->dnat);
			spec.source = half->far_client;
			spec.source_port = (uint16_t)(1 + i);
			spec.mac_to = MAC_PORT_0;
			struct frame frame = frame_make(&spec);
			memcpy(frame_data(&frame) + 8, &(uint32_t){round << 16 | i}, 4);
			assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TO_BACKEND);
		}
		for (uint32_t i = 0; i < flows->capacity; i++)
			learned += flow_table_record(flows, i)->state != ABI_FLOW_FREE &&
				   flow_table_record(flows, i)->client_hop != HOP_NONE;
		assert_in_range(learned, 3900, ABI_FLOW_HOPS - 1);
		assert_int_equal(flows->hop_users[0], 0);
		world_wait(world, 400000);
		assert_int_equal(flows->count, 0);
		for (unsigned i = 0; i < ABI_FLOW_HOPS; i++)
			assert_int_equal(flows->hop_users[i], 0);
	}
	world_free(world);
}

/* Cards out of one box: MACs that differ in the last byte find places of their own. */
static void macs_side_by_side(void **state)
{
	enum { CLIENTS = 250 };
	const struct half *half = *state;
	struct world *world = world_new(2 * CLIENTS);
	struct frame frame;

	world->engine.ports[0].learn_from_anyone = 1;
	for (unsigned i = 1; i <= CLIENTS; i++) {
		struct frame_spec spec = ask(half->dnat);

		spec.source = half->far_client;
		spec.source_port = (uint16_t)(1000 + i);
		spec.mac_from = (uint8_t)i;
		assert_int_equal(world_client(world, &spec, &frame), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(way_back(world, &frame), i);
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(from_whom_it_is_learned),
		OF_BOTH_FAMILIES(by_route_to_a_neighbour),
		OF_BOTH_FAMILIES(follows_the_client),
		OF_BOTH_FAMILIES(a_stranger_turns_nothing),
		OF_BOTH_FAMILIES(a_routers_new_mac_repairs_its_flows),
		OF_BOTH_FAMILIES(another_generation_in_the_same_place),
		OF_BOTH_FAMILIES(vlans),
		OF_BOTH_FAMILIES(more_macs_than_places),
		OF_BOTH_FAMILIES(macs_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
