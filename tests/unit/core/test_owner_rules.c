/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What addresses alone say of a packet is what its ports say; workers have
 * equal shares of clients; fragments of a datagram meet.
 */
#include "dataplane/core/random.h"
#include "tests/unit/core/owner_scene.h"
#include "tests/unit/core/toeplitz_key.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct owner owner;

/* Addresses that are two things at once: one for each pair of roles. */
static void add_mixed(struct world *world, const struct half *half)
{
	const uint32_t dnat = half->ring + RING_DNAT, full_nat = half->ring + RING_FULL_NAT;
	const uint16_t endpoint = ABI_BACKEND_DNAT | ABI_BACKEND_TCP;
	struct snapshot_builder *builder = world->builder;
	uint32_t service = half->family == 4 ? 100 : 200, backend = service;

	snapshot_builder_service(builder, service++, half->full_nat, 443, TCP, dnat, ABI_NONE);
	snapshot_builder_service(builder, service++, half->local_too, 443, TCP, dnat, ABI_NONE);
	snapshot_builder_service(builder, service++, half->local, 444, TCP, full_nat,
				 half->local_pool);
	snapshot_builder_service(builder, service++, half->backends[0], 443, TCP, dnat, ABI_NONE);
	snapshot_builder_service(builder, service++, half->backends[1], 443, TCP, full_nat,
				 half->local_pool);
	/* One that keeps the destination's port. */
	snapshot_builder_backend(builder, backend++, half_twin(half, "203.0.113.8"), 0, half->hop)
		->flags = endpoint;
	snapshot_builder_backend(builder, backend++, half->local, 8080, half->hop)->flags =
		endpoint;
	world_publish(world);
}

/*
 * What is neither to nor from anything that is ours; or looks like a reply of dnat, but goes to
 * what is no client: it has a service or local address.
 */
static bool is_of_no_flow(const struct snapshot *snapshot, const struct headers *headers)
{
	struct ip_address destination = flow_tuple_destination(&headers->tuple);
	struct ip_address source = flow_tuple_source(&headers->tuple);
	uint16_t port = be16toh(headers->tuple.ports.be_destination);
	uint32_t service;

	if (snapshot_find_service(snapshot, &destination, port, TCP, &service) != NULL ||
	    snapshot_is_local(snapshot, &destination, port))
		return false;
	if (snapshot_is_dnat_endpoint(snapshot, &source, be16toh(headers->tuple.ports.be_source),
				      TCP))
		return snapshot_is_service_address(snapshot, &destination) ||
		       snapshot_is_local_address(snapshot, &destination);
	return !snapshot_is_dnat_endpoint(snapshot, &destination, port, TCP);
}

static void addresses_say_what_ports_say(void **state)
{
	const struct half *half = *state;
	const char *ends[] = {half->client,      half_twin(half, "203.0.113.8"),
			      half->dnat,        half->full_nat,
			      half->local,       half->local_too,
			      half->backends[0], half->backends[1],
			      half->backends[2], half->self};
	const uint16_t port_numbers[] = {1, 80, 443, 444, 8080, 9090, 40000};
	struct world *world = world_new(100);
	struct owner_scene scene;
	unsigned told = 0;

	add_mixed(world, half);
	owner_scene_open(&scene, world);
	assert_true(scene.roles.has_dnat);
	for (unsigned i = 0;
	     i < COUNT(ends) * COUNT(ends) * COUNT(port_numbers) * COUNT(port_numbers); i++) {
		unsigned pair = i / (COUNT(port_numbers) * COUNT(port_numbers));
		struct headers headers =
			headers_of(half->family, ends[pair / COUNT(ends)],
				   port_numbers[i % COUNT(port_numbers)], ends[pair % COUNT(ends)],
				   port_numbers[i / COUNT(port_numbers) % COUNT(port_numbers)]);
		enum owner_part exact = owner_part_by_ports(world->snapshot, &headers.tuple);

		if (is_of_no_flow(world->snapshot, &headers))
			continue;
		assert_int_equal(owner_part_of(&scene.roles, &headers.tuple), exact);
		told++;
	}
	assert_true(told > 1000);
	owner_scene_close(&scene);
}

/* Ports are looked at in vain where addresses have one meaning each, but between backends. */
static void plain_packets_need_no_ports(void **state)
{
	const struct half *half = *state;
	struct owner_scene scene;
	const struct {
		const char *source, *destination;
		enum owner_part part;
	} rows[] = {
		{half->client, half->dnat, OWNER_PART_SOURCE},
		{half->backends[0], half->client, OWNER_PART_DESTINATION},
		{half->client, half->backends[0], OWNER_PART_SOURCE},
		{half->client, half->full_nat, OWNER_PART_ALL},
		{half->backends[0], half->local, OWNER_PART_ALL},
		{half->client, half->far_client, OWNER_PART_ALL},
		{half->backends[0], half->backends[1], OWNER_PART_BY_PORTS},
	};

	owner_scene_open(&scene, world_new(100));
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct ip_address source = text_address(rows[i].source);
		struct ip_address destination = text_address(rows[i].destination);
		bool from_endpoint = owner_roles_of(&scene.roles, &source) & OWNER_ROLE_ENDPOINT;

		assert_int_equal(
			owner_parts[from_endpoint][owner_roles_of(&scene.roles, &destination)],
			rows[i].part);
	}
	owner_scene_close(&scene);
}

/* Each of these could be something else by its addresses. */
static void ports_tell_where_addresses_do_not(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct owner_scene scene;
	const struct {
		const char *source;
		uint16_t source_port;
		const char *destination;
		uint16_t destination_port;
		enum owner_part part;
	} rows[] = {
		{half->client, 1, half->full_nat, 80, OWNER_PART_ALL},
		{half->client, 1, half->full_nat, 443, OWNER_PART_SOURCE},
		{half->backends[0], 9090, half->local_too, 2000, OWNER_PART_ALL},
		{half->backends[0], 8080, half->local_too, 2000, OWNER_PART_ALL},
		{half->client, 1, half->local_too, 443, OWNER_PART_SOURCE},
		{half->client, 1, half->backends[0], 443, OWNER_PART_SOURCE},
		{half->client, 1, half->backends[1], 443, OWNER_PART_ALL},
		{half->client, 1, half->backends[1], 8080, OWNER_PART_SOURCE},
		{half->backends[1], 8080, half->backends[2], 1, OWNER_PART_DESTINATION},
		{half->backends[1], 1, half->backends[2], 8080, OWNER_PART_SOURCE},
		{half->backends[1], 8080, half->backends[2], 8080, OWNER_PART_DESTINATION},
	};

	add_mixed(world, half);
	owner_scene_open(&scene, world);
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct headers headers =
			headers_of(half->family, rows[i].source, rows[i].source_port,
				   rows[i].destination, rows[i].destination_port);

		assert_int_equal(owner_part_of(&scene.roles, &headers.tuple), rows[i].part);
	}
	owner_scene_close(&scene);
}

/* Without dnat nothing but the packet is looked at. */
static void full_nat_alone_needs_no_addresses(void **state)
{
	const struct half *half = *state;
	struct headers headers = headers_of(half->family, half->client, 1, half->dnat, 80);
	const struct owner_roles none = {.has_dnat = false};
	uint64_t random[2] = {1, 2};

	owner_use_workers(&owner, 64, 512, random);
	assert_int_equal(owner_of(&owner, &none, &headers),
			 owner_of_hash(&owner, toeplitz_hash(&owner.toeplitz, &headers.tuple)));
}

static void one_worker_owns_all(void **state)
{
	const struct half *half = *state;
	struct headers headers = headers_of(half->family, half->client, 1, half->dnat, 80);

	/* Nothing is there to be computed with. */
	memset(&owner, 0xff, sizeof(owner));
	owner.workers = 1;
	assert_int_equal(owner_of(&owner, NULL, &headers), 0);
	assert_int_equal(owner_of_fragment(&owner, &headers.tuple, 7), 0);
}

/* Of shares that the redirection table gives. */
static void check_shares(const uint32_t *counts, uint32_t total)
{
	double sum = 0;

	for (uint32_t worker = 0; worker < owner.workers; worker++) {
		double share = owner.buckets_begin[worker + 1] - owner.buckets_begin[worker];
		double expected = total * share / (owner.mask + 1);

		sum += (counts[worker] - expected) * (counts[worker] - expected) / expected;
	}
	if (!is_by_chance(sum, owner.workers - 1))
		fail_msg("%u workers: chi-square %f", owner.workers, sum);
}

static void workers_have_their_shares(void **state)
{
	const struct half *half = *state;
	const char *services[] = {half->dnat, half->full_nat};
	uint64_t random[2] = {half->family, 21};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(100));
	for (uint32_t workers = 2; workers <= OWNER_WORKERS_MAX; workers++)
		for (unsigned i = 0; i < COUNT(services); i++) {
			struct headers headers =
				headers_of(half->family, half->client, 1, services[i], 80);
			uint32_t counts[OWNER_WORKERS_MAX] = {0};

			owner_use_workers(&owner, workers, owner_any_reta_size(random), random);
			for (uint32_t n = 0; n < 20000; n++) {
				headers_draw_client(&headers, random);
				counts[owner_of(&owner, &scene.roles, &headers)]++;
			}
			check_shares(counts, 20000);
		}
	owner_scene_close(&scene);
}

/* Datagrams of one host, numbered one after another. */
static void fragments_of_a_datagram_meet(void **state)
{
	const struct half *half = *state;
	struct headers headers = headers_of(half->family, half->client, 0, half->full_nat, 0);
	uint32_t counts[8] = {0};
	uint64_t random[2] = {half->family, 22};
	unsigned differ = 0;

	owner_use_workers(&owner, 8, OWNER_RETA_SIZE, random);
	for (uint32_t id = 0; id < 4096; id++) {
		struct flow_tuple first = headers.tuple, later = headers.tuple;
		uint32_t be_id = half->family == 4 ? htobe16((uint16_t)id) : htobe32(id);

		/* Of the first one the ports may have been read. */
		first.ports = (struct abi_flow_ports){htobe16(4000), htobe16(80)};
		assert_int_equal(owner_of_fragment(&owner, &first, be_id),
				 owner_of_fragment(&owner, &later, be_id));
		later.protocol = UDP;
		differ += owner_of_fragment(&owner, &first, be_id) !=
			  owner_of_fragment(&owner, &later, be_id);
		counts[owner_of_fragment(&owner, &first, be_id)]++;
	}
	if (half->family == 6)
		assert_int_equal(differ, 0);
	else
		assert_true(differ > 0);
	for (unsigned worker = 0; worker < 8; worker++)
		assert_in_range(counts[worker], 400, 624);
	/* And an error about one says nothing. */
	headers.has_ports = false;
	assert_int_equal(owner_of(&owner, NULL, &headers), OWNER_ANY);
}

static void a_worker_may_own_nothing(void **state)
{
	const struct half *half = *state;
	struct headers reply = headers_of(half->family, half->backends[0], 80, half->local, 0);
	uint64_t random[2] = {1, 2};
	uint16_t port;

	owner_use_workers(&owner, 64, 32, random);
	unsigned without = 0;
	for (uint32_t worker = 0; worker < 64; worker++)
		without += !owner_draw_port(&owner, &reply.tuple, worker,
					    (struct port_range){1024, 65535}, random, &port);
	assert_int_equal(without, 32);
}

static void nonsense_is_refused(void **state)
{
	uint8_t reta[1024] = {0}, key[40] = {0};
	const size_t size = sizeof(toeplitz_key);

	(void)state;
	assert_null(owner_init(&owner, toeplitz_key, size, 64, reta, 512));
	assert_null(owner_init(&owner, toeplitz_key, size, 1, reta, 1));
	assert_non_null(owner_init(&owner, toeplitz_key, size, 0, reta, 128));
	assert_non_null(owner_init(&owner, toeplitz_key, size, 65, reta, 128));
	assert_non_null(owner_init(&owner, toeplitz_key, size, 4, reta, 0));
	assert_non_null(owner_init(&owner, toeplitz_key, size, 4, reta, 96));
	assert_non_null(owner_init(&owner, toeplitz_key, size, 4, reta, 1024));
	assert_non_null(owner_init(&owner, toeplitz_key, 39, 4, reta, 128));
	assert_non_null(owner_init(&owner, key, sizeof(key), 4, reta, 128));
	reta[127] = 4;
	assert_non_null(owner_init(&owner, toeplitz_key, size, 4, reta, 128));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(addresses_say_what_ports_say),
		OF_BOTH_FAMILIES(plain_packets_need_no_ports),
		OF_BOTH_FAMILIES(ports_tell_where_addresses_do_not),
		OF_BOTH_FAMILIES(full_nat_alone_needs_no_addresses),
		OF_BOTH_FAMILIES(one_worker_owns_all),
		OF_BOTH_FAMILIES(workers_have_their_shares),
		OF_BOTH_FAMILIES(fragments_of_a_datagram_meet),
		OF_BOTH_FAMILIES(a_worker_may_own_nothing),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
