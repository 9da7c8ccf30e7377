/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What is published is what is taken; indexes, epochs, and what changes when. */
#include "tests/unit/publish/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <netinet/in.h>

#include <cmocka.h>

/* Objects of the snapshot that the last generation brought. */
static uint32_t count_new(const struct world *world)
{
	struct abi_tables tables;
	uint32_t count = 0;
	size_t size;
	uint8_t *bytes = world_read_file(world, &size);
	const struct abi_root *root;
	const struct abi_ref *refs;

	memcpy(&tables, bytes, sizeof(tables));
	root = &tables.roots[tables.published % 2];
	refs = (const void *)(bytes + root->directory_offset);
	for (uint64_t i = 0; i < root->directory_count; i++)
		count += refs[i].birth == tables.published;
	free(bytes);
	return count;
}

static const struct abi_backend *backend_of(const struct world *world, size_t pool, size_t row)
{
	return world->snapshot->backends[world_index(world, &world->pools[pool], row)];
}

static const struct abi_service *service_of(const struct world *world, const char *name)
{
	int index = publisher_service_index(world->publisher, name);

	assert_true(index >= 0);
	return world->snapshot->services[index];
}

static void nothing_is_published_at_first(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_take(world), TABLES_NONE);
	assert_int_equal(publisher_generation(world->publisher), 0);
	assert_int_equal(publisher_service_index(world->publisher, "web"), -ENOENT);
}

static void everything_arrives_as_it_was_configured(void **state)
{
	struct world *world = *state;
	const struct snapshot *snapshot;
	const struct abi_service *service;
	const struct abi_backend *backend;

	world_step(world);
	snapshot = world->snapshot;
	assert_int_equal(snapshot->generation, 1);
	assert_int_equal(snapshot->revision, 1);
	assert_int_equal(snapshot->settings->node_count, 1);

	service = service_of(world, "nat");
	assert_string_equal(service->name, "nat");
	assert_int_equal(service->forwarding, ABI_FULL_NAT);
	assert_int_equal(service->hash_on, ABI_HASH_ADDRESS_PORT);
	assert_int_equal(service->mss_clamp, 1360);
	assert_int_equal(service->timeouts[ABI_TIMEOUT_TCP_ESTABLISHED], 7440000);
	assert_int_equal(service->timeouts[ABI_TIMEOUT_UDP], 300000);
	assert_int_equal(service->listener_count, 1);
	assert_int_equal(service->listeners[0].port_first, 81);
	assert_int_equal(service->listeners[0].protocol, IPPROTO_TCP);
	assert_string_equal(snapshot->local_pools[service->local_pool]->name, "snat");
	assert_int_equal(service_of(world, "web")->local_pool, ABI_NONE);
	assert_int_equal(service_of(world, "web")->ring, service->ring);

	backend = backend_of(world, 0, 1);
	assert_string_equal(backend->name, "web/b");
	assert_memory_equal(backend->address, world->pools[0].backends[1].address.bytes, 16);
	assert_int_equal(backend->port, 8080);
	assert_int_equal(backend->state, ABI_BACKEND_UP);
	assert_int_equal(backend->weight, 100);
	assert_int_equal(backend->flags, ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP);
	assert_int_equal(snapshot->next_hops[backend->next_hop]->mac[5], 12);
	assert_int_equal(snapshot->next_hops[backend->next_hop]->port, 1);

	assert_int_equal(snapshot->rings[service->ring]->size, 65537);
	assert_int_equal(snapshot->rings[service->ring]->backend_count, 3);
	assert_int_equal(snapshot->routes->count, 3);
	assert_int_equal(snapshot->host_addresses->count, 3);
}

static void equal_input_publishes_nothing(void **state)
{
	struct world *world = *state;

	world_step(world);
	assert_int_equal(world_publish(world), 0);
	assert_int_equal(publisher_generation(world->publisher), 1);
	assert_int_equal(world_take(world), TABLES_UNCHANGED);
}

/* Backends are looked for first behind who they were behind the last time: no more than a guess. */
static void indexes_stay_in_whatever_order_objects_come(void **state)
{
	struct world *world = *state;
	struct config_backend *rows = world->pools[0].backends, moved;
	struct publish_backend *health = world->health[0], healthy;
	struct publish_next_hop hop;
	uint32_t before[3], hops[3];

	world_step(world);
	for (size_t i = 0; i < 3; i++) {
		before[i] = world_index(world, &world->pools[0], i);
		hops[i] = backend_of(world, 0, i)->next_hop;
	}
	moved = rows[0];
	rows[0] = rows[2];
	rows[2] = moved;
	healthy = health[0];
	health[0] = health[2];
	health[2] = healthy;
	hop = world->next_hops[0];
	world->next_hops[0] = world->next_hops[2];
	world->next_hops[2] = hop;
	assert_int_equal(world_publish(world), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(world_index(world, &world->pools[0], 2 - i), before[i]);
		assert_int_equal(backend_of(world, 0, 2 - i)->next_hop, hops[i]);
	}
}

static const struct abi_next_hop *hop_of(const struct world *world, size_t backend)
{
	return world->snapshot->next_hops[backend_of(world, 0, backend)->next_hop];
}

/* One address in several VLANs of a port, as link-local ones of routers are. */
static void a_next_hop_is_of_one_vlan(void **state)
{
	struct world *world = *state;
	struct publish_next_hop *rows = &world->next_hops[world->input.next_hop_count], row;
	struct publish_backend *backend = &world->health[0][3];

	world_add_next_hop(world, "10.0.0.99", 1, 71)->vlan = 5;
	world_add_next_hop(world, "10.0.0.99", 1, 72)->vlan = 6;
	world_add_next_hop(world, "10.0.0.99", 1, 73)->vlan = 6;
	rows[2].outer_vlan = ABI_OUTER_8021Q | 7;
	world_add_backend(world, &world->pools[0], "twice", "10.0.0.99", 80);
	*backend = (struct publish_backend){
		.up = true, .has_next_hop = true, .port = 1, .next_hop = rows[0].address};
	for (size_t i = 0; i < 3; i++) {
		backend->vlan = rows[i].vlan;
		backend->outer_vlan = rows[i].outer_vlan;
		world_step(world);
		assert_int_equal(hop_of(world, 3)->mac[5], 71 + i);
		assert_int_equal(hop_of(world, 3)->outer_vlan, rows[i].outer_vlan);
	}
	row = rows[0];
	rows[0] = rows[2];
	rows[2] = row;
	assert_int_equal(world_publish(world), 0);
	backend->vlan = 8;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 3)->next_hop, ABI_NONE);
}

/* Unresolved, and each in its VLAN. */
static void gateways_of_one_address_in_two_vlans(void **state)
{
	struct world *world = *state;
	struct publish_route *rows = &world->routes[world->input.route_count];
	const struct abi_next_hop *hop;

	world_add_route(world, "203.0.113.0", 25, 1, "10.0.0.254");
	world_add_route(world, "203.0.113.128", 25, 1, "10.0.0.254");
	rows[0].vlan = 5;
	rows[1].vlan = 6;
	rows[1].outer_vlan = 7;
	world_step(world);
	for (size_t i = 0; i < 2; i++) {
		const char *client = i == 0 ? "203.0.113.5" : "203.0.113.205";
		const struct abi_route *route =
			snapshot_find_route(world->snapshot, WORLD_AT(client));

		hop = world->snapshot->next_hops[route->next_hop];
		assert_int_equal(hop->resolved, 0);
		assert_int_equal(hop->vlan, rows[i].vlan);
		assert_int_equal(hop->outer_vlan, rows[i].outer_vlan);
	}
}

static void a_ring_follows_who_leaves_and_who_returns(void **state)
{
	struct world *world = *state;
	uint32_t ring;

	world_step(world);
	ring = service_of(world, "web")->ring;
	world->pools[0].backend_count = 2;
	world_step(world);
	assert_int_equal(world->snapshot->rings[ring]->backend_count, 2);
	world->pools[0].backend_count = 3;
	world_step(world);
	assert_int_equal(world->snapshot->rings[ring]->backend_count, 3);
	assert_int_equal(world_publish(world), 0);
}

static void one_weight_changes_one_backend_and_one_ring(void **state)
{
	struct world *world = *state;
	struct config_pool *other = world_add_pool(world, "other");
	const struct abi_ring *before;
	const struct abi_backend *same;

	world_add_backend(world, other, "x", "10.0.0.21", 80);
	world_add_service(world, "other", "198.51.100.11", 80, CONFIG_DNAT, "other");
	world_step(world);
	before = world->snapshot->rings[service_of(world, "other")->ring];
	same = backend_of(world, 0, 2);

	world->pools[0].backends[0].weight = 50;
	world_step(world);
	assert_int_equal(count_new(world), 2);
	assert_ptr_equal(world->snapshot->rings[service_of(world, "other")->ring], before);
	assert_ptr_equal(backend_of(world, 0, 2), same);
	assert_int_equal(backend_of(world, 0, 0)->weight, 50);
}

static void a_revision_alone_shares_every_object(void **state)
{
	struct world *world = *state;

	world_step(world);
	world->config.revision = 2;
	world_step(world);
	assert_int_equal(count_new(world), 0);
	assert_int_equal(world->snapshot->revision, 2);
}

static void states_follow_health_and_admin(void **state)
{
	const struct {
		enum config_admin admin;
		uint32_t weight;
		bool up;
		enum abi_backend_state expected;
	} rows[] = {
		{CONFIG_READY, 100, true, ABI_BACKEND_UP},
		{CONFIG_READY, 100, false, ABI_BACKEND_DOWN},
		{CONFIG_READY, 0, true, ABI_BACKEND_DRAINING},
		{CONFIG_DRAIN, 100, true, ABI_BACKEND_DRAINING},
		{CONFIG_DRAIN, 100, false, ABI_BACKEND_DOWN},
		{CONFIG_MAINT, 100, true, ABI_BACKEND_DOWN},
	};
	struct world *world = *state;
	struct config_backend *backend = &world->pools[0].backends[0];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool in_ring = false;
		const struct abi_ring *ring;

		backend->admin = rows[i].admin;
		backend->weight = rows[i].weight;
		world->health[0][0].up = rows[i].up;
		world->config.revision++;
		world_step(world);
		assert_int_equal(backend_of(world, 0, 0)->state, rows[i].expected);
		assert_int_equal(publisher_backend_state(world->publisher, "web", backend),
				 rows[i].expected);
		ring = world->snapshot->rings[service_of(world, "web")->ring];
		for (uint32_t slot = 0; slot < ring->size; slot++)
			in_ring |= ring->slots[slot] == world_index(world, &world->pools[0], 0);
		assert_int_equal(in_ring, rows[i].expected == ABI_BACKEND_UP);
	}
}

static void a_pool_with_nobody_up_has_no_ring(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < 3; i++)
		world->health[0][i].up = false;
	world_step(world);
	assert_int_equal(service_of(world, "web")->ring, ABI_NONE);
	assert_int_equal(world->snapshot->ring_count, 0);
	world->health[0][1].up = true;
	world_step(world);
	assert_int_equal(world->snapshot->rings[service_of(world, "web")->ring]->backend_count, 1);
}

/* Takes the last backend out of the configuration. */
static void remove_last(struct world *world)
{
	world->pools[0].backend_count--;
}

static void a_free_index_goes_to_another_only_later_and_with_another_epoch(void **state)
{
	struct world *world = *state;
	uint32_t index, epoch;

	world_step(world);
	index = world_index(world, &world->pools[0], 2);
	epoch = world->snapshot->backends[index]->epoch;
	remove_last(world);
	world_step(world);
	world->input.now_ms += 1000;
	/* In the generation that frees the index a new backend comes in. */
	world_add_backend(world, &world->pools[0], "d", "10.0.0.14", 8080);
	world_step(world);
	assert_int_not_equal(world_index(world, &world->pools[0], 2), index);
	world_add_backend(world, &world->pools[0], "e", "10.0.0.15", 8080);
	world_step(world);
	assert_int_equal(world_index(world, &world->pools[0], 3), index);
	assert_int_not_equal(world->snapshot->backends[index]->epoch, epoch);
}

static void another_address_or_port_is_another_backend(void **state)
{
	struct world *world = *state;
	uint32_t index;

	world_step(world);
	index = world_index(world, &world->pools[0], 1);
	world->pools[0].backends[1].port = 8081;
	world_step(world);
	assert_int_not_equal(world_index(world, &world->pools[0], 1), index);
	assert_int_equal(world->snapshot->backends[index]->state, ABI_BACKEND_DRAINING);
	assert_int_equal(world->snapshot->backends[index]->port, 8080);
}

static void long_names_that_are_cut_alike_stay_apart(void **state)
{
	struct world *world = *state;
	struct config_pool *pool;
	char pool_name[CONFIG_NAME_SIZE], name[CONFIG_NAME_SIZE];
	uint32_t first, second;

	memset(pool_name, 'p', sizeof(pool_name));
	pool_name[63] = '\0';
	memset(name, 'n', sizeof(name));
	name[63] = '\0';
	pool = world_add_pool(world, pool_name);
	world_add_backend(world, pool, name, "10.0.0.21", 80);
	name[62] = 'm';
	world_add_backend(world, pool, name, "10.0.0.21", 80);
	world_step(world);
	first = world_index(world, pool, 0);
	second = world_index(world, pool, 1);
	assert_int_not_equal(first, second);
	assert_string_equal(world->snapshot->backends[first]->name,
			    world->snapshot->backends[second]->name);
	world_restart_publisher(world);
	assert_int_equal(world_publish(world), 0);
	assert_int_equal(world_index(world, pool, 0), first);
	assert_int_equal(world_index(world, pool, 1), second);
}

static void flags_tell_the_protocols_of_dnat_only(void **state)
{
	struct world *world = *state;
	struct config_service *service;

	service = world_add_service(world, "dns", "198.51.100.10", 53, CONFIG_FULL_NAT, "web");
	service->protocol = CONFIG_UDP;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->flags,
			 ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP);
	service->forwarding = CONFIG_DNAT;
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->flags, ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT |
								 ABI_BACKEND_TCP | ABI_BACKEND_UDP);
}

static void a_removed_service_is_gone_at_once(void **state)
{
	struct world *world = *state;
	uint32_t index;

	world_step(world);
	assert_non_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.10"), 81,
					      IPPROTO_TCP, &index));
	world->config.service_count = 1;
	world_step(world);
	assert_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.10"), 81,
					  IPPROTO_TCP, &index));
	assert_int_equal(publisher_service_index(world->publisher, "nat"), -ENOENT);
}

static void a_gateway_nobody_knows_is_an_unresolved_next_hop(void **state)
{
	struct world *world = *state;
	const struct abi_route *route;

	world_add_route(world, "203.0.113.0", 24, 0, "198.51.100.77");
	world_step(world);
	route = snapshot_find_route(world->snapshot, WORLD_AT("203.0.113.5"));
	assert_non_null(route);
	assert_int_equal(world->snapshot->next_hops[route->next_hop]->resolved, 0);
}

static void errors_name_what_is_wrong_and_leave_the_generation(void **state)
{
	struct world *world = *state;

	world_step(world);
	snprintf(world->services[1].local_pool, CONFIG_NAME_SIZE, "nowhere");
	world->pools[0].backends[0].weight = 7;
	assert_int_equal(world_publish(world), -EINVAL);
	assert_string_equal(publisher_reason(world->publisher),
			    "service nat: there is no local pool nowhere");
	assert_int_equal(world_take(world), TABLES_UNCHANGED);
	snprintf(world->services[1].local_pool, CONFIG_NAME_SIZE, "snat");
	world_step(world);
	assert_int_equal(backend_of(world, 0, 0)->weight, 7);

	world->next_hops[0].port = 9;
	assert_int_equal(world_publish(world), -EINVAL);
	assert_string_equal(publisher_reason(world->publisher),
			    "next hop 198.51.100.1 is on port 9, which does not exist");
}

static void adoption_changes_nothing(void **state)
{
	struct world *world = *state;
	uint8_t *before, *after;
	size_t size, size_after;

	world_step(world);
	world->pools[0].backends[0].weight = 50;
	world_step(world);
	before = world_read_file(world, &size);
	world_restart_publisher(world);
	assert_true(publisher_adopted(world->publisher));
	assert_int_equal(publisher_generation(world->publisher), 2);
	assert_int_equal(world_publish(world), 0);
	after = world_read_file(world, &size_after);
	assert_int_equal(size, size_after);
	assert_memory_equal(before, after, size);
	free(before);
	free(after);
	assert_int_equal(world_take(world), TABLES_UNCHANGED);

	world->pools[0].backends[0].weight = 60;
	world_step(world);
	assert_false(publisher_adopted(world->publisher));
	assert_int_equal(count_new(world), 2);
}

static void a_lost_file_begins_another_line_with_the_epochs_flows_know(void **state)
{
	struct world *world = *state;
	uint32_t epoch;
	char path[128];

	world_step(world);
	epoch = backend_of(world, 0, 0)->epoch;
	snprintf(path, sizeof(path), "%s/tables", world->run_dir);
	assert_int_equal(remove(path), 0);
	world_restart_publisher(world);
	assert_false(publisher_adopted(world->publisher));
	world_step(world);
	assert_int_equal(world->snapshot->generation, 1);
	assert_int_equal(backend_of(world, 0, 0)->epoch, epoch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_published_at_first),
		TEST(everything_arrives_as_it_was_configured),
		TEST(equal_input_publishes_nothing),
		TEST(indexes_stay_in_whatever_order_objects_come),
		TEST(a_next_hop_is_of_one_vlan),
		TEST(gateways_of_one_address_in_two_vlans),
		TEST(a_ring_follows_who_leaves_and_who_returns),
		TEST(one_weight_changes_one_backend_and_one_ring),
		TEST(a_revision_alone_shares_every_object),
		TEST(states_follow_health_and_admin),
		TEST(a_pool_with_nobody_up_has_no_ring),
		TEST(a_free_index_goes_to_another_only_later_and_with_another_epoch),
		TEST(another_address_or_port_is_another_backend),
		TEST(long_names_that_are_cut_alike_stay_apart),
		TEST(flags_tell_the_protocols_of_dnat_only),
		TEST(a_removed_service_is_gone_at_once),
		TEST(a_gateway_nobody_knows_is_an_unresolved_next_hop),
		TEST(errors_name_what_is_wrong_and_leave_the_generation),
		TEST(adoption_changes_nothing),
		TEST(a_lost_file_begins_another_line_with_the_epochs_flows_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
