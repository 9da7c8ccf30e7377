/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Flows from their first packet to their end, packet by packet and counter by counter. */
#include "tests/unit/core/world.h"

#include <string.h>

static const struct frame_spec syn_to_dnat = {
	.destination = DNAT, .source_port = 4000, .destination_port = 80, .flags = SYN};
static const struct frame_spec syn_to_full_nat = {
	.destination = FULL_NAT, .source_port = 4000, .destination_port = 80, .flags = SYN};
static const struct frame_spec ask_full_nat = {
	.destination = FULL_NAT, .source_port = 4000, .destination_port = 53, .protocol = UDP};

static const struct abi_flow *only_flow(const struct world *world)
{
	assert_int_equal(world->engine.flows->count, 1);
	for (uint32_t i = 0; i < world->engine.flows->capacity; i++)
		if (world->engine.flows->records[i].state != ABI_FLOW_FREE)
			return &world->engine.flows->records[i];
	fail();
	return NULL;
}

static void check_macs(struct frame *frame, uint8_t to, uint8_t from)
{
	const uint8_t macs[12] = {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from};

	assert_memory_equal(frame_data(frame), macs, sizeof(macs));
}

/* The number of the backend a frame is going to (0 to 2), by its address. */
static unsigned backend_of(struct frame *frame)
{
	unsigned number = frame_data(frame)[33] - 1u;

	assert_in_range(number, 0, 2);
	return number;
}

static void dnat_there_and_back(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	assert_int_equal(world_client(world, &syn_to_dnat, &frame), ABI_VERDICT_TO_BACKEND);
	unsigned backend = backend_of(&frame);
	assert_int_equal(frame_source(&frame), be_address(CLIENT));
	assert_int_equal(frame_source_port(&frame), 4000);
	assert_int_equal(frame_destination_port(&frame), DNAT_PORT);
	assert_int_equal(frame_data(&frame)[22], 63);
	check_macs(&frame, (uint8_t)(0xb1 + backend), MAC_PORT_1);
	assert_true(frame_is_right(&frame));

	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source(&answer), be_address(DNAT));
	assert_int_equal(frame_source_port(&answer), 80);
	assert_int_equal(frame_destination(&answer), be_address(CLIENT));
	assert_int_equal(frame_destination_port(&answer), 4000);
	assert_int_equal(frame_data(&answer)[22], 63);
	check_macs(&answer, MAC_CLIENT, MAC_PORT_0);
	assert_true(frame_is_right(&answer));

	const struct abi_flow *flow = only_flow(world);
	assert_int_equal(flow->service, SERVICE_DNAT_TCP);
	assert_int_equal(flow->backend, backend);
	assert_int_equal(flow->flags, ABI_FLOW_ANSWERED);
	assert_int_equal(flow->be_local, flow->be_client);
	world_check_law(world);
	world_free(world);
}

static void full_nat_there_and_back(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	assert_int_equal(world_client(world, &ask_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	unsigned backend = backend_of(&frame);
	const struct abi_flow *flow = only_flow(world);
	assert_int_equal(flow->state, ABI_FLOW_UDP);
	assert_int_equal(flow->flags, ABI_FLOW_FULL_NAT);
	assert_int_equal(flow->backend, 3 + backend);
	assert_int_equal(frame_source(&frame), flow->be_local);
	assert_true(flow->be_local == be_address(LOCAL) ||
		    flow->be_local == be_address("10.0.1.251"));
	assert_in_range(frame_source_port(&frame), 1024, 65535);
	assert_int_equal(frame_destination_port(&frame), FULL_NAT_PORT);
	check_macs(&frame, (uint8_t)(0xb1 + backend), MAC_PORT_1);
	assert_true(frame_is_right(&frame));

	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source(&answer), be_address(FULL_NAT));
	assert_int_equal(frame_source_port(&answer), 53);
	assert_int_equal(frame_destination(&answer), be_address(CLIENT));
	assert_int_equal(frame_destination_port(&answer), 4000);
	check_macs(&answer, MAC_CLIENT, MAC_PORT_0);
	assert_true(frame_is_right(&answer));

	/* The flow stays with its backend and its local port. */
	uint32_t be_local = flow->be_local;
	assert_int_equal(world_client(world, &ask_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(backend_of(&frame), backend);
	assert_int_equal(frame_source(&frame), be_local);
	assert_int_equal(world->engine.flows->count, 1);
	world_check_law(world);
	world_free(world);
}

static void check_traffic(const struct abi_traffic *traffic)
{
	const struct abi_traffic expected = {.packets_in = 2,
					     .bytes_in = 40 + 140,
					     .packets_out = 1,
					     .bytes_out = 51,
					     .flows_started = 1,
					     .flows_ended = 0,
					     .drops = 1};

	assert_memory_equal(traffic, &expected, sizeof(expected));
}

static void counters_of_service_and_backend(void **state)
{
	struct world *world = world_new(100);
	struct abi_counters_block *counters = world->counters;
	struct frame_spec data = syn_to_full_nat;
	struct frame frame, answer;

	(void)state;
	world_client(world, &syn_to_full_nat, &frame);
	unsigned backend = 3 + backend_of(&frame);
	world_answer(world, &frame, SYN | ACK, &answer);
	data.flags = ACK;
	data.payload = 100;
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	data.payload = 1461;
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TOO_BIG);

	check_traffic(&counters->services[SERVICE_FULL_TCP]);
	check_traffic(&counters->backends[backend]);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TO_BACKEND], 2);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TO_CLIENT], 1);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TOO_BIG], 1);

	world_wait(world, 8000000);
	assert_int_equal(counters->services[SERVICE_FULL_TCP].flows_ended, 1);
	assert_int_equal(counters->backends[backend].flows_ended, 1);
	assert_int_equal(world->engine.flows->count, 0);
	world_check_law(world);
	world_free(world);
}

/* Lasts the state's timeout after the last packet, and not much longer. */
static void flows_age_by_state(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec data = syn_to_dnat;
	struct frame frame, answer;

	(void)state;
	world_client(world, &syn_to_dnat, &frame);
	world_wait(world, 29900);
	assert_int_equal(world->engine.flows->count, 1);
	world_wait(world, 300);
	assert_int_equal(world->engine.flows->count, 0);

	world_client(world, &syn_to_dnat, &frame);
	world_answer(world, &frame, SYN | ACK, &answer);
	data.flags = ACK;
	world_client(world, &data, NULL);
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_ESTABLISHED);
	for (unsigned hour = 0; hour < 5; hour++) {
		world_wait(world, 3600000);
		assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	}
	world_wait(world, 7439900);
	assert_int_equal(world->engine.flows->count, 1);

	world_client(world, &data, NULL);
	world_wait(world, 100000);

	/* Closed by both: 60 s, though the timer stood at a quarter of an hour. */
	data.flags = FIN | ACK;
	world_client(world, &data, &frame);
	world_answer(world, &frame, FIN | ACK, &answer);
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_CLOSING);
	world_wait(world, 59900);
	assert_int_equal(world->engine.flows->count, 1);
	world_wait(world, 300);
	assert_int_equal(world->engine.flows->count, 0);
	world_free(world);
}

static void udp_lasts_as_long_as_somebody_speaks(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	world_client(world, &ask_full_nat, &frame);
	for (unsigned i = 0; i < 5; i++) {
		struct frame request = frame;
		world_wait(world, 290000);
		assert_int_equal(world_answer(world, &request, 0, &answer), ABI_VERDICT_TO_CLIENT);
	}
	world_wait(world, 300300);
	assert_int_equal(world->engine.flows->count, 0);
	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_NO_FLOW);
	world_free(world);
}

/* A bounded piece of work a call. */
static void ageing_is_bounded(void **state)
{
	struct world *world = world_new(500);
	struct frame_spec spec = syn_to_full_nat;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		spec.source_port = (uint16_t)(1 + i);
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	}
	world->now_ms += 40000;
	engine_age(&world->engine, world->now_ms);
	assert_int_equal(world->engine.flows->count, 500 - 64);
	world_wait(world, 0);
	assert_int_equal(world->engine.flows->count, 0);
	world_free(world);
}

/* A port used again: the backend sees the same two ends as in its TIME-WAIT (RFC 6191). */
static void a_syn_starts_a_closing_flow_anew(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	world_client(world, &syn_to_full_nat, &frame);
	uint16_t old_port = frame_source_port(&frame);
	world_answer(world, &frame, RST | ACK, &answer);
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_CLOSING);

	world->now_ms += 10000;
	assert_int_equal(world_client(world, &syn_to_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_HALF_OPEN);
	assert_int_equal(only_flow(world)->flags, ABI_FLOW_FULL_NAT);
	assert_int_equal(frame_source_port(&frame), old_port);
	assert_int_equal(world->counters->services[SERVICE_FULL_TCP].flows_started, 2);
	assert_int_equal(world->counters->services[SERVICE_FULL_TCP].flows_ended, 1);
	/* A handshake's time, not the rest of the closing one's. */
	world_wait(world, 29000);
	assert_int_equal(world->engine.flows->count, 1);
	world_wait(world, 1300);
	assert_int_equal(world->engine.flows->count, 0);
	world_check_law(world);
	world_free(world);
}

/* Takes a backend out of its ring and says it is down. */
static void break_backend(struct world *world, unsigned backend)
{
	struct abi_backend *broken = snapshot_builder_get(world->builder, ABI_BACKEND, backend);
	uint32_t ring = backend < 3 ? RING_DNAT : RING_FULL_NAT;
	uint16_t left[2];
	unsigned count = 0;

	broken->state = ABI_BACKEND_DOWN;
	for (unsigned i = 0; i < 3; i++)
		if (backend / 3 * 3 + i != backend)
			left[count++] = (uint16_t)(backend / 3 * 3 + i);
	snapshot_builder_ring(world->builder, ring, 7, left, count);
	world_publish(world);
}

/* A new connection does not stay with a backend that takes none. */
static void a_syn_leaves_a_backend_that_fails(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	world_client(world, &syn_to_full_nat, &frame);
	unsigned backend = backend_of(&frame);
	world_answer(world, &frame, RST | ACK, &answer);
	break_backend(world, 3 + backend);
	assert_int_equal(world_client(world, &syn_to_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(backend_of(&frame), backend);
	assert_int_equal(world->engine.flows->count, 1);
	world_check_law(world);
	world_free(world);
}

static void what_moves_when_a_backend_fails(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec established = syn_to_dnat;
	struct frame half_open, open, udp, answer;

	(void)state;
	/* One of each kind, all on the same backend: by the same client port. */
	world_client(world, &syn_to_dnat, &open);
	world_answer(world, &open, SYN | ACK, &answer);
	established.flags = ACK;
	world_client(world, &established, &open);
	unsigned backend = backend_of(&open);
	break_backend(world, backend);
	assert_int_equal(world_client(world, &established, &open), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(backend_of(&open), backend);
	/* Even a SYN: the backend will answer what is wrong with it. */
	assert_int_equal(world_client(world, &syn_to_dnat, &open), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(backend_of(&open), backend);

	world_client(world, &syn_to_full_nat, &half_open);
	world_client(world, &ask_full_nat, &udp);
	backend = backend_of(&udp);
	assert_int_equal(backend_of(&half_open), backend);
	break_backend(world, 3 + backend);
	assert_int_equal(world_client(world, &syn_to_full_nat, &half_open), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(backend_of(&half_open), backend);
	assert_int_equal(world_client(world, &ask_full_nat, &udp), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(backend_of(&udp), backend);
	assert_int_equal(world->engine.flows->count, 3);
	world_check_law(world);
	world_free(world);
}

static void draining_keeps_what_it_has(void **state)
{
	struct world *world = world_new(100);
	struct frame frame;

	(void)state;
	world_client(world, &ask_full_nat, &frame);
	unsigned backend = backend_of(&frame);
	struct abi_backend *draining =
		snapshot_builder_get(world->builder, ABI_BACKEND, 3 + backend);
	draining->state = ABI_BACKEND_DRAINING;
	world_publish(world);
	world_client(world, &ask_full_nat, &frame);
	assert_int_equal(backend_of(&frame), backend);
	world_free(world);
}

/* An index that was given to another object: the old flow is none of it. */
static void a_new_epoch_ends_flows(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec data = syn_to_full_nat;
	struct frame frame, answer;

	(void)state;
	data.flags = ACK;
	world_client(world, &syn_to_full_nat, &frame);
	unsigned backend = 3 + backend_of(&frame);
	((struct abi_backend *)snapshot_builder_get(world->builder, ABI_BACKEND, backend))->epoch++;
	world_publish(world);
	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world->engine.flows->count, 0);

	world_client(world, &syn_to_full_nat, NULL);
	((struct abi_service *)snapshot_builder_get(world->builder, ABI_SERVICE, SERVICE_FULL_TCP))
		->epoch++;
	world_publish(world);
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world->engine.flows->count, 0);

	/* And without a packet: when its timer comes. */
	world_client(world, &syn_to_full_nat, NULL);
	snapshot_builder_remove(world->builder, ABI_SERVICE, SERVICE_FULL_TCP);
	world_publish(world);
	world_wait(world, 31000);
	assert_int_equal(world->engine.flows->count, 0);
	assert_int_equal(world->counters->services[SERVICE_FULL_TCP].flows_ended, 3);
	world_free(world);
}

/* Two packets of one new flow in one burst make one record. */
static void one_burst_one_record(void **state)
{
	struct world *world = world_new(100);
	struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];

	(void)state;
	for (unsigned i = 0; i < PACKET_BURST; i++) {
		struct frame_spec spec = ask_full_nat;
		spec.source = CLIENT;
		spec.source_port = (uint16_t)(4000 + i / 2);
		spec.mac_to = MAC_PORT_0;
		spec.mac_from = MAC_CLIENT;
		frames[i] = frame_make(&spec);
		packets[i] =
			(struct packet){.data = frame_data(&frames[i]), .length = frames[i].length};
	}
	engine_run(&world->engine, packets, PACKET_BURST, world->now_ms);
	world->packets += PACKET_BURST;
	assert_int_equal(world->engine.flows->count, PACKET_BURST / 2);
	for (unsigned i = 0; i < PACKET_BURST; i += 2) {
		assert_int_equal(packets[i].verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(frames[i].length, packets[i].length);
		assert_memory_equal(frame_data(&frames[i]), frame_data(&frames[i + 1]),
				    frames[i].length);
	}
	world_check_law(world);
	world_free(world);
}

static void same_client_port_to_two_addresses(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec too = syn_to_dnat;
	struct frame first, second, answer;

	(void)state;
	too.destination = DNAT_TOO;
	world_client(world, &syn_to_dnat, &first);
	assert_int_equal(world_client(world, &too, &second), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(backend_of(&first), backend_of(&second));
	assert_int_equal(world_answer(world, &first, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source(&answer), be_address(DNAT));
	assert_int_equal(world_answer(world, &second, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source(&answer), be_address(DNAT_TOO));
	world_free(world);
}

static void no_other_backend_to_two_addresses(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec too = syn_to_dnat;
	struct frame first, answer;

	(void)state;
	snapshot_builder_ring(world->builder, RING_DNAT, 7, (uint16_t[]){1}, 1);
	world_publish(world);
	too.destination = DNAT_TOO;
	world_client(world, &syn_to_dnat, &first);
	assert_int_equal(world_client(world, &too, NULL), ABI_VERDICT_REPLY_TUPLE_TAKEN);
	assert_int_equal(world->counters->services[SERVICE_TOO].drops, 1);
	assert_int_equal(world_answer(world, &first, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source(&answer), be_address(DNAT));
	world_check_law(world);
	world_free(world);
}

/* A backend without a port of its own is reached at the port the client asked for. */
static void backend_keeps_the_port(void **state)
{
	struct world *world = world_new(100);
	struct frame frame, answer;

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		((struct abi_backend *)snapshot_builder_get(world->builder, ABI_BACKEND, i))->port =
			0;
	world_publish(world);
	world_client(world, &syn_to_dnat, &frame);
	assert_int_equal(frame_destination_port(&frame), 80);
	world_client(world, &ask_full_nat, &frame);
	assert_int_equal(frame_destination_port(&frame), 53);
	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(frame_source_port(&answer), 53);
	world_free(world);
}

static void dnat_goes_on_after_its_record_was_lost(void **state)
{
	struct world *world = world_new(100);
	struct frame_spec data = syn_to_dnat;
	struct frame before, after, answer;

	(void)state;
	world_client(world, &syn_to_dnat, &before);
	world_wait(world, 31000); /* as good as a restart */
	assert_int_equal(world_answer(world, &before, ACK, &answer), ABI_VERDICT_NO_FLOW);
	data.flags = PSH | ACK;
	assert_int_equal(world_client(world, &data, &after), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(backend_of(&after), backend_of(&before));
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_ESTABLISHED);
	assert_int_equal(only_flow(world)->flags, 0);
	assert_int_equal(world_answer(world, &after, ACK, &answer), ABI_VERDICT_TO_CLIENT);

	/* Also when what is left of it is its end. */
	world_wait(world, 8000000);
	data.flags = FIN | ACK;
	assert_int_equal(world_client(world, &data, &after), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(only_flow(world)->flags, ABI_FLOW_CLIENT_FIN);
	assert_int_equal(world_answer(world, &after, FIN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(only_flow(world)->state, ABI_FLOW_TCP_CLOSING);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnat_there_and_back),
		cmocka_unit_test(full_nat_there_and_back),
		cmocka_unit_test(counters_of_service_and_backend),
		cmocka_unit_test(flows_age_by_state),
		cmocka_unit_test(udp_lasts_as_long_as_somebody_speaks),
		cmocka_unit_test(ageing_is_bounded),
		cmocka_unit_test(a_syn_starts_a_closing_flow_anew),
		cmocka_unit_test(a_syn_leaves_a_backend_that_fails),
		cmocka_unit_test(what_moves_when_a_backend_fails),
		cmocka_unit_test(draining_keeps_what_it_has),
		cmocka_unit_test(a_new_epoch_ends_flows),
		cmocka_unit_test(one_burst_one_record),
		cmocka_unit_test(same_client_port_to_two_addresses),
		cmocka_unit_test(no_other_backend_to_two_addresses),
		cmocka_unit_test(backend_keeps_the_port),
		cmocka_unit_test(dnat_goes_on_after_its_record_was_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
