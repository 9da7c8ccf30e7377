/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Whom the engine tells that a packet goes no further, and how often. What it says is for the
 * vectors to say. */
#include "tests/unit/core/world.h"

#include <string.h>

/* A client's datagram that is larger than the way to the backends, from so far. */
static struct frame_spec too_large(const char *service, uint8_t ttl)
{
	struct frame_spec spec = ask(service);

	spec.payload = 1600;
	spec.ttl = ttl;
	return spec;
}

/* 256 at once, and 64 more with each 64 ms; of each kind, whatever becomes of the other. */
static void within_a_budget(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec large = too_large(half->dnat, 64);
	struct frame_spec last_hop = ask(half->dnat);

	last_hop.ttl = 1;
	world->now_ms = (world->now_ms | (ABI_FLOW_TICK_MS - 1)) + 1;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(world_client(world, &large, NULL),
				 i < 256 ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TOO_BIG);
	assert_int_equal(world->counters->generated, 256);
	for (unsigned tick = 1; tick < 4; tick++) {
		world->now_ms += ABI_FLOW_TICK_MS * tick;
		for (unsigned i = 0; i < 300; i++)
			assert_int_equal(world_client(world, &large, NULL),
					 i < 64 * tick ? ABI_VERDICT_TOO_BIG_TOLD
						       : ABI_VERDICT_TOO_BIG);
	}
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(world_client(world, &last_hop, NULL),
				 i < 256 ? ABI_VERDICT_TTL_EXPIRED_TOLD : ABI_VERDICT_TTL_EXPIRED);
	/* However long nobody needed one, no more than that. */
	world->now_ms += 1000000;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(world_client(world, &large, NULL),
				 i < 256 ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TOO_BIG);
	assert_int_equal(world->counters->generated, 256 + 64 + 128 + 192 + 256 + 256);
	world_check_law(world);
	world_free(world);
}

/* Ticks wrap, and a machine's clock begins at 0: who has sent nothing may send all. */
static void full_at_the_clocks_zero(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec large = too_large(half->dnat, 64);

	world->now_ms = 0;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(world_client(world, &large, NULL),
				 i < 256 ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TOO_BIG);
	world_free(world);
}

/* Groups are not answered, nor those who send from one. */
static void not_to_groups(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const unsigned places[] = {0, 6};

	for (unsigned i = 0; i < 2; i++) {
		const struct frame_spec large = {half->client,
						 half->dnat,
						 4000,
						 53,
						 .protocol = UDP,
						 .payload = 1600,
						 .mac_from = MAC_CLIENT,
						 .mac_to = MAC_PORT_0};
		struct frame frame = frame_make(&large);

		frame_data(&frame)[places[i]] |= 1;
		struct frame before = frame;
		assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TOO_BIG);
		assert_memory_equal(&frame, &before, sizeof(frame));
	}
	assert_int_equal(world->counters->generated, 0);
	world_free(world);
}

/* By the VLAN and the port it came by, though clients are elsewhere. */
static void back_to_where_it_came_from(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct frame_spec large = too_large(half->dnat, 64);

	large.source = half->client;
	large.mac_from = 0x77;
	large.mac_to = MAC_PORT_0;
	struct frame frame = frame_make(&large);
	const uint8_t macs[12] = {2, 0, 0, 0, 0, 0x77, 2, 0, 0, 0, 0, MAC_PORT_1};
	struct packet packet = {
		.data = frame_data(&frame), .length = frame.length, .in_port = 1, .vlan = 42};

	engine_run(&world->engine, &packet, 1, world->now_ms);
	assert_int_equal(packet.verdict, ABI_VERDICT_TOO_BIG_TOLD);
	assert_int_equal(packet.out_port, 1);
	assert_int_equal(packet.vlan, 42);
	assert_memory_equal(packet.data, macs, sizeof(macs));
	world_free(world);
}

/* An ICMP error is not answered by another, whatever becomes of it. */
static void not_about_errors(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame sent;
	char local[ADDRESS_TEXT_SIZE];

	world_client(world, &syn, &sent);
	struct ip_address source = frame_source(&sent);
	address_text(&source, local);
	struct frame error = frame_icmp(half_twin(half, "192.0.2.1"), local, 3, &sent);
	frame_data(&error)[14 + (half->family == 4 ? 8 : 7)] = 1;
	frame_fix_checksums(&error);
	assert_int_equal(world_run(world, &error, 1, NULL), ABI_VERDICT_TTL_EXPIRED);
	assert_int_equal(world->counters->generated, 0);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(within_a_budget),  OF_BOTH_FAMILIES(full_at_the_clocks_zero),
		OF_BOTH_FAMILIES(not_to_groups),    OF_BOTH_FAMILIES(back_to_where_it_came_from),
		OF_BOTH_FAMILIES(not_about_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
