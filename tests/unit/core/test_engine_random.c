/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Frames that are random, or true ones with bytes changed, cut and stretched,
 * in bursts: each gets one verdict, nothing outside it is touched, what is not
 * sent is not changed, and all accounts agree. Run under the sanitizers.
 */
#include "dataplane/core/classify.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/world.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 200000
#define ROOM   100 /* for flows of each family: less than there are */

/* Addresses and ports of which any two may meet. */
static const char *const addresses[] = {CLIENT,     DNAT,        DNAT_TOO,     FULL_NAT,
					LOCAL,      SELF,        "10.0.1.1",   "10.0.1.2",
					"10.0.1.3", "192.0.2.1", "10.0.1.251", "203.0.113.8"};
static const uint16_t ports[] = {80, 53, DNAT_PORT, FULL_NAT_PORT, 4000, 4001, 1024};
static const uint8_t flags[] = {SYN, SYN | ACK, ACK, FIN | ACK, RST, PSH | ACK, 0xff, 0};
static const uint8_t extensions[] = {HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS};
static const uint8_t macs[] = {MAC_CLIENT, MAC_ROUTER, 0xb1, 0x66};

struct source {
	uint64_t random[2];
	struct frame *last; /* a frame that was sent, to be answered */
};

static uint32_t draw(struct source *source, uint32_t bound)
{
	return random_below((uint32_t)(random_next(source->random) >> 32), bound);
}

static struct frame make_frame(struct source *source)
{
	const struct half *half = &halves[draw(source, FAMILY_COUNT)];
	struct frame_spec spec = {
		.source = half_twin(half, addresses[draw(source, 12)]),
		.destination = half_twin(half, addresses[draw(source, 12)]),
		.source_port = ports[draw(source, 7)],
		.destination_port = ports[draw(source, 7)],
		.protocol = draw(source, 2) ? TCP : UDP,
		.flags = flags[draw(source, 8)],
		.ttl = (uint8_t)(draw(source, 8) == 0 ? draw(source, 3) : 64),
		.mac_from = macs[draw(source, 4)],
		.mac_to = draw(source, 2) ? MAC_PORT_0 : MAC_PORT_1,
		.payload = (uint16_t)draw(source, draw(source, 16) == 0 ? 1600 : 64),
		.fragment = (uint16_t)(draw(source, 32) == 0 ? draw(source, 0x4000) : 0),
	};
	struct frame frame = frame_make(&spec);

	if (frame_protocol(&frame) == UDP && spec.fragment == 0 && draw(source, 16) == 0)
		memset(frame_transport(&frame) + 6, 0, 2);
	/* From a MAC that nobody has. */
	if (draw(source, 64) == 0)
		memset(frame_data(&frame) + 6, 0, 6);
	if (half->family == 6 && draw(source, 16) == 0)
		frame = frame_extended(&frame, extensions[draw(source, 4)], 1);
	if (draw(source, 16) == 0)
		return frame_icmp(half_twin(half, "192.0.2.1"), spec.source,
				  (uint8_t)draw(source, 16), &frame);
	return frame;
}

/* Two neighbours of `size` bytes each. */
static void exchange(uint8_t *first, size_t size)
{
	uint8_t kept[16];

	memcpy(kept, first, size);
	memcpy(first, first + size, size);
	memcpy(first + size, kept, size);
}

/* The answer to a frame that was sent: ends exchanged. */
static struct frame answer(struct source *source)
{
	struct frame frame = *source->last;
	uint8_t *ip = frame_data(&frame) + 14;
	uint8_t *transport = frame_transport(&frame);

	if (frame_is_ipv6(&frame))
		exchange(ip + 8, 16);
	else
		exchange(ip + 12, 4);
	exchange(transport, 2);
	return frame;
}

static void mutate(struct source *source, struct frame *frame)
{
	uint8_t *data = frame_data(frame);

	for (uint32_t changes = draw(source, 4); changes > 0; changes--)
		data[draw(source, draw(source, 2) ? 64 : frame->length)] =
			(uint8_t)draw(source, 256);
	if (draw(source, 2))
		frame->length = draw(source, frame->length + 1);
	else if (draw(source, 4) == 0)
		frame->length += draw(source, 60);
}

static struct frame next_frame(struct source *source)
{
	struct frame frame = source->last->length != 0 && draw(source, 3) == 0 ? answer(source)
									       : make_frame(source);
	uint32_t kind = draw(source, 10);

	if (kind == 0) {
		frame.length = draw(source, 200);
		for (uint32_t i = 0; i < frame.length; i++)
			frame_data(&frame)[i] = (uint8_t)draw(source, 256);
	} else if (kind < 6) {
		mutate(source, &frame);
	}
	return frame;
}

/* A frame in memory of exactly its size, with the room the engine was promised. */
static uint8_t *place(struct frame *frame)
{
	uint8_t *memory = malloc(PACKET_HEADROOM + frame->length + PACKET_TAILROOM);

	memcpy(memory + PACKET_HEADROOM, frame_data(frame), frame->length);
	return memory;
}

static void check_packet(const struct world *world, const struct packet *packet,
			 struct frame *before, struct source *source)
{
	assert_true(packet->verdict < ABI_VERDICT_COUNT);
	if (packet->verdict == ABI_VERDICT_TO_BACKEND || packet->verdict == ABI_VERDICT_TO_CLIENT) {
		assert_true(packet->out_port < world->engine.port_count);
		assert_in_range(packet->length, 34 + 8, before->length);
		source->last->length = packet->length;
		memcpy(frame_data(source->last), packet->data, packet->length);
		return;
	}
	if (abi_verdict_is_told(packet->verdict)) {
		assert_int_equal(packet->out_port, packet->in_port);
		assert_in_range(packet->length, 34 + 20, 14 + 1280); /* a reset is the least */
		return;
	}
	assert_int_equal(packet->length, before->length);
	assert_memory_equal(packet->data, frame_data(before), before->length);
}

static void run_burst(struct world *world, struct source *source, uint32_t count)
{
	static struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];
	uint8_t *memories[PACKET_BURST];

	for (uint32_t i = 0; i < count; i++) {
		frames[i] = next_frame(source);
		memories[i] = place(&frames[i]);
		packets[i] = (struct packet){.data = memories[i] + PACKET_HEADROOM,
					     .length = frames[i].length,
					     .in_port = (uint16_t)draw(source, 2),
					     .verdict = 0xff};
	}
	engine_run(&world->engine, packets, count, world->now_ms);
	world->packets += count;
	for (uint32_t i = 0; i < count; i++) {
		if (packets[i].verdict == VERDICT_HELD)
			continue;
		check_packet(world, &packets[i], &frames[i], source);
		free(memories[i]);
	}
}

/* What was held, and is so no more. */
static void free_held(struct world *world)
{
	struct packet packets[PACKET_BURST];
	unsigned count;

	while ((count = engine_take_held(&world->engine, packets)) > 0)
		for (unsigned i = 0; i < count; i++) {
			assert_true(packets[i].verdict < ABI_VERDICT_COUNT);
			free(packets[i].data - PACKET_HEADROOM);
		}
}

/* What the engine made itself. */
static void drop_made(struct world *world)
{
	uint8_t memory[ENGINE_MADE_SIZE];
	struct packet packet = {.data = memory};

	while (engine_take_made(&world->engine, &packet)) {
		assert_true(packet.length == 54 || packet.length == 74);
		assert_true(packet.out_port < world->engine.port_count);
	}
}

/* Backends, next hops and services come and go while packets flow. */
static void change_tables(struct world *world, struct source *source)
{
	struct abi_backend *backend =
		snapshot_builder_get(world->builder, ABI_BACKEND, draw(source, 2 * BACKENDS_EACH));
	struct abi_next_hop *hop =
		snapshot_builder_get(world->builder, ABI_NEXT_HOP, draw(source, 2 * HOPS_EACH));
	struct abi_service *service =
		snapshot_builder_get(world->builder, ABI_SERVICE, draw(source, 2 * SERVICES_EACH));

	backend->state = (uint8_t)(ABI_BACKEND_UP + draw(source, 3));
	backend->epoch += draw(source, 8) == 0;
	hop->resolved = draw(source, 4) != 0;
	hop->epoch += draw(source, 8) == 0;
	service->epoch += draw(source, 8) == 0;
	service->on_backend_down = (uint8_t)(ABI_BACKEND_DOWN_KEEP + draw(source, 2));
	world_publish(world);
}

/* Flows started less flows ended, by service and by backend, are those in the table. */
static void check_flows(const struct world *world)
{
	uint64_t by_service = 0, by_backend = 0, direct = 0;

	for (unsigned i = 0; i < ABI_MAX_SERVICES; i++)
		by_service += world->counters->services[i].flows_started -
			      world->counters->services[i].flows_ended;
	for (unsigned i = 0; i < ABI_MAX_BACKENDS; i++)
		by_backend += world->counters->backends[i].flows_started -
			      world->counters->backends[i].flows_ended;
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		const struct flow_table *flows = world->engine.flows[family];

		for (uint32_t i = 0; i < flows->capacity; i++)
			direct += flow_table_record(flows, i)->state == ABI_FLOW_DIRECT;
	}
	assert_int_equal(by_service + direct, world_flow_count(world));
	assert_int_equal(by_backend, by_service);
}

/* Some of the clients may not use the second dnat services. */
static void deny_some(struct world *world)
{
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		const char *client = half_twin(&halves[i], "203.0.113.8");

		snapshot_builder_deny(world->builder, halves[i].service + SERVICE_TOO, client,
				      client);
	}
	world_publish(world);
}

static void any_frame_gets_one_verdict(void **state)
{
	struct world *world = world_new(ROOM);
	struct source source = {.random = {2, 71828}, .last = calloc(1, sizeof(struct frame))};
	uint64_t before = 0;

	(void)state;
	deny_some(world);
	for (unsigned burst = 0; world->packets < FRAMES; burst++) {
		run_burst(world, &source, 1 + draw(&source, PACKET_BURST));
		world->now_ms += draw(&source, 300);
		engine_age(&world->engine, world->now_ms);
		free_held(world);
		drop_made(world);
		if (burst % 100 == 0)
			change_tables(world, &source);
		if (burst % 1000 == 0)
			world->engine.ports[0].unsteered ^= 1;
		if (burst % 500 == 0)
			check_flows(world);
	}
	engine_give_up_held(&world->engine);
	free_held(world);
	world_check_law(world);

	/* The frames were good enough to meet nearly everything the engine can say; the rest is
	 * said by others. */
	for (unsigned i = 0; i < ABI_VERDICT_COUNT; i++) {
		bool is_engines = i <= ABI_VERDICT_TOO_BIG ||
				  (i >= ABI_VERDICT_DENIED && i != ABI_VERDICT_HANDOFF_FULL);

		before += world->counters->verdicts[i];
		if (!is_engines)
			assert_int_equal(world->counters->verdicts[i], 0);
		else if (world->counters->verdicts[i] == 0 && i < ABI_VERDICT_FRAGMENT_TINY &&
			 i != ABI_VERDICT_TOO_BIG && i != ABI_VERDICT_NO_LOCAL_PORT &&
			 i != ABI_VERDICT_NO_BACKEND)
			fail_msg("no frame was %s", abi_verdict_text(i));
	}
	assert_true(world->counters->evicted > 0);
	assert_int_equal(before, world->packets);

	world_wait(world, 100000000);
	assert_int_equal(world_flow_count(world), 0);
	check_flows(world);
	free(source.last);
	world_free(world);
}

/* What steering leaves to Linux, the engine would have given it too, or refused as malformed. */
static void engine_and_steering_agree(void **state)
{
	struct world *world = world_new(200);
	struct source source = {.random = {31, 4159}, .last = calloc(1, sizeof(struct frame))};

	(void)state;
	world->engine.ports[0].any_mac = 1;
	for (unsigned i = 0; i < 50000; i++) {
		struct frame frame = next_frame(&source);
		enum classification steering = classify_frame(
			world->snapshot, &world->engine.ports[0], frame_data(&frame), frame.length);
		struct frame run = frame;
		uint8_t verdict = world_run(world, &run, 0, NULL);
		struct packet held[PACKET_BURST];
		engine_give_up_held(&world->engine);
		engine_take_held(&world->engine, held);
		if (steering == CLASSIFY_PASS && verdict != ABI_VERDICT_TO_LINUX)
			assert_true(verdict == ABI_VERDICT_TRUNCATED ||
				    verdict == ABI_VERDICT_BAD_IP_HEADER ||
				    verdict == ABI_VERDICT_BAD_LENGTH ||
				    verdict == ABI_VERDICT_NO_CHECKSUM);
		if (verdict == ABI_VERDICT_TO_BACKEND)
			*source.last = run;
	}
	world_check_law(world);
	free(source.last);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_frame_gets_one_verdict),
		cmocka_unit_test(engine_and_steering_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
