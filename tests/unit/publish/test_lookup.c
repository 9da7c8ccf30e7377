/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The packet path's questions to a snapshot, and how 60,000 clients spread over a ring. */
#include "dataplane/core/select.h"
#include "tests/unit/publish/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLIENTS 60000

static void services_are_found_by_address_port_and_protocol(void **state)
{
	struct world *world = *state;
	const struct abi_service *service;
	const struct ip_address *vip = WORLD_AT("198.51.100.10");
	uint32_t index = ABI_NONE;

	world_step(world);
	service = snapshot_find_service(world->snapshot, vip, 81, IPPROTO_TCP, &index);
	assert_non_null(service);
	assert_string_equal(service->name, "nat");
	assert_ptr_equal(world->snapshot->services[index], service);
	assert_null(snapshot_find_service(world->snapshot, vip, 82, IPPROTO_TCP, &index));
	assert_null(snapshot_find_service(world->snapshot, vip, 81, IPPROTO_UDP, &index));
	assert_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.11"), 81,
					  IPPROTO_TCP, &index));
	assert_true(snapshot_is_service_address(world->snapshot, vip));
	assert_false(snapshot_is_service_address(world->snapshot, WORLD_AT("10.0.0.11")));
}

static void dnat_endpoints_are_those_of_dnat_services(void **state)
{
	struct world *world = *state;
	struct config_pool *pool = world_add_pool(world, "any");
	const struct ip_address *web = WORLD_AT("10.0.0.11"), *any = WORLD_AT("10.0.0.31");

	world_add_backend(world, pool, "any", "10.0.0.31", 0);
	world_add_service(world, "any", "198.51.100.12", 53, CONFIG_DNAT, "any")->protocol =
		CONFIG_UDP;
	world_add_backend(world, world_add_pool(world, "far"), "far", "10.0.0.41", 80);
	world_add_service(world, "far", "198.51.100.13", 80, CONFIG_FULL_NAT, "far");
	world_step(world);
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, web, 8080, IPPROTO_TCP));
	assert_false(snapshot_is_dnat_endpoint(world->snapshot, web, 8081, IPPROTO_TCP));
	assert_false(snapshot_is_dnat_endpoint(world->snapshot, web, 8080, IPPROTO_UDP));
	/* A backend that keeps the destination's port: every port of the protocol. */
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, any, 53, IPPROTO_UDP));
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, any, 40000, IPPROTO_UDP));
	assert_false(snapshot_is_dnat_endpoint(world->snapshot, any, 53, IPPROTO_TCP));
	assert_true(snapshot_is_dnat_address(world->snapshot, any));
	assert_false(
		snapshot_is_dnat_endpoint(world->snapshot, WORLD_AT("10.0.0.41"), 80, IPPROTO_TCP));
	assert_false(snapshot_is_dnat_address(world->snapshot, WORLD_AT("10.0.0.41")));
}

static void backends_of_dnat_match_in_any_state(void **state)
{
	struct world *world = *state;

	world->health[0][0].up = false;
	world->pools[0].backends[1].admin = CONFIG_DRAIN;
	world_step(world);
	for (unsigned i = 0; i < 3; i++) {
		struct ip_address address = ip_address_of_ipv4(htonl(0x0a00000bu + i));

		assert_true(
			snapshot_is_dnat_endpoint(world->snapshot, &address, 8080, IPPROTO_TCP));
	}
}

static void locals_are_addresses_with_a_range_of_ports(void **state)
{
	struct world *world = *state;
	const struct ip_address *local = WORLD_AT("10.0.0.250");

	world->local_pools[0].port_last = 2000;
	world_step(world);
	assert_true(snapshot_is_local(world->snapshot, local, 1024));
	assert_true(snapshot_is_local(world->snapshot, local, 2000));
	assert_false(snapshot_is_local(world->snapshot, local, 1023));
	assert_false(snapshot_is_local(world->snapshot, local, 2001));
	assert_false(snapshot_is_local(world->snapshot, WORLD_AT("10.0.0.251"), 1024));
	assert_true(snapshot_is_local_address(world->snapshot, local));
}

static void host_addresses_are_all_of_this_host(void **state)
{
	struct world *world = *state;

	world_step(world);
	assert_true(snapshot_is_host_address(world->snapshot, WORLD_AT("198.51.100.2")));
	assert_true(snapshot_is_host_address(world->snapshot, WORLD_AT("10.0.0.1")));
	assert_false(snapshot_is_host_address(world->snapshot, WORLD_AT("10.0.0.2")));
}

static void the_longest_prefix_wins(void **state)
{
	const struct {
		const char *address;
		int length; /* of the row that is found, as IPv4 counts */
	} rows[] = {
		{"203.0.113.9", 0}, {"10.0.0.77", 24}, {"10.0.0.66", 32},
		{"10.0.0.130", 25}, {"10.0.1.1", 0},   {"198.51.100.200", 24},
	};
	struct world *world = *state;

	world_add_route(world, "10.0.0.66", 32, 1, NULL);
	world_add_route(world, "10.0.0.129", 25, 1, "10.0.0.11"); /* host bits are cleared */
	world_add_route(world, "2001:db8::", 64, 1, NULL);
	world_add_route(world, "10.0.0.66", 32, 0, NULL); /* the first of equals stays */
	world_step(world);
	assert_int_equal(world->snapshot->routes->count, 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct abi_route *route =
			snapshot_find_route(world->snapshot, WORLD_AT(rows[i].address));

		assert_non_null(route);
		assert_int_equal(route->length, rows[i].length + 96);
	}
	assert_int_equal(snapshot_find_route(world->snapshot, WORLD_AT("10.0.0.66"))->port, 1);
}

static void without_a_default_route_nothing_is_found(void **state)
{
	struct world *world = *state;

	world->input.routes++;
	world->input.route_count = 1;
	world_step(world);
	assert_null(snapshot_find_route(world->snapshot, WORLD_AT("203.0.113.9")));
	assert_non_null(snapshot_find_route(world->snapshot, WORLD_AT("10.0.0.9")));
}

static void neighbours_are_found_by_address_and_by_mac(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 12}, other[6] = {2, 0, 0, 0, 0, 99};
	struct world *world = *state;
	const struct ip_address *b = WORLD_AT("10.0.0.12");
	uint32_t index;

	world->next_hops[3].resolved = false;
	world_step(world);
	index = snapshot_find_neighbour(world->snapshot, 1, b);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0, mac, 4), index);
	assert_memory_equal(world->snapshot->next_hops[index]->mac, mac, 6);
	assert_int_equal(snapshot_find_neighbour(world->snapshot, 0, b), ABI_NONE);
	assert_int_equal(snapshot_find_mac(world->snapshot, 0, 0, 0, mac, 4), ABI_NONE);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 5, 0, mac, 4), ABI_NONE);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0, other, 4), ABI_NONE);
	/* Unresolved: known by its address, not by the MAC it had. */
	index = snapshot_find_neighbour(world->snapshot, 1, WORLD_AT("10.0.0.13"));
	assert_int_not_equal(index, ABI_NONE);
	assert_int_equal(world->snapshot->next_hops[index]->resolved, 0);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0,
					   (const uint8_t[6]){2, 0, 0, 0, 0, 13}, 4),
			 ABI_NONE);
}

/* Counts to which backend each of CLIENTS distinct addresses and ports goes. */
static void spread(struct world *world, uint32_t counts[3])
{
	const struct snapshot *snapshot = world->snapshot;
	const struct abi_service *service =
		snapshot->services[publisher_service_index(world->publisher, "web")];
	const struct abi_ring *ring = snapshot->rings[service->ring];
	static uint64_t seen[(1u << 22) / 64];
	uint64_t seed = 60000;

	memset(seen, 0, sizeof(seen));
	memset(counts, 0, 3 * sizeof(*counts));
	for (unsigned found = 0; found < CLIENTS;) {
		struct flow_tuple client = {.family = 4};
		uint32_t draw, slot;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		draw = (uint32_t)(seed >> 42); /* 22 bits: 64 addresses, 65536 ports */
		if (seen[draw / 64] >> draw % 64 & 1)
			continue;
		seen[draw / 64] |= 1ull << draw % 64;
		found++;
		client.ipv4.be_source = htonl(0xcb007100u + (draw >> 16));
		client.ports.be_source = htons((uint16_t)draw);
		slot = select_slot(snapshot->settings, service, ring, &client);
		assert_true(slot < ring->size);
		for (unsigned i = 0; i < 3; i++)
			counts[i] += ring->slots[slot] == world_index(world, &world->pools[0], i);
	}
	assert_int_equal(counts[0] + counts[1] + counts[2], CLIENTS);
}

static void clients_spread_evenly(void **state)
{
	struct world *world = *state;
	uint32_t counts[3];

	world_step(world);
	spread(world, counts);
	print_message("60000 clients: %u %u %u\n", counts[0], counts[1], counts[2]);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(counts[i] >= CLIENTS / 3 * 98 / 100);
		assert_true(counts[i] <= CLIENTS / 3 * 102 / 100);
	}
}

static void clients_spread_by_weight(void **state)
{
	const uint32_t weights[3] = {1, 2, 7};
	struct world *world = *state;
	uint32_t counts[3];

	for (unsigned i = 0; i < 3; i++)
		world->pools[0].backends[i].weight = weights[i];
	world_step(world);
	spread(world, counts);
	print_message("60000 clients: %u %u %u\n", counts[0], counts[1], counts[2]);
	for (unsigned i = 0; i < 3; i++) {
		double percent = 100.0 * counts[i] / CLIENTS;

		assert_true(percent >= 10.0 * weights[i] - 2 && percent <= 10.0 * weights[i] + 2);
	}
}

/* Tables of rows that did not change are the ones from before; here all stays as long as it was. */
static void tables_follow_what_changes_in_its_place(void **state)
{
	struct world *world = *state;
	const struct ip_address web = world_address("10.0.0.11");
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 11}, other_mac[6] = {2, 0, 0, 0, 0, 99};
	uint32_t index, hop;

	world_step(world);
	hop = snapshot_find_mac(world->snapshot, 1, 0, 0, mac, 4);
	assert_int_not_equal(hop, ABI_NONE);
	world->pools[0].backends[0].weight = 7; /* nothing of these tables */
	world_step(world);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0, mac, 4), hop);
	assert_int_equal(snapshot_find_neighbour(world->snapshot, 1, &web), hop);
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, &web, 8080, IPPROTO_TCP));
	assert_non_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.10"), 80,
					      IPPROTO_TCP, &index));
	world->next_hops[1].mac[5] = 99;
	world_step(world);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0, mac, 4), ABI_NONE);
	assert_int_equal(snapshot_find_mac(world->snapshot, 1, 0, 0, other_mac, 4), hop);
	world->services[0].protocol = CONFIG_UDP; /* its backends answer with UDP alone, in time */
	world->service_ports[0][0] = (struct config_port_range){88, 88};
	world_step(world);
	assert_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.10"), 80,
					  IPPROTO_TCP, &index));
	assert_non_null(snapshot_find_service(world->snapshot, WORLD_AT("198.51.100.10"), 88,
					      IPPROTO_UDP, &index));
	assert_true(snapshot_is_dnat_endpoint(world->snapshot, &web, 8080, IPPROTO_UDP));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(services_are_found_by_address_port_and_protocol),
		TEST(dnat_endpoints_are_those_of_dnat_services),
		TEST(backends_of_dnat_match_in_any_state),
		TEST(locals_are_addresses_with_a_range_of_ports),
		TEST(host_addresses_are_all_of_this_host),
		TEST(the_longest_prefix_wins),
		TEST(without_a_default_route_nothing_is_found),
		TEST(neighbours_are_found_by_address_and_by_mac),
		TEST(tables_follow_what_changes_in_its_place),
		TEST(clients_spread_evenly),
		TEST(clients_spread_by_weight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
