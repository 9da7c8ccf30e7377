/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What only comes out over many packets: checksums computed anew over each,
 * bursts of both families, each instruction set; and clients that are denied.
 */
#include "dataplane/core/random.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define FLOWS 3000

static uint32_t draw(uint64_t random[2], uint32_t bound)
{
	return random_below((uint32_t)(random_next(random) >> 32), bound);
}

/* A client's packet of any length, of either mode and protocol; of IPv6 often with extensions. */
static struct frame random_request(const struct half *half, uint64_t random[2])
{
	static const uint8_t types[] = {HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS};
	bool udp = draw(random, 2);
	struct frame_spec spec = {
		.source = draw(random, 2) ? half->client : half->far_client,
		.destination = draw(random, 2) ? half->dnat : half->full_nat,
		.source_port = (uint16_t)(1 + draw(random, 65535)),
		.destination_port = udp ? 53 : 80,
		.protocol = udp ? UDP : TCP,
		.flags = SYN,
		.payload = (uint16_t)draw(random, 300),
		.mac_from = MAC_CLIENT,
		.mac_to = MAC_PORT_0,
	};
	struct frame frame = frame_make(&spec);

	if (half->family == 6)
		for (uint32_t i = draw(random, 4); i > 0; i--) {
			/* The last one put in comes first: only there hop-by-hop options may be. */
			uint8_t type = types[i == 1 ? draw(random, 4) : 1 + draw(random, 3)];

			frame = frame_extended(&frame, type,
					       type == FRAGMENT ? 1
								: (uint8_t)(1 + draw(random, 3)));
		}
	return frame;
}

static uint32_t checksum_of(struct frame *frame)
{
	const uint8_t *transport = frame_transport(frame);
	const uint8_t *at = transport + (frame_protocol(frame) == TCP ? 16 : 6);

	return (uint32_t)at[0] << 8 | at[1];
}

/* How far the checksum is from the right one, in one's complement. */
static uint32_t fault_of(struct frame *frame)
{
	struct frame right = *frame;

	frame_fix_checksums(&right);
	return (checksum_of(frame) + 0xffff - checksum_of(&right)) % 0xffff;
}

/* The payload, and what the TCP or UDP header says besides ports and checksum. */
static void check_unchanged(struct frame *before, struct frame *after)
{
	uint32_t protocol = frame_protocol(before);
	uint32_t offset = (uint32_t)(frame_transport(before) - frame_data(before));
	uint32_t checksum = protocol == TCP ? 16 : 6;
	const uint8_t *one = frame_transport(before);
	const uint8_t *other = frame_transport(after);

	assert_int_equal(before->length, after->length);
	assert_int_equal(frame_protocol(after), protocol);
	assert_int_equal(frame_transport(after) - frame_data(after), offset);
	assert_memory_equal(one + 4, other + 4, checksum - 4);
	assert_memory_equal(one + checksum + 2, other + checksum + 2,
			    before->length - offset - checksum - 2);
}

static void checksums_over_every_packet(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(FLOWS);
	uint64_t random[2] = {3, 14159};

	for (unsigned i = 0; i < FLOWS; i++) {
		struct frame request = random_request(half, random);
		uint8_t *transport = frame_transport(&request);
		uint32_t fault = 0;
		struct frame answer;

		/* One in four is wrong, and must stay so: not ours to hide. */
		if (draw(random, 4) == 0) {
			transport[frame_protocol(&request) == TCP ? 16 : 6] ^= 0x40;
			fault = fault_of(&request);
			assert_int_not_equal(fault, 0);
		}
		struct frame sent = request;
		uint8_t verdict = world_run(world, &sent, 0, NULL);
		/* A port met twice, on the other service: its backends may all be taken. */
		if (verdict == ABI_VERDICT_REPLY_TUPLE_TAKEN)
			continue;
		assert_int_equal(verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(fault_of(&sent), fault);
		assert_int_equal(frame_is_right(&sent), fault == 0);
		check_unchanged(&request, &sent);
		assert_int_equal(world_answer(world, &sent, SYN | ACK, &answer),
				 ABI_VERDICT_TO_CLIENT);
		assert_true(frame_is_right(&answer));
	}
	assert_true(world_flow_count(world) > FLOWS * 9 / 10);
	world_check_law(world);
	world_free(world);
}

/* A UDP checksum that comes out as 0 is sent as its twin: 0 would say there is none. */
static void udp_checksums_are_never_zero(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(4);
	struct frame_spec spec = ask(half->dnat);
	unsigned twins = 0;

	spec.payload = 2;
	spec.source = half->client;
	spec.mac_from = MAC_CLIENT;
	spec.mac_to = MAC_PORT_0;
	for (uint32_t value = 0; value <= 0xffff; value++) {
		struct frame frame = frame_make(&spec);
		uint8_t *payload = frame_transport(&frame) + 8;

		payload[0] = (uint8_t)(value >> 8);
		payload[1] = (uint8_t)value;
		frame_fix_checksums(&frame);
		assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TO_BACKEND);
		assert_int_not_equal(checksum_of(&frame), 0);
		assert_true(frame_is_right(&frame));
		twins += checksum_of(&frame) == 0xffff;
	}
	assert_true(twins > 0);
	world_free(world);
}

/* Over IPv4 there may be none, and then none is made; over IPv6 there must be one. */
static void udp_without_a_checksum(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(4);
	struct frame_spec spec = ask(half->full_nat);

	spec.source = half->client;
	spec.mac_to = MAC_PORT_0;
	struct frame frame = frame_make(&spec);
	memset(frame_transport(&frame) + 6, 0, 2);
	struct frame before = frame;
	uint8_t verdict = world_run(world, &frame, 0, NULL);
	if (half->family == 4) {
		assert_int_equal(verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(checksum_of(&frame), 0);
	} else {
		assert_int_equal(verdict, ABI_VERDICT_NO_CHECKSUM);
		assert_memory_equal(&frame, &before, sizeof(frame));
		assert_int_equal(world_flow_count(world), 0);
	}
	world_check_law(world);
	world_free(world);
}

struct burst {
	struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];
};

/* Frames of both families by turns. */
static void fill(struct burst *burst, uint64_t random[2])
{
	for (unsigned i = 0; i < PACKET_BURST; i++) {
		burst->frames[i] = random_request(&halves[i % FAMILY_COUNT], random);
		burst->packets[i] = (struct packet){.data = frame_data(&burst->frames[i]),
						    .length = burst->frames[i].length};
	}
}

static void run(struct world *world, struct burst *burst)
{
	engine_run(&world->engine, burst->packets, PACKET_BURST, world->now_ms);
	world->packets += PACKET_BURST;
	for (unsigned i = 0; i < PACKET_BURST; i++)
		burst->frames[i].length = burst->packets[i].length;
}

static void families_in_one_burst(void **state)
{
	struct world *world = world_new(2000);
	uint64_t random[2] = {1, 41421};
	struct burst burst;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		fill(&burst, random);
		run(world, &burst);
		for (unsigned i = 0; i < PACKET_BURST; i++) {
			assert_int_equal(burst.packets[i].verdict, ABI_VERDICT_TO_BACKEND);
			assert_int_equal(frame_is_ipv6(&burst.frames[i]), i % FAMILY_COUNT);
			assert_true(frame_is_right(&burst.frames[i]));
			frame_backend(&burst.frames[i]);
		}
	}
	/* Each in its own table; a port may be drawn twice. */
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		assert_in_range(world->engine.flows[i]->count, 50 * PACKET_BURST / 2 - 20,
				50 * PACKET_BURST / 2);
	world_check_law(world);
	world_free(world);
}

/* The same packets, whatever the burst was compiled for. */
static void instruction_sets_agree(void **state)
{
	enum engine_isa best = engine_best_isa();

	(void)state;
	for (unsigned isa = ENGINE_ISA_V1; isa <= best; isa++) {
		struct world *world = world_new(2000), *other = world_new(2000);
		uint64_t random[2] = {1, 73205};
		struct burst burst, copy;

		engine_set_isa(&other->engine, (enum engine_isa)isa);
		assert_true(strncmp(engine_isa_text((enum engine_isa)isa), "x86-64", 6) == 0);
		for (unsigned round = 0; round < 20; round++) {
			fill(&burst, random);
			copy = burst;
			for (unsigned i = 0; i < PACKET_BURST; i++)
				copy.packets[i].data = frame_data(&copy.frames[i]);
			run(world, &burst);
			run(other, &copy);
			for (unsigned i = 0; i < PACKET_BURST; i++) {
				assert_int_equal(burst.packets[i].verdict, copy.packets[i].verdict);
				assert_memory_equal(&burst.frames[i], &copy.frames[i],
						    sizeof(burst.frames[i]));
			}
		}
		assert_memory_equal(world->counters, other->counters, sizeof(*world->counters));
		world_free(world);
		world_free(other);
	}
}

/* Who is denied begins nothing; what was begun before goes on. */
static void denied_clients(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const uint32_t index = half->service + SERVICE_FULL_TCP;
	struct frame_spec spec = syn_to(half->full_nat);
	struct frame frame, answer;

	assert_int_equal(world_client(world, &spec, &frame), ABI_VERDICT_TO_BACKEND);
	snapshot_builder_deny(world->builder, index, half->client, half->client);
	world_publish(world);
	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	spec.flags = ACK;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);

	spec.flags = SYN;
	spec.source_port = 4001;
	assert_int_equal(world_client(world, &spec, &frame), ABI_VERDICT_DENIED);
	assert_int_equal(world_flow_count(world), 1);
	assert_int_equal(world->counters->services[index].drops, 1);
	spec.source = half_twin(half, "203.0.113.8");
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	/* Of another service it is nobody's business. */
	spec = syn_to(half->dnat);
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

/* Whose record is still there begins no other connection by it, whatever became of the last one. */
static void who_is_denied_begins_nothing_anew(void **state)
{
	static const uint8_t ends[] = {0, RST | ACK, FIN | ACK};
	const struct half *half = *state;
	const uint32_t index = half->service + SERVICE_FULL_TCP;

	for (unsigned i = 0; i < sizeof(ends); i++) {
		struct world *world = world_new(10);
		struct frame_spec spec = syn_to(half->full_nat);
		struct frame frame, answer;

		world_client(world, &spec, &frame);
		struct frame request = frame;
		world_answer(world, &request, SYN | ACK, &answer);
		spec.flags = ACK;
		world_client(world, &spec, NULL);
		if (ends[i] != 0) {
			request = frame;
			world_answer(world, &request, ends[i], &answer);
			spec.flags = ends[i];
			world_client(world, &spec, NULL);
		}
		snapshot_builder_deny(world->builder, index, half->client, half->client);
		world_publish(world);
		spec.flags = SYN;
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_DENIED);
		assert_int_equal(world->counters->services[index].flows_started, 1);
		assert_int_equal(world->counters->services[index].drops, 1);
		spec.flags = ACK;
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
		world_check_law(world);
		world_free(world);
	}
}

/* A range of ports, kept on the way to backends without a port of their own. */
static void a_range_keeps_the_port(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(20);
	struct frame_spec spec = syn_to(half->full_nat);
	struct frame frame, answer;

	for (uint32_t i = 0; i < BACKENDS_EACH; i++)
		((struct abi_backend *)snapshot_builder_get(world->builder, ABI_BACKEND,
							    half->backend + i))
			->port = 0;
	snapshot_builder_listener(world->builder, half->service + SERVICE_FULL_TCP, half->full_nat,
				  5000, 5010, TCP);
	world_publish(world);
	for (uint16_t port = 4999; port <= 5011; port++) {
		bool is_ours = port >= 5000 && port <= 5010;

		spec.destination_port = port;
		assert_int_equal(world_client(world, &spec, &frame),
				 is_ours ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_LINUX);
		if (!is_ours)
			continue;
		assert_int_equal(frame_destination_port(&frame), port);
		/* Two ports are two connections. */
		assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer),
				 ABI_VERDICT_TO_CLIENT);
		assert_int_equal(frame_source_port(&answer), port);
		assert_true(frame_is_right(&answer));
	}
	assert_int_equal(world_flow_count(world), 11);
	world_check_law(world);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(checksums_over_every_packet),
		OF_BOTH_FAMILIES(udp_checksums_are_never_zero),
		OF_BOTH_FAMILIES(udp_without_a_checksum),
		cmocka_unit_test(families_in_one_burst),
		cmocka_unit_test(instruction_sets_agree),
		OF_BOTH_FAMILIES(denied_clients),
		OF_BOTH_FAMILIES(who_is_denied_begins_nothing_anew),
		OF_BOTH_FAMILIES(a_range_keeps_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
