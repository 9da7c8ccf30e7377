/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Local addresses and ports: all of a small pool can be had, none twice, and all come back. */
#include "tests/unit/core/world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define CLOSING_MS 60000

/* The client with number `n` opens a connection to the full-nat service. */
static uint8_t connect_client(struct world *world, unsigned n, struct frame *frame)
{
	return world_client(world,
			    &(struct frame_spec){.source_port = (uint16_t)(1000 + n),
						 .destination = FULL_NAT,
						 .destination_port = 80,
						 .flags = SYN},
			    frame);
}

static struct world *world_with_pool(const char *address, uint32_t addresses, uint16_t first,
				     uint16_t last)
{
	struct world *world = world_new(1000);

	snapshot_builder_local_pool(world->builder, 0, address, addresses, first, last);
	/* One backend: a local port can be had once for each. */
	snapshot_builder_ring(world->builder, RING_FULL_NAT, 7, (uint16_t[]){3}, 1);
	world_publish(world);
	return world;
}

static void a_small_pool_is_used_up_exactly(void **state)
{
	struct world *world = world_with_pool(LOCAL, 1, 2000, 2099);
	bool used[100] = {false};
	unsigned live = 0, refused = 0;

	(void)state;
	for (unsigned n = 0; n < 200; n++) {
		struct frame frame;
		uint8_t verdict = connect_client(world, n, &frame);
		if (verdict == ABI_VERDICT_NO_LOCAL_PORT) {
			refused++;
			continue;
		}
		assert_int_equal(verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(frame_source(&frame), be_address(LOCAL));
		uint16_t port = frame_source_port(&frame);
		assert_in_range(port, 2000, 2099);
		assert_false(used[port - 2000]);
		used[port - 2000] = true;
		live++;
	}
	assert_int_equal(live, 100);
	assert_int_equal(refused, 100);
	assert_int_equal(world->engine.flows->count, 100);
	assert_int_equal(world->counters->verdicts[ABI_VERDICT_NO_LOCAL_PORT], 100);
	assert_int_equal(world->counters->services[SERVICE_FULL_TCP].drops, 100);

	/* Half-open for 30 s; then all come back. */
	world_wait(world, 29000);
	assert_int_equal(connect_client(world, 500, NULL), ABI_VERDICT_NO_LOCAL_PORT);
	world_wait(world, 2000);
	assert_int_equal(world->engine.flows->count, 0);
	for (unsigned n = 0; n < 100; n++)
		assert_int_equal(connect_client(world, 300 + n, NULL), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

static void every_backend_has_all_ports(void **state)
{
	struct world *world = world_with_pool(LOCAL, 2, 2000, 2009);
	unsigned live = 0;

	(void)state;
	snapshot_builder_ring(world->builder, RING_FULL_NAT, 7, (uint16_t[]){3, 4, 5}, 3);
	world_publish(world);
	for (unsigned n = 0; n < 500; n++)
		live += connect_client(world, n, NULL) == ABI_VERDICT_TO_BACKEND;
	assert_int_equal(live, 3 * 2 * 10);
	world_free(world);
}

/* Each node of a pair draws from its own half. */
static void nodes_do_not_meet(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 2; id++) {
		struct world *world = world_with_pool(LOCAL, 1, 2000, 2020);
		struct abi_settings *settings = snapshot_builder_settings(world->builder);
		unsigned live = 0;

		settings->node_count = 2;
		settings->node_id = id;
		world_publish(world);
		for (unsigned n = 0; n < 100; n++) {
			struct frame frame;
			if (connect_client(world, n, &frame) != ABI_VERDICT_TO_BACKEND)
				continue;
			live++;
			assert_in_range(frame_source_port(&frame), id == 0 ? 2000 : 2010,
					id == 0 ? 2009 : 2020);
		}
		assert_int_equal(live, id == 0 ? 10 : 11);
		world_free(world);
	}
}

/* Ports are drawn, not counted up: over a large pool they spread. */
static void ports_are_drawn_at_random(void **state)
{
	struct world *world = world_with_pool(LOCAL, 2, 1024, 65535);
	unsigned lower = 0, first_address = 0, neighbours = 0;
	uint16_t before = 0;

	(void)state;
	for (unsigned n = 0; n < 900; n++) {
		struct frame frame;
		assert_int_equal(connect_client(world, n, &frame), ABI_VERDICT_TO_BACKEND);
		uint16_t port = frame_source_port(&frame);
		lower += port < (1024 + 65535) / 2;
		first_address += frame_source(&frame) == be_address(LOCAL);
		neighbours += port == before + 1;
		before = port;
	}
	assert_in_range(lower, 380, 520);
	assert_in_range(first_address, 380, 520);
	assert_true(neighbours < 5);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_pool_is_used_up_exactly),
		cmocka_unit_test(every_backend_has_all_ports),
		cmocka_unit_test(nodes_do_not_meet),
		cmocka_unit_test(ports_are_drawn_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
