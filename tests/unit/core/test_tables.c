/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Services of ranges of ports and of clients, in tables of both families; and what is refused. */
#include "dataplane/core/snapshot.h"
#include "tests/unit/core/world.h"

#include <stdio.h>
#include <string.h>

#define NO_SERVICE UINT32_MAX

static uint32_t find(const struct world *world, const char *text, uint16_t port, uint8_t protocol)
{
	struct ip_address address = text_address(text);
	uint32_t index = NO_SERVICE;
	const struct abi_service *service =
		snapshot_find_service(world->snapshot, &address, port, protocol, &index);

	assert_true(service == NULL ? index == NO_SERVICE
				    : service == world->snapshot->services[index]);
	return index;
}

/* Services of a world of their own, behind those there are. */
enum { SINGLE = 20, RANGE, EVERY };

static const char *address_of(const struct half *half)
{
	return half->family == 4 ? "198.51.100.30" : "2001:db8:5::30";
}

static void add_service(struct world *world, const struct half *half, uint32_t index,
			uint16_t first, uint16_t last)
{
	struct abi_service *service =
		snapshot_builder_service(world->builder, index, address_of(half), first, TCP,
					 half->ring + RING_DNAT, ABI_NONE);

	service->listeners[0].port_last = last;
}

/* Fewest ports win: a single one, a range, every port. */
static void the_narrowest_listener_is_meant(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const char *address = address_of(half);

	/* In an order that is not theirs. */
	add_service(world, half, SINGLE, 1, 65535);
	add_service(world, half, RANGE, 443, 443);
	add_service(world, half, EVERY, 400, 500);
	world_publish(world);
	for (uint32_t port = 0; port <= 65535; port++) {
		uint32_t expected = port == 0                    ? NO_SERVICE
				    : port == 443                ? RANGE
				    : port >= 400 && port <= 500 ? EVERY
								 : SINGLE;
		if (find(world, address, (uint16_t)port, TCP) != expected)
			fail_msg("port %u", port);
	}
	assert_int_equal(find(world, address, 443, UDP), NO_SERVICE);
	assert_int_equal(find(world, address, 450, UDP), NO_SERVICE);
	assert_int_equal(find(world, half->dnat, 450, TCP), NO_SERVICE);
	assert_int_equal(find(world, half->dnat, 80, TCP), half->service + SERVICE_DNAT_TCP);
	world_free(world);
}

/* All but port 1, and all but the last, are ranges like others. */
static void nearly_every_port_is_a_range(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const char *address = address_of(half);

	add_service(world, half, EVERY, 1, 65535);
	add_service(world, half, RANGE, 2, 65535);
	world_publish(world);
	assert_int_equal(find(world, address, 1, TCP), EVERY);
	assert_int_equal(find(world, address, 2, TCP), RANGE);
	assert_int_equal(find(world, address, 65535, TCP), RANGE);
	add_service(world, half, RANGE, 1, 65534);
	world_publish(world);
	assert_int_equal(find(world, address, 1, TCP), RANGE);
	assert_int_equal(find(world, address, 65534, TCP), RANGE);
	assert_int_equal(find(world, address, 65535, TCP), EVERY);
	world_free(world);
}

/* Side by side without a gap, and with gaps of one port; of both protocols and two addresses. */
static void many_ranges(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const char *const addresses[] = {address_of(half), half->dnat};

	add_service(world, half, SINGLE, 65535, 65535);
	add_service(world, half, RANGE, 65534, 65534);
	for (uint32_t i = 0; i < 200; i++) {
		uint16_t first = (uint16_t)(1000 + i * 10);

		for (unsigned a = 0; a < 2; a++) {
			snapshot_builder_listener(world->builder, SINGLE, addresses[a], first,
						  first + 4, TCP);
			snapshot_builder_listener(world->builder, RANGE, addresses[a], first + 5,
						  first + 8, TCP);
			snapshot_builder_listener(world->builder, RANGE, addresses[a], first,
						  first + 9, UDP);
		}
	}
	world_publish(world);
	for (uint32_t i = 0; i < 2000; i++)
		for (unsigned a = 0; a < 2; a++) {
			uint16_t port = (uint16_t)(1000 + i);

			assert_int_equal(find(world, addresses[a], port, TCP),
					 i % 10 < 5   ? SINGLE
					 : i % 10 < 9 ? RANGE
						      : NO_SERVICE);
			assert_int_equal(find(world, addresses[a], port, UDP), RANGE);
		}
	assert_int_equal(find(world, addresses[0], 999, UDP), NO_SERVICE);
	assert_int_equal(find(world, addresses[0], 3000, UDP), NO_SERVICE);
	world_free(world);
}

static void is_refused(struct world *world, const char *sentence)
{
	snapshot_builder_must_be_refused(world->builder, world->engine.port_count, sentence);
}

static void ports_have_one_holder(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);

	/* A port in common, at either end or inside. */
	add_service(world, half, SINGLE, 400, 500);
	add_service(world, half, RANGE, 500, 600);
	is_refused(world, "service 21 (service): ports 500-600 of an address are service 20's "
			  "(service)");
	add_service(world, half, RANGE, 300, 400);
	is_refused(world, "service 20 (service): ports 400-500 of an address are service 21's "
			  "(service)");
	add_service(world, half, RANGE, 450, 460);
	is_refused(world, "service 21 (service): ports 450-460 of an address are service 20's "
			  "(service)");
	/* Next to each other they may lie. */
	add_service(world, half, RANGE, 501, 600);
	world_publish(world);
	/* Every port, twice. */
	add_service(world, half, SINGLE, 1, 65535);
	add_service(world, half, RANGE, 1, 65535);
	snapshot_builder_must_be_refused(
		world->builder, world->engine.port_count,
		"service 21 (service): ports 1-65535 of an address are service 20's (service)");
	/* One port, twice. */
	add_service(world, half, SINGLE, 7, 7);
	add_service(world, half, RANGE, 7, 7);
	is_refused(world,
		   "service 21 (service): ports 7-7 of an address are service 20's (service)");
	/* By the other protocol it is another. */
	((struct abi_service *)snapshot_builder_get(world->builder, ABI_SERVICE, RANGE))
		->listeners[0]
		.protocol = UDP;
	world_publish(world);
	assert_int_equal(find(world, address_of(half), 7, TCP), SINGLE);
	assert_int_equal(find(world, address_of(half), 7, UDP), RANGE);
	world_free(world);
}

static bool allows(const struct world *world, uint32_t service, const char *client)
{
	struct ip_address address = text_address(client);

	return snapshot_allows(world->snapshot->services[service], &address);
}

struct client {
	const char *address;
	bool is_allowed;
};

static void check_clients(const struct world *world, uint32_t service, const struct client *clients,
			  unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (allows(world, service, clients[i].address) != clients[i].is_allowed)
			fail_msg("%s", clients[i].address);
}

static void clients_of_ipv4(void **state)
{
	const struct client clients[] = {
		{"10.0.0.9", false},        {"10.0.0.10", true},       {"10.0.0.11", true},
		{"10.0.0.12", false},       {"10.0.0.13", false},      {"10.0.0.14", true},
		{"10.0.0.20", true},        {"10.0.0.21", false},      {"10.0.0.30", true},
		{"10.0.0.29", false},       {"10.0.0.31", false},      {"10.255.255.255", false},
		{"11.0.0.0", true},         {"11.255.255.255", true},  {"12.0.0.0", false},
		{"255.255.255.254", false}, {"255.255.255.255", true}, {"9.0.0.0", false},
	};
	struct world *world = world_new(10);
	struct snapshot_builder *builder = world->builder;

	(void)state;
	assert_true(allows(world, SERVICE_DNAT_TCP, "10.0.0.12"));
	snapshot_builder_allow(builder, SERVICE_DNAT_TCP, "10.0.0.10", "10.0.0.20");
	snapshot_builder_allow(builder, SERVICE_DNAT_TCP, "10.0.0.30", "10.0.0.30");
	snapshot_builder_allow(builder, SERVICE_DNAT_TCP, "11.0.0.0", "11.255.255.255");
	snapshot_builder_allow(builder, SERVICE_DNAT_TCP, "255.255.255.255", "255.255.255.255");
	snapshot_builder_deny(builder, SERVICE_DNAT_TCP, "10.0.0.12", "10.0.0.13");
	/* Denied only: all others may. */
	snapshot_builder_deny(builder, SERVICE_TOO, "10.0.0.12", "10.0.0.13");
	snapshot_builder_deny(builder, SERVICE_FULL_TCP, "0.0.0.0", "255.255.255.255");
	world_publish(world);
	check_clients(world, SERVICE_DNAT_TCP, clients, sizeof(clients) / sizeof(clients[0]));
	check_clients(world, SERVICE_TOO,
		      (const struct client[]){{"10.0.0.11", true},
					      {"10.0.0.12", false},
					      {"10.0.0.13", false},
					      {"10.0.0.14", true}},
		      4);
	check_clients(world, SERVICE_FULL_TCP,
		      (const struct client[]){{"0.0.0.1", false}, {"255.255.255.255", false}}, 2);
	world_free(world);
}

static void clients_of_ipv6(void **state)
{
	const uint32_t service = SERVICES_EACH + SERVICE_DNAT_TCP;
	const struct client clients[] = {
		{"2001:db8::ffff:ffff:ffff:fffe", false},
		{"2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8:0:1::", true},
		{"2001:db8:0:1::1", true},
		{"2001:db8:0:1::2", false},
		{"2001:db8:a::", true},
		{"2001:db8:a:ffff:ffff:ffff:ffff:ffff", true},
		{"2001:db8:b::", false},
		{"2001:db8:a::5", false},
		{"2001:db8:a::4", true},
		{"2001:db8:a::6", true},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", false},
		{"::1", false},
	};
	struct world *world = world_new(10);
	struct snapshot_builder *builder = world->builder;

	(void)state;
	/* Over the border of the address's halves. */
	snapshot_builder_allow(builder, service, "2001:db8::ffff:ffff:ffff:ffff",
			       "2001:db8:0:1::1");
	snapshot_builder_allow(builder, service,
			       "2001:db8:a::", "2001:db8:a:ffff:ffff:ffff:ffff:ffff");
	snapshot_builder_allow(builder, service, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	snapshot_builder_deny(builder, service, "2001:db8:a::5", "2001:db8:a::5");
	world_publish(world);
	check_clients(world, service, clients, sizeof(clients) / sizeof(clients[0]));
	world_free(world);
}

static void ranges_of_clients_must_be_in_order(void **state)
{
	const char *const order = "service 0: %s %u is out of order";
	const struct {
		const char *ranges[2][2];
		unsigned wrong;
	} cases[] = {
		{{{"10.0.0.2", "10.0.0.1"}, {"10.0.0.3", "10.0.0.3"}}, 0},
		{{{"10.0.0.2", "10.0.0.3"}, {"10.0.0.1", "10.0.0.1"}}, 1},
		{{{"10.0.0.2", "10.0.0.3"}, {"10.0.0.3", "10.0.0.4"}}, 1},
		{{{"10.0.0.2", "10.0.0.3"}, {"10.0.0.2", "10.0.0.3"}}, 1},
	};

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *world = world_new(10);
		bool deny = i % 2 == 1;
		char sentence[64];

		for (unsigned row = 0; row < 2; row++)
			(deny ? snapshot_builder_deny : snapshot_builder_allow)(
				world->builder, SERVICE_DNAT_TCP, cases[i / 2].ranges[row][0],
				cases[i / 2].ranges[row][1]);
		snprintf(sentence, sizeof(sentence), order, deny ? "deny" : "allow",
			 cases[i / 2].wrong);
		is_refused(world, sentence);
		world_free(world);
	}
}

static void clients_are_of_the_services_family(void **state)
{
	struct world *world = world_new(10);

	(void)state;
	snapshot_builder_allow(world->builder, SERVICE_DNAT_TCP, "10.0.0.1", "10.0.0.2");
	snapshot_builder_allow(world->builder, SERVICE_DNAT_TCP, "2001:db8::", "2001:db8::1");
	is_refused(world, "service 0: allow 1 is not IPv4");
	world_free(world);
	world = world_new(10);
	snapshot_builder_deny(world->builder, SERVICES_EACH, "10.0.0.1", "10.0.0.2");
	is_refused(world, "service 5: deny 0 is not IPv6");
	world_free(world);
}

static void families_do_not_mix(void **state)
{
	struct world *world = world_new(10);
	struct snapshot_builder *builder = world->builder;
	struct abi_service *service;

	(void)state;
	snapshot_builder_ring(builder, RING_DNAT, 7, (uint16_t[]){0, BACKENDS_EACH}, 2);
	is_refused(world, "ring 0: backends of both families");
	snapshot_builder_ring(builder, RING_DNAT, 7, (uint16_t[]){BACKENDS_EACH}, 1);
	is_refused(world, "service 0 (service): the backends of ring 0 are not IPv4");
	snapshot_builder_ring(builder, RING_DNAT, 7, (uint16_t[]){0}, 1);
	world_publish(world);

	service = snapshot_builder_get(builder, ABI_SERVICE, SERVICES_EACH + SERVICE_FULL_TCP);
	service->local_pool = 0;
	is_refused(world, "service 8 (service): local pool 0 is not IPv6");
	service->local_pool = 1;
	struct abi_local_pool *pool = snapshot_builder_get(builder, ABI_LOCAL_POOL, 1);
	struct ip_address ipv4 = text_address("10.0.1.240");
	memcpy(pool->addresses[1], &ipv4, 16);
	is_refused(world, "local pool 1: address 1 is IPv4, not IPv6");
	snapshot_builder_local_pool(builder, 1, LOCAL6, 2, 1024, 65535);

	snapshot_builder_listener(builder, SERVICE_DNAT_TCP, "2001:db8:5::99", 80, 80, TCP);
	is_refused(world, "service 0: listener 1 is IPv6, not IPv4");
	world_free(world);
}

/* No family's default route serves the other. */
static void routes_are_of_their_family(void **state)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	struct ip_address ipv4 = text_address("192.0.2.1");
	struct ip_address ipv6 = text_address("2001:db8:1::77");
	struct ip_address far = text_address("2001:db8:2::77");

	(void)state;
	snapshot_builder_route(builder, "2001:db8:1::77", 128, 1, ABI_NONE);
	snapshot_builder_route(builder, "2001:db8:1::", 64, 0, ABI_NONE);
	snapshot_builder_route(builder, "::", 0, 1, ABI_NONE);
	struct snapshot *snapshot = snapshot_builder_take(builder, 2);
	assert_null(snapshot_find_route(snapshot, &ipv4));
	assert_int_equal(snapshot_find_route(snapshot, &ipv6)->length, 128);
	assert_int_equal(snapshot_find_route(snapshot, &far)->length, 0);
	ipv6 = text_address("2001:db8:1::78");
	assert_int_equal(snapshot_find_route(snapshot, &ipv6)->length, 64);
	snapshot_release(snapshot);

	snapshot_builder_remove(builder, ABI_ROUTES, 0);
	snapshot_builder_route(builder, "0.0.0.0", 0, 1, ABI_NONE);
	snapshot = snapshot_builder_take(builder, 2);
	assert_null(snapshot_find_route(snapshot, &ipv6));
	assert_int_equal(snapshot_find_route(snapshot, &ipv4)->length, 96);
	snapshot_release(snapshot);
	snapshot_builder_free(builder);
}

/* One MAC, a neighbour of each family: of those, that of the family that is asked for. */
static void neighbours_with_one_mac(void **state)
{
	const uint8_t router[6] = {2, 0, 0, 0, 0, MAC_ROUTER};
	struct world *world = world_new(10);

	(void)state;
	assert_int_equal(snapshot_find_mac(world->snapshot, 0, 0, 0, router, 4), HOP_ROUTER);
	assert_int_equal(snapshot_find_mac(world->snapshot, 0, 0, 0, router, 6),
			 HOPS_EACH + HOP_ROUTER);
	snapshot_builder_remove(world->builder, ABI_ROUTES, 0);
	snapshot_builder_remove(world->builder, ABI_NEXT_HOP, HOP_ROUTER);
	world_publish(world);
	assert_int_equal(snapshot_find_mac(world->snapshot, 0, 0, 0, router, 4),
			 HOPS_EACH + HOP_ROUTER);
	world_free(world);
}

/* Most of the 250 addresses of one network that begin in one of 512 slots. */
static unsigned fullest_slot(const char *network, unsigned last_byte)
{
	unsigned counts[512] = {0}, most = 0;

	for (unsigned i = 1; i <= 250; i++) {
		struct ip_address address = text_address(network);

		((uint8_t *)&address)[last_byte] = (uint8_t)i;
		unsigned *count = &counts[hash_endpoint(&address, 8080, 6) & 511];
		*count += 1;
		most = *count > most ? *count : most;
	}
	return most;
}

/* Addresses of one network lie scattered in the look-up tables, as by chance. */
static void neighbours_are_scattered(void **state)
{
	(void)state;
	assert_in_range(fullest_slot("10.0.1.0", 15), 1, 6);
	assert_in_range(fullest_slot("2001:db8:1::", 15), 1, 6);
	assert_in_range(fullest_slot("2001:db8:1::", 7), 1, 6);
	assert_in_range(fullest_slot("2001:db8:1::", 8), 1, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(the_narrowest_listener_is_meant),
		OF_BOTH_FAMILIES(nearly_every_port_is_a_range),
		OF_BOTH_FAMILIES(many_ranges),
		OF_BOTH_FAMILIES(ports_have_one_holder),
		cmocka_unit_test(clients_of_ipv4),
		cmocka_unit_test(clients_of_ipv6),
		cmocka_unit_test(ranges_of_clients_must_be_in_order),
		cmocka_unit_test(clients_are_of_the_services_family),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(routes_are_of_their_family),
		cmocka_unit_test(neighbours_with_one_mac),
		cmocka_unit_test(neighbours_are_scattered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
