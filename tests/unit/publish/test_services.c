/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Ports, clients and IPv6 of services, as they are taken. */
#include "config/notation.h"
#include "tests/unit/publish/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

static const struct abi_service *service_of(const struct world *world, const char *name)
{
	int index = publisher_service_index(world->publisher, name);

	assert_true(index >= 0);
	return world->snapshot->services[index];
}

static void ports_arrive_from_1_on(void **state)
{
	struct config_port_range ports[] = {{443, 443}, {8000, 8099}, {0, 65535}};
	struct world *world = *state;
	const struct abi_service *service;

	world->services[0].ports = ports;
	world->services[0].port_count = 3;
	world_step(world);
	service = service_of(world, "web");
	assert_int_equal(service->listener_count, 3);
	assert_int_equal(service->listeners[0].port_first, 443);
	assert_int_equal(service->listeners[0].port_last, 443);
	assert_int_equal(service->listeners[1].port_first, 8000);
	assert_int_equal(service->listeners[1].port_last, 8099);
	assert_int_equal(service->listeners[2].port_first, 1);
	assert_int_equal(service->listeners[2].port_last, 65535);
}

static struct config_prefix prefix_of(const char *text)
{
	struct config_prefix prefix;

	assert_null(notation_read_prefix(text, &prefix));
	return prefix;
}

static void clients_arrive_as_ranges_behind_the_listeners(void **state)
{
	struct config_prefix allow[] = {prefix_of("192.0.2.128/25"), prefix_of("10.0.0.0/8"),
					prefix_of("192.0.2.0/25")};
	struct config_prefix deny[] = {prefix_of("10.1.1.1")};
	struct world *world = *state;
	const struct abi_service *service;
	const struct abi_range *range;

	world->services[0].allow = allow;
	world->services[0].allow_count = 3;
	world->services[0].deny = deny;
	world->services[0].deny_count = 1;
	world_step(world);
	service = service_of(world, "web");
	assert_int_equal(service->allow_count, 2);
	assert_int_equal(service->deny_count, 1);
	range = abi_service_allow(service);
	assert_memory_equal(range[0].first, allow[1].address.bytes, 16);
	assert_memory_equal(range[0].last + 12, "\x0a\xff\xff\xff", 4);
	assert_memory_equal(range[1].first, allow[2].address.bytes, 16);
	assert_memory_equal(range[1].last + 12, "\xc0\x00\x02\xff", 4);
	range = abi_service_deny(service);
	assert_memory_equal(range[0].first, deny[0].address.bytes, 16);
	assert_memory_equal(range[0].last, deny[0].address.bytes, 16);

	allow[1] = prefix_of("10.0.0.0/9");
	world_step(world);
	assert_ptr_not_equal(service_of(world, "web"), service);
	service = service_of(world, "web");
	/* Other words for the same clients are no change. */
	allow[0] = prefix_of("192.0.2.0/24");
	world->config.revision++;
	world_step(world);
	assert_ptr_equal(service_of(world, "web"), service);
}

static void too_many_clients_are_refused(void **state)
{
	static struct config_prefix deny[ABI_MAX_RANGES + 1];
	struct world *world = *state;

	world->services[0].deny = deny;
	world->services[0].deny_count = ABI_MAX_RANGES + 1;
	assert_int_equal(world_publish(world), -E2BIG);
	assert_string_equal(
		publisher_reason(world->publisher),
		"service web: 0 prefixes of clients allowed and 4097 denied, at most 4096 each");
}

/* "six": full NAT from 2001:db8:2::250 to one backend, behind a link-local gateway. */
static void add_ipv6_service(struct world *world)
{
	struct config_pool *pool = world_add_pool(world, "six");
	struct publish_backend *way = &world->health[1][0];

	world_add_local_pool(world, "snat6", "2001:db8:2::250");
	world_add_backend(world, pool, "a", "2001:db8:3::11", 8080);
	world_add_service(world, "six", "2001:db8:1::10", 80, CONFIG_FULL_NAT, "six");
	snprintf(world->services[2].local_pool, CONFIG_NAME_SIZE, "snat6");
	way->has_next_hop = true;
	way->port = 1;
	way->next_hop = world_add_next_hop(world, "fe80::1", 1, 66)->address;
	world_add_next_hop(world, "fe80::1", 0, 67); /* another one, on another link */
	world_add_route(world, "::", 0, 1, "fe80::1");
	world_add_route(world, "2001:db8:2::1", 64, 1, NULL); /* host bits are cleared */
}

static void ipv6_arrives_as_ipv4_does(void **state)
{
	struct world *world = *state;
	const struct abi_service *service;
	const struct abi_backend *backend;
	const struct abi_next_hop *hop;
	const struct abi_route *rows;

	add_ipv6_service(world);
	world_step(world);
	service = service_of(world, "six");
	assert_int_equal(service->family, 6);
	assert_memory_equal(service->listeners[0].address, world->services[2].addresses[0].bytes,
			    16);
	assert_memory_equal(world->snapshot->local_pools[service->local_pool]->addresses[0],
			    world->local_pools[1].addresses[0].bytes, 16);
	backend = world->snapshot->backends[world_index(world, &world->pools[1], 0)];
	assert_int_equal(backend->family, 6);
	assert_memory_equal(backend->address, world->pools[1].backends[0].address.bytes, 16);
	hop = world->snapshot->next_hops[backend->next_hop];
	assert_int_equal(hop->mac[5], 66);
	assert_int_equal(hop->port, 1);

	/* Longest first, of 128 bits: 24 of IPv4 are 120. */
	rows = world->snapshot->routes->rows;
	assert_int_equal(world->snapshot->routes->count, 5);
	assert_int_equal(rows[0].length, 120);
	assert_int_equal(rows[2].length, 96);
	assert_int_equal(rows[3].length, 64);
	assert_memory_equal(rows[3].prefix, "\x20\x01\x0d\xb8\0\x02\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(rows[4].length, 0);
	assert_ptr_equal(world->snapshot->next_hops[rows[4].next_hop], hop);

	/* A new control plane finds it all as it is. */
	world_restart_publisher(world);
	assert_true(publisher_adopted(world->publisher));
	assert_int_equal(world_publish(world), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(ports_arrive_from_1_on),
		TEST(clients_arrive_as_ranges_behind_the_listeners),
		TEST(too_many_clients_are_refused),
		TEST(ipv6_arrives_as_ipv4_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
