/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Backends that call a service, and whoever else sits on their link. */
#include "tests/unit/core/world.h"

#include <string.h>

/* A SYN, put on the backends' link by the one with this MAC; what leaves is in *frame. */
static uint8_t call(struct world *world, const char *from, uint8_t mac, uint16_t port,
		    const char *service, struct frame *frame)
{
	*frame = frame_make(&(struct frame_spec){
		.source = from,
		.destination = service,
		.source_port = port,
		.destination_port = 80,
		.flags = SYN,
		.mac_from = mac,
		.mac_to = MAC_PORT_1,
	});
	return world_run(world, frame, 1, NULL);
}

/* With full NAT each backend reaches each, itself included, and hears from the service. */
static void a_backend_calls_the_service(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(200);
	bool reached[3][3] = {{false}};

	for (unsigned caller = 0; caller < 3; caller++) {
		for (uint16_t port = 4000; port < 4030; port++) {
			const uint8_t mac = (uint8_t)(0xb1 + caller);
			struct frame frame, answer;

			assert_int_equal(call(world, half->backends[caller], mac, port,
					      half->full_nat, &frame),
					 ABI_VERDICT_TO_BACKEND);
			reached[caller][frame_backend(&frame)] = true;
			assert_true(frame_is_right(&frame));
			assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer),
					 ABI_VERDICT_TO_CLIENT);
			struct ip_address source = frame_source(&answer);
			check_address(&source, half->full_nat);
			struct ip_address destination = frame_destination(&answer);
			check_address(&destination, half->backends[caller]);
			assert_int_equal(frame_destination_port(&answer), port);
			assert_int_equal(frame_data(&answer)[5], mac);
			assert_true(frame_is_right(&answer));
		}
	}
	for (unsigned i = 0; i < 9; i++)
		assert_true(reached[i / 3][i % 3]);
	assert_int_equal(
		world->counters->services[half->service + SERVICE_FULL_TCP].client_on_backend_link,
		0);
	world_check_law(world);
	world_free(world);
}

/* With dnat the backend answers past us: counted once for each flow, and sent on. */
static void dnat_counts_clients_on_the_backends_link(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct abi_traffic *service =
		&world->counters->services[half->service + SERVICE_DNAT_TCP];
	struct frame_spec elsewhere = syn_to(half->dnat);
	struct frame frame;

	assert_int_equal(world_client(world, &elsewhere, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(service->client_on_backend_link, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(call(world, half->backends[0], 0xb1, 4000, half->dnat, &frame),
				 ABI_VERDICT_TO_BACKEND);
	assert_int_equal(service->client_on_backend_link, 1);
	unsigned backend = half->backend + frame_backend(&frame);
	assert_int_equal(world->counters->backends[backend].client_on_backend_link, 1);
	/* Who only comes in there, and lives elsewhere, is answered through us. */
	assert_int_equal(call(world, half->far_client, 0xb1, 4001, half->dnat, &frame),
			 ABI_VERDICT_TO_BACKEND);
	assert_int_equal(call(world, half->client, 0xb1, 4002, half->dnat, &frame),
			 ABI_VERDICT_TO_BACKEND);
	assert_int_equal(service->client_on_backend_link, 1);
	world_check_law(world);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(a_backend_calls_the_service),
		OF_BOTH_FAMILIES(dnat_counts_clients_on_the_backends_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
