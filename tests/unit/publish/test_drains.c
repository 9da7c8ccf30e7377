/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What leaves while it has flows: removed backends, services that turned to another pool. */
#include "tests/unit/publish/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <netinet/in.h>

#include <cmocka.h>

static const struct abi_backend *backend_of(const struct world *world, size_t pool, size_t row)
{
	return world->snapshot->backends[world_index(world, &world->pools[pool], row)];
}

/* Takes the last backend out of the configuration. */
static void remove_last(struct world *world)
{
	world->pools[0].backend_count--;
}

static void a_removed_backend_drains_until_its_flows_end(void **state)
{
	struct world *world = *state;
	struct config_backend gone = world->pools[0].backends[2];
	struct publish_removed removed;
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	assert_int_equal(publisher_next_due(world->publisher), 0);
	assert_int_equal(publisher_next_removed(world->publisher, 0, &removed), -ENOENT);

	remove_last(world);
	world_step(world);
	assert_int_equal(world->snapshot->backends[index]->state, ABI_BACKEND_DRAINING);
	/* It still counts as one of dnat, and its way there stays. */
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, WORLD_AT("10.0.0.13"), 8080,
					      IPPROTO_TCP));
	assert_int_not_equal(world->snapshot->backends[index]->next_hop, ABI_NONE);
	assert_int_equal(publisher_next_due(world->publisher), world->input.now_ms + 1000);
	assert_int_equal(publisher_next_removed(world->publisher, 0, &removed), 0);
	assert_string_equal(removed.name, "web/c");
	assert_int_equal(removed.index, index);
	assert_int_equal(removed.port, 8080);
	assert_int_equal(publisher_next_removed(world->publisher, index + 1, &removed), -ENOENT);

	world->input.now_ms += 5000;
	assert_int_equal(world_publish(world), 0);
	world->flows[index] = 0;
	world_step(world);
	assert_true(world->snapshot->backend_count <= index || !world->snapshot->backends[index]);
	assert_int_equal(publisher_backend_index(world->publisher, "web", &gone), -ENOENT);
	assert_int_equal(publisher_next_due(world->publisher), 0);
}

/* Back before its first check has ended it is not down: that would end what is open with it. */
static void a_removed_backend_that_is_back_drains_until_it_is_checked(void **state)
{
	struct world *world = *state;
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	remove_last(world);
	world_step(world);
	world->pools[0].backend_count++;
	world->health[0][2].up = false;
	world->health[0][2].undecided = true;
	world_step(world);
	assert_int_equal(world_index(world, &world->pools[0], 2), index);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_DRAINING);
	/* Nor is it in the generations after that, also of another control plane. */
	world_restart_publisher(world);
	world->pools[0].backends[0].weight = 7;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_DRAINING);
	world->health[0][2].undecided = false;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_DOWN);
}

/* It was taken for up while nobody else was: see docs/decisions/0017. */
static void who_is_trusted_no_more_drains_until_it_is_checked(void **state)
{
	struct world *world = *state;
	struct publish_backend *health = &world->health[0][2];

	health->undecided = true;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_UP);
	health->up = false;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_DRAINING);
	world->pools[0].backends[2].admin = CONFIG_MAINT;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 2)->state, ABI_BACKEND_DOWN);
	/* What is down stays so until a check says otherwise; and so does who is new. */
	world->pools[0].backends[2].admin = CONFIG_READY;
	assert_int_equal(world_publish(world), 0);
	world_add_backend(world, &world->pools[0], "d", "10.0.0.14", 8080);
	world->health[0][3] = (struct publish_backend){.undecided = true};
	world_step(world);
	assert_int_equal(backend_of(world, 0, 3)->state, ABI_BACKEND_DOWN);
}

static void an_expired_backend_stays_for_a_minute_more(void **state)
{
	struct world *world = *state;
	struct config_backend gone = world->pools[0].backends[2];
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	remove_last(world);
	world_step(world);
	world->input.now_ms += 299999;
	assert_int_equal(world_publish(world), 0);
	assert_int_equal(publisher_next_due(world->publisher), world->input.now_ms + 1);
	/* A new control plane goes on waiting, it does not begin again. */
	world_restart_publisher(world);
	world->input.now_ms += 1;
	world_step(world);
	/* Its connections are reset; on both sides, so it is still known. */
	assert_int_equal(world->snapshot->backends[index]->state, ABI_BACKEND_DOWN);
	assert_int_equal(world->snapshot->backends[index]->expired, 1);
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, WORLD_AT("10.0.0.13"), 8080,
					      IPPROTO_TCP));
	world_restart_publisher(world);
	world->input.now_ms += 59999;
	assert_int_equal(world_publish(world), 0);
	assert_int_equal(publisher_next_due(world->publisher), world->input.now_ms + 1);
	world->input.now_ms += 1;
	world_step(world);
	assert_int_equal(publisher_backend_index(world->publisher, "web", &gone), -ENOENT);
}

static void an_expired_backend_goes_with_its_last_flow(void **state)
{
	struct world *world = *state;
	struct config_backend gone = world->pools[0].backends[2];
	uint32_t index;

	world->config.defaults.drain_timeout = 0;
	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	remove_last(world);
	world_step(world);
	assert_int_equal(world->snapshot->backends[index]->expired, 1);
	world->flows[index] = 0;
	world->input.now_ms += 1000;
	world_step(world);
	assert_int_equal(publisher_backend_index(world->publisher, "web", &gone), -ENOENT);
}

static void an_expired_backend_that_comes_back_is_not_expired(void **state)
{
	struct world *world = *state;
	uint32_t index;

	world->config.defaults.drain_timeout = 0;
	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	remove_last(world);
	world_step(world);
	world->pools[0].backend_count++;
	world_step(world);
	assert_int_equal(world->snapshot->backends[index]->state, ABI_BACKEND_UP);
	assert_int_equal(world->snapshot->backends[index]->expired, 0);
}

/* The second pool takes over the dnat service; what is open with the first goes on. */
static void a_pool_left_by_its_service_keeps_its_flags_while_it_has_flows(void **state)
{
	struct world *world = *state;
	const uint32_t dnat = ABI_BACKEND_DNAT | ABI_BACKEND_TCP;
	struct publish_endpoint endpoint;
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 1);
	for (size_t i = 0; i < 3; i++)
		world->flows[world_index(world, &world->pools[0], i)] = i == 1 ? 5 : 0;
	world_add_backend(world, world_add_pool(world, "green"), "g", "10.0.0.21", 8080);
	snprintf(world->services[0].pool, CONFIG_NAME_SIZE, "green");
	world_step(world);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(backend_of(world, 0, i)->flags, dnat | ABI_BACKEND_FULL_NAT);
	assert_int_equal(publisher_next_due(world->publisher), world->input.now_ms + 1000);

	world->input.now_ms += 2000;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->flags, ABI_BACKEND_FULL_NAT);
	assert_int_equal(backend_of(world, 0, 1)->flags, dnat | ABI_BACKEND_FULL_NAT);
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, WORLD_AT("10.0.0.12"), 8080,
					      IPPROTO_TCP));
	assert_int_equal(publisher_next_endpoint(world->publisher, 0, &endpoint), 0);
	assert_int_equal(endpoint.index, index);
	assert_true(endpoint.is_tcp && !endpoint.is_udp);
	assert_int_equal(
		publisher_backend_state(world->publisher, "web", &world->pools[0].backends[1]),
		ABI_BACKEND_UP);

	world->flows[index] = 0;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 1)->flags, ABI_BACKEND_FULL_NAT);
	assert_int_equal(publisher_next_due(world->publisher), 0);
}

static void flags_are_kept_no_longer_than_the_drain_timeout(void **state)
{
	struct world *world = *state;
	struct config_service *service =
		world_add_service(world, "dns", "198.51.100.10", 53, CONFIG_DNAT, "web");
	uint32_t index;

	service->protocol = CONFIG_UDP;
	world_step(world);
	index = world_index(world, &world->pools[0], 0);
	world->flows[index] = UINT64_MAX; /* nobody tells */
	world->config.service_count--;
	world_step(world);
	world->input.now_ms += 299000;
	world->services[0].forwarding = CONFIG_FULL_NAT;
	snprintf(world->services[0].local_pool, CONFIG_NAME_SIZE, "snat");
	world_step(world); /* another use is left, and the time of both begins */
	world_restart_publisher(world);
	world->input.now_ms += 299000;
	world->config.revision++;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->flags, ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT |
								 ABI_BACKEND_TCP | ABI_BACKEND_UDP);
	assert_int_equal(publisher_next_due(world->publisher), world->input.now_ms + 1000);
	world->input.now_ms += 1000;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->flags, ABI_BACKEND_FULL_NAT);
}

static void a_removed_backend_has_no_state_to_adopt(void **state)
{
	struct world *world = *state;
	struct config_backend gone = world->pools[0].backends[2];

	world_step(world);
	remove_last(world);
	world_step(world);
	assert_int_equal(publisher_backend_state(world->publisher, "web", &gone), -ENOENT);
	assert_true(publisher_backend_index(world->publisher, "web", &gone) >= 0);
}

/* Adds pools of 600 backends each that are nobody's, at addresses of their own. */
static void add_crowd(struct world *world, uint8_t number, size_t pools)
{
	for (size_t i = 0; i < pools; i++) {
		char name[16], address[24];
		struct config_pool *pool;

		snprintf(name, sizeof(name), "crowd-%u-%zu", number, i);
		pool = world_add_pool(world, name);
		snprintf(address, sizeof(address), "10.%u.%zu.1", number, i);
		for (uint16_t j = 0; j < WORLD_BACKENDS; j++) {
			snprintf(name, sizeof(name), "b%u", j);
			world_add_backend(world, pool, name, address, (uint16_t)(j + 1));
		}
	}
}

static void drop_crowd(struct world *world)
{
	for (size_t i = 1; i < world->config.pool_count; i++)
		world->pools[i].backend_count = 0;
	world->config.pool_count = 1;
}

static size_t count_removed(const struct world *world, const char *prefix)
{
	struct publish_removed removed;
	size_t count = 0;

	for (uint32_t from = 0; publisher_next_removed(world->publisher, from, &removed) == 0;
	     from = removed.index + 1)
		count += strncmp(removed.name, prefix, strlen(prefix)) == 0;
	return count;
}

static void those_that_drain_longest_go_when_indexes_are_short(void **state)
{
	struct world *world = *state;
	size_t all = 3, gone;

	world->input.flows_of_backend = NULL; /* nobody tells that a drain has ended */
	add_crowd(world, 1, 10);
	world_step(world);
	drop_crowd(world);
	world->input.now_ms += 100;
	add_crowd(world, 2, 10);
	world_step(world);
	all += 12000;
	assert_int_equal(publisher_cut_short(world->publisher), 0);
	assert_int_equal(count_removed(world, "crowd-1"), 6000);

	drop_crowd(world);
	world->input.now_ms += 100;
	add_crowd(world, 3, 19);
	all += 11400;
	gone = all - ABI_MAX_BACKENDS;
	assert_true(gone > 6000);
	world_step(world);
	assert_int_equal(publisher_cut_short(world->publisher), gone);
	assert_int_equal(count_removed(world, "crowd-1"), 0);
	assert_int_equal(count_removed(world, "crowd-2"), 12000 - gone);
	for (size_t i = 1; i < world->config.pool_count; i++)
		for (size_t j = 0; j < WORLD_BACKENDS; j++)
			assert_int_equal(backend_of(world, i, j)->port, j + 1);
	world->config.revision++;
	world_step(world);
	assert_int_equal(publisher_cut_short(world->publisher), 0);
}

static void a_removed_backend_keeps_its_next_hop(void **state)
{
	struct world *world = *state;
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	world->flows[index] = 7;
	remove_last(world);
	world->input.next_hop_count--; /* nobody asks for 10.0.0.13 any more */
	world_step(world);
	assert_int_equal(
		world->snapshot->next_hops[world->snapshot->backends[index]->next_hop]->mac[5], 13);
}

static void a_backend_that_comes_back_is_the_same_one(void **state)
{
	struct world *world = *state;
	uint32_t index, epoch;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	epoch = world->snapshot->backends[index]->epoch;
	world->flows[index] = 7;
	remove_last(world);
	world_step(world);
	world->pools[0].backend_count++;
	world_step(world);
	assert_int_equal(world_index(world, &world->pools[0], 2), index);
	assert_int_equal(world->snapshot->backends[index]->epoch, epoch);
	assert_int_equal(world->snapshot->backends[index]->state, ABI_BACKEND_UP);
	assert_int_equal(world->snapshot->backends[index]->removed_at, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_removed_backend_drains_until_its_flows_end),
		TEST(a_removed_backend_that_is_back_drains_until_it_is_checked),
		TEST(who_is_trusted_no_more_drains_until_it_is_checked),
		TEST(an_expired_backend_stays_for_a_minute_more),
		TEST(an_expired_backend_goes_with_its_last_flow),
		TEST(an_expired_backend_that_comes_back_is_not_expired),
		TEST(a_removed_backend_keeps_its_next_hop),
		TEST(a_removed_backend_has_no_state_to_adopt),
		TEST(a_backend_that_comes_back_is_the_same_one),
		TEST(a_pool_left_by_its_service_keeps_its_flags_while_it_has_flows),
		TEST(flags_are_kept_no_longer_than_the_drain_timeout),
		TEST(those_that_drain_longest_go_when_indexes_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
