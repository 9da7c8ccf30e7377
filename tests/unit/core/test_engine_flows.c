/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Flows from their first packet to their end, packet by packet and counter by counter. */
#include "tests/unit/core/world.h"

#include <string.h>

static uint8_t hop_limit(struct frame *frame)
{
	return frame_data(frame)[14 + (frame_is_ipv6(frame) ? 7 : 8)];
}

static void check_source(struct frame *frame, const char *address, uint16_t port)
{
	struct ip_address source = frame_source(frame);

	check_address(&source, address);
	assert_int_equal(frame_source_port(frame), port);
}

static void check_destination(struct frame *frame, const char *address, uint16_t port)
{
	struct ip_address destination = frame_destination(frame);

	check_address(&destination, address);
	assert_int_equal(frame_destination_port(frame), port);
}

static void check_macs(struct frame *frame, uint8_t to, uint8_t from)
{
	const uint8_t macs[12] = {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from};

	assert_memory_equal(frame_data(frame), macs, sizeof(macs));
}

static struct abi_backend *backend_at(struct world *world, uint32_t index)
{
	return snapshot_builder_get(world->builder, ABI_BACKEND, index);
}

static void dnat_there_and_back(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	struct frame frame, answer;

	assert_int_equal(world_client(world, &syn, &frame), ABI_VERDICT_TO_BACKEND);
	unsigned backend = frame_backend(&frame);
	check_source(&frame, half->client, 4000);
	assert_int_equal(frame_destination_port(&frame), DNAT_PORT);
	assert_int_equal(hop_limit(&frame), 63);
	check_macs(&frame, (uint8_t)(0xb1 + backend), MAC_PORT_1);
	assert_true(frame_is_right(&frame));

	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	check_source(&answer, half->dnat, 80);
	check_destination(&answer, half->client, 4000);
	assert_int_equal(hop_limit(&answer), 63);
	check_macs(&answer, MAC_CLIENT, MAC_PORT_0);
	assert_true(frame_is_right(&answer));

	const struct abi_flow *flow = world_only_flow(world);
	assert_int_equal(flow->family, half->family);
	assert_int_equal(flow->service, half->service + SERVICE_DNAT_TCP);
	assert_int_equal(flow->backend, half->backend + backend);
	assert_int_equal(flow->flags, ABI_FLOW_ANSWERED);
	/* Local is the client itself. */
	struct flow_tuple request = flow_tuple_of(flow, ABI_FLOW_FROM_CLIENT);
	struct flow_tuple reply = flow_tuple_of(flow, ABI_FLOW_FROM_BACKEND);
	struct ip_address client = flow_tuple_source(&request);
	struct ip_address local = flow_tuple_destination(&reply);
	assert_true(ip_address_is_equal(&client, &local));
	assert_int_equal(request.ports.be_source, reply.ports.be_destination);
	world_check_law(world);
	world_free(world);
}

static void full_nat_there_and_back(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec question = ask(half->full_nat);
	struct ip_address first = text_address(half->local);
	struct ip_address second = text_address(half->local_too);
	struct frame frame, answer;

	assert_int_equal(world_client(world, &question, &frame), ABI_VERDICT_TO_BACKEND);
	unsigned backend = frame_backend(&frame);
	const struct abi_flow *flow = world_only_flow(world);
	assert_int_equal(flow->state, ABI_FLOW_UDP);
	assert_int_equal(flow->flags, ABI_FLOW_FULL_NAT);
	assert_int_equal(flow->backend, half->backend + 3 + backend);
	struct flow_tuple reply = flow_tuple_of(flow, ABI_FLOW_FROM_BACKEND);
	struct ip_address recorded = flow_tuple_destination(&reply);
	struct ip_address local = frame_source(&frame);
	assert_true(ip_address_is_equal(&local, &recorded));
	assert_true(ip_address_is_equal(&local, &first) || ip_address_is_equal(&local, &second));
	uint16_t local_port = frame_source_port(&frame);
	assert_in_range(local_port, 1024, 65535);
	assert_int_equal(be16toh(reply.ports.be_destination), local_port);
	assert_int_equal(frame_destination_port(&frame), FULL_NAT_PORT);
	check_macs(&frame, (uint8_t)(0xb1 + backend), MAC_PORT_1);
	assert_true(frame_is_right(&frame));

	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_TO_CLIENT);
	check_source(&answer, half->full_nat, 53);
	check_destination(&answer, half->client, 4000);
	check_macs(&answer, MAC_CLIENT, MAC_PORT_0);
	assert_true(frame_is_right(&answer));

	/* The flow stays with its backend and its local address and port. */
	assert_int_equal(world_client(world, &question, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(frame_backend(&frame), backend);
	struct ip_address again = frame_source(&frame);
	assert_true(ip_address_is_equal(&again, &local));
	assert_int_equal(frame_source_port(&frame), local_port);
	assert_int_equal(world_flow_count(world), 1);
	world_check_law(world);
	world_free(world);
}

static void check_traffic(const struct abi_traffic *traffic, uint32_t header)
{
	const struct abi_traffic expected = {.packets_in = 2,
					     .bytes_in = header + 20 + header + 120,
					     .packets_out = 1,
					     .bytes_out = header + 31,
					     .flows_started = 1,
					     .flows_ended = 0,
					     .drops = 1};

	assert_memory_equal(traffic, &expected, sizeof(expected));
}

static void counters_of_service_and_backend(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	struct abi_counters_block *counters = world->counters;
	const uint32_t header = half->family == 4 ? 20 : 40;
	struct frame_spec data = syn_to_full_nat;
	struct frame frame, answer;

	world_client(world, &syn_to_full_nat, &frame);
	unsigned backend = half->backend + 3 + frame_backend(&frame);
	world_answer(world, &frame, SYN | ACK, &answer);
	data.flags = ACK;
	data.payload = 100;
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	data.payload = (uint16_t)(1500 - header - 20 + 1);
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TOO_BIG_TOLD);

	check_traffic(&counters->services[half->service + SERVICE_FULL_TCP], header);
	check_traffic(&counters->backends[backend], header);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TO_BACKEND], 2);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TO_CLIENT], 1);
	assert_int_equal(counters->verdicts[ABI_VERDICT_TOO_BIG_TOLD], 1);

	world_wait(world, 8000000);
	assert_int_equal(counters->services[half->service + SERVICE_FULL_TCP].flows_ended, 1);
	assert_int_equal(counters->backends[backend].flows_ended, 1);
	assert_int_equal(world_flow_count(world), 0);
	world_check_law(world);
	world_free(world);
}

/* A port used again: the backend sees the same two ends as in its TIME-WAIT (RFC 6191). */
static void a_syn_starts_a_closing_flow_anew(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	struct frame frame, answer;

	world_client(world, &syn_to_full_nat, &frame);
	uint16_t old_port = frame_source_port(&frame);
	world_answer(world, &frame, RST | ACK, &answer);
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_CLOSING);

	world->now_ms += 10000;
	assert_int_equal(world_client(world, &syn_to_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_HALF_OPEN);
	assert_int_equal(world_only_flow(world)->flags, ABI_FLOW_FULL_NAT);
	assert_int_equal(frame_source_port(&frame), old_port);
	assert_int_equal(world->counters->services[half->service + SERVICE_FULL_TCP].flows_started,
			 2);
	assert_int_equal(world->counters->services[half->service + SERVICE_FULL_TCP].flows_ended,
			 1);
	/* A handshake's time, not the rest of the closing one's. */
	world_wait(world, 29000);
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 1300);
	assert_int_equal(world_flow_count(world), 0);
	world_check_law(world);
	world_free(world);
}

/* Takes a backend out of its ring and says it is down. */
static void break_backend(struct world *world, const struct half *half, unsigned backend)
{
	struct abi_backend *broken =
		snapshot_builder_get(world->builder, ABI_BACKEND, half->backend + backend);
	uint32_t ring = half->ring + (backend < 3 ? RING_DNAT : RING_FULL_NAT);
	uint16_t left[2];
	unsigned count = 0;

	broken->state = ABI_BACKEND_DOWN;
	for (unsigned i = 0; i < 3; i++)
		if (backend / 3 * 3 + i != backend)
			left[count++] = (uint16_t)(half->backend + backend / 3 * 3 + i);
	snapshot_builder_ring(world->builder, ring, 7, left, count);
	world_publish(world);
}

/* A new connection does not stay with a backend that takes none. */
static void a_syn_leaves_a_backend_that_fails(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	struct frame frame, answer;

	world_client(world, &syn_to_full_nat, &frame);
	unsigned backend = frame_backend(&frame);
	world_answer(world, &frame, RST | ACK, &answer);
	break_backend(world, half, 3 + backend);
	assert_int_equal(world_client(world, &syn_to_full_nat, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(frame_backend(&frame), backend);
	assert_int_equal(world_flow_count(world), 1);
	world_check_law(world);
	world_free(world);
}

/* Of a pool that the service has no more, say: the backend is up, and somebody else's. */
static void turn_to_others(struct world *world, const struct half *half, unsigned backend)
{
	const uint16_t other = (uint16_t)(half->backend + 3 + (backend + 1) % 3);

	snapshot_builder_ring(world->builder, half->ring + RING_FULL_NAT, 7, &other, 1);
}

static void turn_to_dnat(struct world *world, const struct half *half, unsigned backend)
{
	struct abi_service *service =
		snapshot_builder_get(world->builder, ABI_SERVICE, half->service + SERVICE_FULL_TCP);

	(void)backend;
	service->forwarding = ABI_DNAT;
	service->local_pool = ABI_NONE;
}

static void turn_to_another_port(struct world *world, const struct half *half, unsigned backend)
{
	struct abi_service *service =
		snapshot_builder_get(world->builder, ABI_SERVICE, half->service + SERVICE_FULL_TCP);

	(void)backend;
	service->listeners[0].port_first = service->listeners[0].port_last = 81;
}

/* The record of a closed connection serves the next one only where that would be begun so. */
static void a_syn_begins_what_the_tables_say(void **state)
{
	static void (*const turns[])(struct world * world, const struct half *half,
				     unsigned backend) = {turn_to_others, turn_to_dnat,
							  turn_to_another_port};
	const struct half *half = *state;

	for (unsigned i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		struct world *world = world_new(100);
		const struct frame_spec syn = syn_to(half->full_nat);
		struct frame frame, answer;

		world_client(world, &syn, &frame);
		unsigned backend = frame_backend(&frame);
		world_answer(world, &frame, RST | ACK, &answer);
		turns[i](world, half, backend);
		world_publish(world);
		uint8_t verdict = world_client(world, &syn, &frame);
		if (turns[i] == turn_to_another_port) {
			assert_int_equal(verdict, ABI_VERDICT_TO_LINUX);
			assert_int_equal(world_flow_count(world), 0);
		} else {
			assert_int_equal(verdict, ABI_VERDICT_TO_BACKEND);
			assert_int_equal(world_only_flow(world)->flags & ABI_FLOW_FULL_NAT,
					 turns[i] == turn_to_dnat ? 0 : ABI_FLOW_FULL_NAT);
		}
		if (turns[i] == turn_to_others)
			assert_int_equal(frame_backend(&frame), (backend + 1) % 3);
		world_check_law(world);
		world_free(world);
	}
}

static void what_moves_when_a_backend_fails(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame_spec established = syn_to_dnat;
	struct frame half_open, open, udp, answer;

	/* One of each kind, all on the same backend: by the same client port. */
	world_client(world, &syn_to_dnat, &open);
	world_answer(world, &open, SYN | ACK, &answer);
	established.flags = ACK;
	world_client(world, &established, &open);
	unsigned backend = frame_backend(&open);
	break_backend(world, half, backend);
	assert_int_equal(world_client(world, &established, &open), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(frame_backend(&open), backend);
	/* Even a SYN: the backend will answer what is wrong with it. */
	assert_int_equal(world_client(world, &syn_to_dnat, &open), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(frame_backend(&open), backend);

	world_client(world, &syn_to_full_nat, &half_open);
	world_client(world, &ask_full_nat, &udp);
	backend = frame_backend(&udp);
	assert_int_equal(frame_backend(&half_open), backend);
	break_backend(world, half, 3 + backend);
	assert_int_equal(world_client(world, &syn_to_full_nat, &half_open), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(frame_backend(&half_open), backend);
	assert_int_equal(world_client(world, &ask_full_nat, &udp), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(frame_backend(&udp), backend);
	assert_int_equal(world_flow_count(world), 3);
	world_check_law(world);
	world_free(world);
}

static void draining_keeps_what_it_has(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame frame;

	world_client(world, &ask_full_nat, &frame);
	unsigned backend = frame_backend(&frame);
	struct abi_backend *draining =
		snapshot_builder_get(world->builder, ABI_BACKEND, half->backend + 3 + backend);
	draining->state = ABI_BACKEND_DRAINING;
	world_publish(world);
	world_client(world, &ask_full_nat, &frame);
	assert_int_equal(frame_backend(&frame), backend);
	world_free(world);
}

/* An index that was given to another object: the old flow is none of it. Of a backend that is gone
 * a connection is reset (test_engine_reset.c); a datagram goes on. */
static void a_new_epoch_ends_flows(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	const struct frame_spec asked = ask(half->full_nat);
	struct frame_spec data = syn_to_full_nat;
	struct frame frame, answer;

	data.flags = ACK;
	world_client(world, &asked, &frame);
	unsigned backend = half->backend + 3 + frame_backend(&frame);
	backend_at(world, backend)->epoch++;
	world_publish(world);
	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world_flow_count(world), 0);

	world_client(world, &syn_to_full_nat, NULL);
	((struct abi_service *)snapshot_builder_get(world->builder, ABI_SERVICE,
						    half->service + SERVICE_FULL_TCP))
		->epoch++;
	world_publish(world);
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world_flow_count(world), 0);

	/* And without a packet: when its timer comes. */
	world_client(world, &syn_to_full_nat, NULL);
	snapshot_builder_remove(world->builder, ABI_SERVICE, half->service + SERVICE_FULL_TCP);
	world_publish(world);
	world_wait(world, 31000);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(world->counters->services[half->service + SERVICE_FULL_TCP].flows_ended,
			 2);
	world_free(world);
}

/* Two packets of one new flow in one burst make one record. */
static void one_burst_one_record(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];

	for (unsigned i = 0; i < PACKET_BURST; i++) {
		struct frame_spec spec = ask_full_nat;
		spec.source = half->client;
		spec.source_port = (uint16_t)(4000 + i / 2);
		spec.mac_to = MAC_PORT_0;
		spec.mac_from = MAC_CLIENT;
		frames[i] = frame_make(&spec);
		packets[i] =
			(struct packet){.data = frame_data(&frames[i]), .length = frames[i].length};
	}
	engine_run(&world->engine, packets, PACKET_BURST, world->now_ms);
	world->packets += PACKET_BURST;
	assert_int_equal(world_flow_count(world), PACKET_BURST / 2);
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
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	struct frame_spec too = syn_to_dnat;
	struct frame first, second, answer;

	too.destination = half->dnat_too;
	world_client(world, &syn_to_dnat, &first);
	assert_int_equal(world_client(world, &too, &second), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(frame_backend(&first), frame_backend(&second));
	assert_int_equal(world_answer(world, &first, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	check_source(&answer, half->dnat, 80);
	assert_int_equal(world_answer(world, &second, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	check_source(&answer, half->dnat_too, 80);
	world_free(world);
}

static void no_other_backend_to_two_addresses(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	struct frame_spec too = syn_to_dnat;
	struct frame first, answer;

	snapshot_builder_ring(world->builder, half->ring + RING_DNAT, 7,
			      (uint16_t[]){(uint16_t)(half->backend + 1)}, 1);
	world_publish(world);
	too.destination = half->dnat_too;
	world_client(world, &syn_to_dnat, &first);
	assert_int_equal(world_client(world, &too, NULL), ABI_VERDICT_REPLY_TUPLE_TAKEN);
	assert_int_equal(world->counters->services[half->service + SERVICE_TOO].drops, 1);
	assert_int_equal(world_answer(world, &first, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	check_source(&answer, half->dnat, 80);
	world_check_law(world);
	world_free(world);
}

/* A backend without a port of its own is reached at the port the client asked for. */
static void backend_keeps_the_port(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame frame, answer;

	for (uint32_t i = 0; i < BACKENDS_EACH; i++)
		backend_at(world, half->backend + i)->port = 0;
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
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	struct frame_spec data = syn_to_dnat;
	struct frame before, after, answer;

	world_client(world, &syn_to_dnat, &before);
	world_wait(world, 31000); /* as good as a restart */
	assert_int_equal(world_answer(world, &before, ACK, &answer), ABI_VERDICT_NO_FLOW);
	data.flags = PSH | ACK;
	assert_int_equal(world_client(world, &data, &after), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(frame_backend(&after), frame_backend(&before));
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_ESTABLISHED);
	assert_int_equal(world_only_flow(world)->flags, 0);
	assert_int_equal(world_answer(world, &after, ACK, &answer), ABI_VERDICT_TO_CLIENT);

	/* Also when what is left of it is its end. */
	world_wait(world, 8000000);
	data.flags = FIN | ACK;
	assert_int_equal(world_client(world, &data, &after), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_only_flow(world)->flags, ABI_FLOW_CLIENT_FIN);
	assert_int_equal(world_answer(world, &after, FIN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_CLOSING);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(dnat_there_and_back),
		OF_BOTH_FAMILIES(full_nat_there_and_back),
		OF_BOTH_FAMILIES(counters_of_service_and_backend),
		OF_BOTH_FAMILIES(a_syn_starts_a_closing_flow_anew),
		OF_BOTH_FAMILIES(a_syn_leaves_a_backend_that_fails),
		OF_BOTH_FAMILIES(a_syn_begins_what_the_tables_say),
		OF_BOTH_FAMILIES(what_moves_when_a_backend_fails),
		OF_BOTH_FAMILIES(draining_keeps_what_it_has),
		OF_BOTH_FAMILIES(a_new_epoch_ends_flows),
		OF_BOTH_FAMILIES(one_burst_one_record),
		OF_BOTH_FAMILIES(same_client_port_to_two_addresses),
		OF_BOTH_FAMILIES(no_other_backend_to_two_addresses),
		OF_BOTH_FAMILIES(backend_keeps_the_port),
		OF_BOTH_FAMILIES(dnat_goes_on_after_its_record_was_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
