/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Who owns a packet: both directions of every flow, and the errors about it,
 * have one owner, whatever the number of workers and the redirection table; and
 * workers have equal shares.
 */
#include "dataplane/core/owner.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/owner_scene.h"

static struct owner owner;

static uint8_t owner_in(const struct owner_scene *scene, const struct headers *headers)
{
	uint8_t worker = owner_of(&owner, &scene->roles, headers);

	assert_true(worker < owner.workers);
	return worker;
}

static struct headers parsed(struct frame *frame)
{
	struct headers headers;

	assert_int_equal(parse_headers(frame_data(frame), frame->length, &headers), VERDICT_NONE);
	return headers;
}

/* A router's word about a frame, which came to it and will not get further. */
static uint8_t owner_of_error(const struct owner_scene *scene, const struct half *half,
			      const struct frame *about)
{
	struct frame copy = *about;
	struct frame error =
		frame_icmp(half_twin(half, "192.0.2.1"), half_twin(half, "203.0.113.8"),
			   half->family == 4 ? 3 : 1, &copy);
	struct headers headers = parsed(&error);

	assert_int_equal(headers.kind, HEADERS_ICMP_ERROR);
	return owner_in(scene, &headers);
}

/* What goes in and out on either side of a dnat flow, as the engine makes it. */
static void dnat_has_one_owner(void **state)
{
	const struct half *half = *state;
	uint64_t random[2] = {half->family, 11};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(1000));
	for (uint32_t i = 0; i < 800; i++) {
		struct frame request, answer;
		const struct frame_spec spec = {.source = i % 2 ? half->client : half->far_client,
						.source_port = (uint16_t)(1024 + 61 * i),
						.destination = i % 3 ? half->dnat : half->dnat_too,
						.destination_port = 80,
						.flags = SYN};

		owner_use_workers(&owner, 1 + i % OWNER_WORKERS_MAX, owner_any_reta_size(random),
				  random);
		request = frame_make(&spec);
		struct headers headers = parsed(&request);
		uint8_t worker = owner_in(&scene, &headers);

		assert_int_equal(world_client(scene.world, &spec, &request),
				 ABI_VERDICT_TO_BACKEND);
		/* The backend's side of it, from here on. */
		assert_int_equal(owner_of_error(&scene, half, &request), worker);
		headers = parsed(&request);
		headers = headers_turned(&headers);
		assert_int_equal(owner_in(&scene, &headers), worker);
		assert_int_equal(world_answer(scene.world, &request, SYN | ACK, &answer),
				 ABI_VERDICT_TO_CLIENT);
		assert_int_equal(owner_of_error(&scene, half, &answer), worker);
	}
	owner_scene_close(&scene);
}

/* What the engine will make once it draws local ports by owner_draw_port(). */
static void full_nat_has_one_owner(void **state)
{
	const struct half *half = *state;
	const char *locals[] = {half->local, half->local_too};
	uint64_t random[2] = {half->family, 12};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(1000));
	for (uint32_t i = 0; i < 64 * 200; i++) {
		struct headers client =
			headers_of(half->family, half->client, 4000, half->full_nat, 80);
		struct headers reply = headers_of(half->family, half->backends[i % 3],
						  FULL_NAT_PORT, locals[i / 3 % 2], 0);
		const struct port_range range = {(uint16_t)(1024 + i % 5000), 65535};
		uint16_t port;

		if (i % 100 == 0)
			owner_use_workers(&owner, 1 + i / 200, owner_any_reta_size(random), random);
		headers_draw_client(&client, random);
		uint8_t worker = owner_in(&scene, &client);
		/* The port that is there before does not matter. */
		reply.tuple.ports.be_destination = (uint16_t)random_next(random);
		assert_true(owner_draw_port(&owner, &reply.tuple, worker, range, random, &port));
		assert_true(port >= range.first);
		reply.tuple.ports.be_destination = htobe16(port);
		assert_int_equal(owner_in(&scene, &reply), worker);
	}
	owner_scene_close(&scene);
}

/* Errors about what full NAT sends, on either side. */
static void full_nat_errors_meet_their_flow(void **state)
{
	const struct half *half = *state;
	uint64_t random[2] = {half->family, 13};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(1000));
	for (uint16_t i = 0; i < 500; i++) {
		struct frame_spec spec = {.source = half->local,
					  .source_port = (uint16_t)(2000 + i),
					  .destination = half->backends[0],
					  .destination_port = FULL_NAT_PORT};
		struct frame to_backend = frame_make(&spec);
		struct headers reply = parsed(&to_backend);

		reply = headers_turned(&reply);
		owner_use_workers(&owner, 1 + i % OWNER_WORKERS_MAX, OWNER_RETA_SIZE, random);
		assert_int_equal(owner_of_error(&scene, half, &to_backend),
				 owner_in(&scene, &reply));
		spec = (struct frame_spec){.source = half->full_nat,
					   .source_port = 80,
					   .destination = half->client,
					   .destination_port = (uint16_t)(2000 + i)};
		struct frame to_client = frame_make(&spec);
		struct headers request = parsed(&to_client);

		request = headers_turned(&request);
		assert_int_equal(owner_of_error(&scene, half, &to_client),
				 owner_in(&scene, &request));
	}
	owner_scene_close(&scene);
}

/* To a dnat backend's own address and port, and back. */
static void direct_connections_have_one_owner(void **state)
{
	const struct half *half = *state;
	uint64_t random[2] = {half->family, 14};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(1000));
	for (uint32_t i = 0; i < 64 * 50; i++) {
		struct headers client = headers_of(half->family, half->client, 4000,
						   half->backends[i % 3], DNAT_PORT);

		owner_use_workers(&owner, 1 + i / 50, owner_any_reta_size(random), random);
		/* A backend, too, may be a client of another one, from another port. */
		if (i % 4 == 0)
			client =
				headers_of(half->family, half->backends[(i + 1) % 3],
					   (uint16_t)(20000 + i), half->backends[i % 3], DNAT_PORT);
		else
			headers_draw_client(&client, random);
		struct headers reply = headers_turned(&client);
		assert_int_equal(owner_in(&scene, &client), owner_in(&scene, &reply));
	}
	owner_scene_close(&scene);
}

/* A dnat endpoint as a dnat service's client: the reply looks like a direct connection to it. */
static void an_endpoint_may_be_a_client(void **state)
{
	const struct half *half = *state;
	uint64_t random[2] = {half->family, 15};
	struct owner_scene scene;

	owner_scene_open(&scene, world_new(1000));
	for (uint32_t workers = 2; workers <= OWNER_WORKERS_MAX; workers++) {
		struct headers client =
			headers_of(half->family, half->backends[0], DNAT_PORT, half->dnat, 80);
		struct headers reply = headers_of(half->family, half->backends[1], DNAT_PORT,
						  half->backends[0], DNAT_PORT);

		owner_use_workers(&owner, workers, OWNER_RETA_SIZE, random);
		assert_int_equal(owner_in(&scene, &client), owner_in(&scene, &reply));
	}
	owner_scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(dnat_has_one_owner),
		OF_BOTH_FAMILIES(full_nat_has_one_owner),
		OF_BOTH_FAMILIES(full_nat_errors_meet_their_flow),
		OF_BOTH_FAMILIES(direct_connections_have_one_owner),
		OF_BOTH_FAMILIES(an_endpoint_may_be_a_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
