/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What clients of a service without backends are told (RFC 9293, 3.10.7.1; RFC 4443, 3.1). */
#include "dataplane/core/wire.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define SEQUENCE    0xfffffffeu /* so that adding to it wraps */
#define ACKNOWLEDGE 0x12345678u

static struct world *world_without_backends(const struct half *half, uint8_t when_down)
{
	struct world *world = world_new(100);
	const uint8_t protocols[] = {TCP, UDP};

	for (unsigned i = 0; i < 2; i++) {
		snapshot_builder_service(
			world->builder,
			half->service + (i == 0 ? SERVICE_DNAT_TCP : SERVICE_DNAT_UDP), half->dnat,
			i == 0 ? 80 : 53, protocols[i], ABI_NONE, ABI_NONE)
			->when_down = when_down;
		snapshot_builder_service(
			world->builder,
			half->service + (i == 0 ? SERVICE_FULL_TCP : SERVICE_FULL_UDP),
			half->full_nat, i == 0 ? 80 : 53, protocols[i], ABI_NONE, half->local_pool)
			->when_down = when_down;
	}
	world_publish(world);
	return world;
}

static struct frame segment(const char *source, const char *service, uint8_t flags,
			    uint16_t payload)
{
	struct frame frame = frame_make(&(struct frame_spec){.source = source,
							     .destination = service,
							     .source_port = 4000,
							     .destination_port = 80,
							     .flags = flags,
							     .payload = payload,
							     .mac_from = MAC_CLIENT,
							     .mac_to = MAC_PORT_0});

	wire_store32(frame_transport(&frame) + TCP_SEQUENCE, htobe32(SEQUENCE));
	wire_store32(frame_transport(&frame) + TCP_ACKNOWLEDGE, htobe32(ACKNOWLEDGE));
	frame_fix_checksums(&frame);
	return frame;
}

/* The frame goes back: other way round, from the port's MAC, with nothing in it. */
static void check_answer(struct frame *answer, struct frame *asked, uint8_t protocol)
{
	struct ip_address from = frame_source(answer), to = frame_destination(answer);
	struct ip_address asker = frame_source(asked), service = frame_destination(asked);
	const uint8_t macs[12] = {2, 0, 0, 0, 0, MAC_CLIENT, 2, 0, 0, 0, 0, MAC_PORT_0};

	assert_true(frame_is_right(answer));
	assert_memory_equal(&from, &service, sizeof(from));
	assert_memory_equal(&to, &asker, sizeof(to));
	assert_memory_equal(frame_data(answer), macs, sizeof(macs));
	assert_int_equal(frame_protocol(answer), protocol);
}

static void check_reset(struct world *world, struct frame asked, uint8_t flags, uint32_t sequence,
			uint32_t acknowledge)
{
	struct frame answer = asked;
	const uint8_t *transport;
	uint16_t out_port;

	assert_int_equal(world_run(world, &answer, 0, &out_port), ABI_VERDICT_NO_BACKEND_TOLD);
	assert_int_equal(out_port, 0);
	check_answer(&answer, &asked, TCP);
	transport = frame_transport(&answer);
	assert_int_equal(transport + TCP_SIZE - frame_data(&answer), answer.length);
	assert_int_equal(frame_source_port(&answer), 80);
	assert_int_equal(frame_destination_port(&answer), 4000);
	assert_int_equal(transport[TCP_FLAGS], flags);
	assert_int_equal(be32toh(wire_load32(transport + TCP_SEQUENCE)), sequence);
	assert_int_equal(be32toh(wire_load32(transport + TCP_ACKNOWLEDGE)), acknowledge);
}

static void resets(void **state)
{
	const struct half *half = *state;
	struct world *world = world_without_backends(half, ABI_WHEN_DOWN_RESET);
	struct frame extended = segment(half->client, half->dnat, SYN, 0);

	check_reset(world, segment(half->client, half->dnat, SYN, 0), RST | ACK, 0, SEQUENCE + 1);
	check_reset(world, segment(half->client, half->full_nat, SYN, 0), RST | ACK, 0,
		    SEQUENCE + 1);
	/* Data with the SYN (RFC 7413) is acknowledged with it. */
	check_reset(world, segment(half->client, half->dnat, SYN, 5), RST | ACK, 0, SEQUENCE + 6);
	check_reset(world, segment(half->client, half->dnat, ACK | PSH, 5), RST, ACKNOWLEDGE, 0);
	check_reset(world, segment(half->client, half->dnat, ACK | FIN, 0), RST, ACKNOWLEDGE, 0);
	if (half->family == 6)
		check_reset(world, frame_extended(&extended, DESTINATION_OPTIONS, 2), RST | ACK, 0,
			    SEQUENCE + 1);
	assert_int_equal(world_flow_count(world), 0);
	world_check_law(world);
	world_free(world);
}

static void no_reset_of_resets(void **state)
{
	const struct half *half = *state;
	struct world *world = world_without_backends(half, ABI_WHEN_DOWN_RESET);
	const uint8_t flags[] = {RST, RST | ACK, RST | SYN};

	for (unsigned i = 0; i < 3; i++) {
		struct frame frame = segment(half->client, half->dnat, flags[i], 0);
		struct frame before = frame;

		assert_true(world_run(world, &frame, 0, NULL) >= ABI_VERDICT_FIRST_DROP);
		assert_memory_equal(&frame, &before, sizeof(frame));
	}
	assert_int_equal(world->counters->generated, 0);
	world_free(world);
}

static void datagrams(void **state)
{
	const struct half *half = *state;
	struct world *world = world_without_backends(half, ABI_WHEN_DOWN_RESET);
	struct frame_spec spec = ask(half->full_nat);

	spec.source = half->client;
	spec.mac_from = MAC_CLIENT;
	spec.mac_to = MAC_PORT_0;
	struct frame asked = frame_make(&spec), answer = asked;
	const uint32_t size = half->family == 4 ? IPV4_SIZE : IPV6_SIZE;

	assert_int_equal(world_run(world, &answer, 0, NULL), ABI_VERDICT_NO_BACKEND_TOLD);
	check_answer(&answer, &asked, half->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
	const uint8_t *message = frame_data(&answer) + ETHERNET_SIZE + size;
	assert_int_equal(message[0], half->family == 4 ? 3 : 1);
	assert_int_equal(message[1], half->family == 4 ? 3 : 4);
	assert_memory_equal(message + ICMP_SIZE, frame_data(&asked) + ETHERNET_SIZE,
			    asked.length - ETHERNET_SIZE);
	world_free(world);
}

static void within_a_budget(void **state)
{
	const struct half *half = *state;
	struct world *world = world_without_backends(half, ABI_WHEN_DOWN_RESET);

	for (unsigned i = 0; i < 300; i++) {
		struct frame frame = segment(half->client, half->dnat, SYN, 0);

		assert_int_equal(world_run(world, &frame, 0, NULL),
				 i < 256 ? ABI_VERDICT_NO_BACKEND_TOLD : ABI_VERDICT_NO_BACKEND);
	}
	assert_int_equal(world->counters->generated, 256);
	world_check_law(world);
	world_free(world);
}

static void nothing_with_drop(void **state)
{
	const struct half *half = *state;
	struct world *world = world_without_backends(half, ABI_WHEN_DOWN_DROP);
	struct frame frame = segment(half->client, half->dnat, SYN, 0), before = frame;

	assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_NO_BACKEND);
	assert_memory_equal(&frame, &before, sizeof(frame));
	assert_int_equal(world->counters->generated, 0);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(resets),
		OF_BOTH_FAMILIES(no_reset_of_resets),
		OF_BOTH_FAMILIES(datagrams),
		OF_BOTH_FAMILIES(within_a_budget),
		OF_BOTH_FAMILIES(nothing_with_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
