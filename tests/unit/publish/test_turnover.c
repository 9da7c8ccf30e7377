/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Nearly all of a kind replaced by others at once: there are not indexes for both. */
#include "tests/unit/publish/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* More than half of what there may be. */
#define SERVICES    2500
#define LOCAL_POOLS 200
#define NEXT_HOPS   10000

/* "PREFIX-0" ..., of many ports of one address. */
static struct config_service *make_services(const struct config_service *like, const char *prefix)
{
	struct config_service *services = calloc(SERVICES, sizeof(*services));
	struct config_port_range *ports = calloc(SERVICES, sizeof(*ports));

	assert_true(services && ports);
	for (unsigned i = 0; i < SERVICES; i++) {
		ports[i] = (struct config_port_range){(uint16_t)(1000 + i), (uint16_t)(1000 + i)};
		services[i] = *like;
		services[i].ports = &ports[i];
		snprintf(services[i].name, sizeof(services[i].name), "%s-%u", prefix, i);
	}
	return services;
}

static void free_services(struct config_service *services)
{
	free(services[0].ports);
	free(services);
}

static void all_services_may_be_renamed_at_once(void **state)
{
	struct world *world = *state;
	struct config_service *before = make_services(&world->services[0], "before");
	struct config_service *after = make_services(&world->services[0], "after");

	world->config.services = before;
	world->config.service_count = SERVICES;
	world_step(world);
	world->config.services = after;
	world_step(world);
	assert_true(publisher_service_index(world->publisher, "after-0") >= 0);
	assert_true(publisher_service_index(world->publisher, "after-2499") >= 0);
	assert_int_equal(publisher_service_index(world->publisher, "before-0"), -ENOENT);
	assert_int_equal(world_publish(world), 0);
	free_services(before);
	free_services(after);
}

/* Each with an address of its own. */
static struct config_local_pool *make_local_pools(const struct config_local_pool *like,
						  const char *prefix)
{
	struct config_local_pool *pools = calloc(LOCAL_POOLS, sizeof(*pools));
	struct address *addresses = calloc(LOCAL_POOLS, sizeof(*addresses));

	assert_true(pools && addresses);
	for (unsigned i = 0; i < LOCAL_POOLS; i++) {
		addresses[i] = like->addresses[0];
		addresses[i].bytes[15] = (uint8_t)(i + 1);
		pools[i] = *like;
		pools[i].addresses = &addresses[i];
		snprintf(pools[i].name, sizeof(pools[i].name), "%s-%u", prefix, i);
	}
	return pools;
}

static void free_local_pools(struct config_local_pool *pools)
{
	free(pools[0].addresses);
	free(pools);
}

/* With the service that uses the last of them. */
static void use_local_pools(struct world *world, struct config_local_pool *pools)
{
	world->config.local_pools = pools;
	world->config.local_pool_count = LOCAL_POOLS;
	strcpy(world->services[1].local_pool, pools[LOCAL_POOLS - 1].name);
}

static void all_local_pools_may_be_renamed_at_once(void **state)
{
	struct world *world = *state;
	struct config_local_pool *before = make_local_pools(&world->local_pools[0], "before");
	struct config_local_pool *after = make_local_pools(&world->local_pools[0], "after");

	use_local_pools(world, before);
	world_step(world);
	use_local_pools(world, after);
	world_step(world);
	assert_true(publisher_service_index(world->publisher, "nat") >= 0);
	assert_int_equal(world_publish(world), 0);
	free_local_pools(before);
	free_local_pools(after);
}

static struct publish_next_hop *make_next_hops(const struct publish_next_hop *like, size_t count,
					       uint8_t network)
{
	struct publish_next_hop *hops = calloc(count, sizeof(*hops));

	assert_non_null(hops);
	for (size_t i = 0; i < count; i++) {
		hops[i] = *like;
		hops[i].address.bytes[13] = network;
		hops[i].address.bytes[14] = (uint8_t)(i >> 8);
		hops[i].address.bytes[15] = (uint8_t)i;
	}
	return hops;
}

static void use_next_hops(struct world *world, struct publish_next_hop *hops, size_t count)
{
	world->input.next_hops = hops;
	world->input.next_hop_count = count;
	world->input.route_count = 0;
	world->health[0][0].has_next_hop = true;
	world->health[0][0].port = hops[count - 1].port;
	world->health[0][0].next_hop = hops[count - 1].address;
}

static void all_neighbours_may_be_others_at_once(void **state)
{
	struct world *world = *state;
	struct publish_next_hop *before = make_next_hops(&world->next_hops[0], NEXT_HOPS, 100);
	struct publish_next_hop *after = make_next_hops(&world->next_hops[0], NEXT_HOPS, 101);

	use_next_hops(world, before, NEXT_HOPS);
	world_step(world);
	use_next_hops(world, after, NEXT_HOPS);
	world_step(world);
	assert_int_equal(world_publish(world), 0);
	free(before);
	free(after);
}

/* Those behind the bound are left out, and all else goes on. */
static void too_many_neighbours_stop_nobody(void **state)
{
	struct world *world = *state;
	struct publish_next_hop *hops =
		make_next_hops(&world->next_hops[0], ABI_MAX_NEXT_HOPS + 10, 100);

	use_next_hops(world, hops, ABI_MAX_NEXT_HOPS + 10);
	world_step(world);
	world->pools[0].backends[0].weight = 7;
	world_step(world);
	assert_int_equal(world_publish(world), 0);
	free(hops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_services_may_be_renamed_at_once, world_set_up,
						world_tear_down),
		cmocka_unit_test_setup_teardown(all_local_pools_may_be_renamed_at_once,
						world_set_up, world_tear_down),
		cmocka_unit_test_setup_teardown(all_neighbours_may_be_others_at_once, world_set_up,
						world_tear_down),
		cmocka_unit_test_setup_teardown(too_many_neighbours_stop_nobody, world_set_up,
						world_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
