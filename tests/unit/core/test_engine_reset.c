/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Connections of backends that are down, and of those whose drain ran out: who is reset when. */
#include "dataplane/core/wire.h"
#include "tests/unit/core/world.h"

#include <arpa/inet.h>
#include <string.h>

#define SEQUENCE    0xfffffff0u
#define ACKNOWLEDGE 0x12345678u

/* A connection to one service, open on both sides. */
struct call {
	struct world *world;
	const struct half *half;
	struct frame_spec spec;
	struct frame at_backend; /* the client's last packet, as the backend got it */
	struct frame last;       /* what became of the last packet */
	struct frame made;       /* the reset that was made besides it */
	uint16_t out_port, made_port;
	unsigned made_count;
};

static void take_made(struct call *call)
{
	struct packet packet = {.data = frame_data(&call->made)};

	for (call->made_count = 0; engine_take_made(&call->world->engine, &packet);
	     call->made_count++) {
		call->made.length = packet.length;
		call->made_port = packet.out_port;
	}
}

static uint8_t run(struct call *call, uint16_t in_port)
{
	uint8_t verdict;

	wire_store32(frame_transport(&call->last) + TCP_SEQUENCE, htobe32(SEQUENCE));
	wire_store32(frame_transport(&call->last) + TCP_ACKNOWLEDGE, htobe32(ACKNOWLEDGE));
	frame_fix_checksums(&call->last);
	verdict = world_run(call->world, &call->last, in_port, &call->out_port);
	take_made(call);
	return verdict;
}

static uint8_t says(struct call *call, uint8_t flags)
{
	call->spec.source = call->half->client;
	call->spec.mac_from = MAC_CLIENT;
	call->spec.mac_to = MAC_PORT_0;
	call->spec.flags = flags;
	call->last = frame_make(&call->spec);
	uint8_t verdict = run(call, 0);
	if (verdict == ABI_VERDICT_TO_BACKEND)
		call->at_backend = call->last;
	return verdict;
}

static uint8_t hears(struct call *call, uint8_t flags)
{
	struct frame *request = &call->at_backend;
	struct ip_address from = frame_destination(request), to = frame_source(request);
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	address_text(&from, source);
	address_text(&to, destination);
	call->last = frame_make(&(struct frame_spec){
		.source = source,
		.destination = destination,
		.source_port = frame_destination_port(request),
		.destination_port = frame_source_port(request),
		.flags = flags,
		.mac_from = frame_data(request)[5],
		.mac_to = MAC_PORT_1,
		.payload = 11,
	});
	return run(call, 1);
}

static const struct abi_flow *record(const struct call *call)
{
	return world_only_flow(call->world);
}

static struct abi_backend *backend_of(const struct call *call)
{
	return snapshot_builder_get(call->world->builder, ABI_BACKEND, record(call)->backend);
}

static void turn_backend(struct call *call, uint8_t state)
{
	backend_of(call)->state = state;
	world_publish(call->world);
}

static struct call begin(const struct half *half, bool full_nat, uint8_t on_backend_down)
{
	struct call call = {.world = world_new(1000),
			    .half = half,
			    .spec = syn_to(full_nat ? half->full_nat : half->dnat)};
	struct abi_service *service = snapshot_builder_get(
		call.world->builder, ABI_SERVICE,
		half->service + (full_nat ? SERVICE_FULL_TCP : SERVICE_DNAT_TCP));

	service->on_backend_down = on_backend_down;
	world_publish(call.world);
	assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(hears(&call, SYN | ACK), ABI_VERDICT_TO_CLIENT);
	return call;
}

static struct call open_call(const struct half *half, bool full_nat, uint8_t on_backend_down)
{
	struct call call = begin(half, full_nat, on_backend_down);

	assert_int_equal(says(&call, ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_ESTABLISHED);
	return call;
}

static void call_free(struct call *call)
{
	world_check_law(call->world);
	world_free(call->world);
}

static void check_reset(struct frame *frame, uint8_t flags, uint32_t sequence, uint32_t acknowledge)
{
	const uint8_t *segment = frame_transport(frame);

	assert_true(frame_is_right(frame));
	assert_int_equal(segment + TCP_SIZE - frame_data(frame), frame->length);
	assert_int_equal(segment[TCP_FLAGS], flags);
	assert_int_equal(be32toh(wire_load32(segment + TCP_SEQUENCE)), sequence);
	assert_int_equal(be32toh(wire_load32(segment + TCP_ACKNOWLEDGE)), acknowledge);
}

/* It looks as if the other end had sent it. */
static void check_to_client(struct call *call, struct frame *frame)
{
	struct ip_address from = frame_source(frame), to = frame_destination(frame);
	const uint8_t macs[12] = {2, 0, 0, 0, 0, MAC_CLIENT, 2, 0, 0, 0, 0, MAC_PORT_0};

	check_address(&from, call->spec.destination);
	check_address(&to, call->half->client);
	assert_int_equal(frame_source_port(frame), 80);
	assert_int_equal(frame_destination_port(frame), 4000);
	assert_memory_equal(frame_data(frame), macs, sizeof(macs));
}

static void check_to_backend(struct call *call, struct frame *frame)
{
	struct ip_address from = frame_source(frame), to = frame_destination(frame);
	struct ip_address local = frame_source(&call->at_backend);
	struct ip_address backend = frame_destination(&call->at_backend);

	assert_memory_equal(&from, &local, sizeof(from));
	assert_memory_equal(&to, &backend, sizeof(to));
	assert_int_equal(frame_source_port(frame), frame_source_port(&call->at_backend));
	assert_int_equal(frame_destination_port(frame), frame_destination_port(&call->at_backend));
	assert_memory_equal(frame_data(frame), frame_data(&call->at_backend), 14);
}

static void check_both_by_client(struct call *call)
{
	assert_int_equal(says(call, PSH | ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
	check_reset(&call->last, RST, ACKNOWLEDGE, 0);
	check_to_client(call, &call->last);
	assert_int_equal(call->out_port, 0);
	assert_int_equal(call->made_count, 1);
	check_reset(&call->made, RST, SEQUENCE, 0);
	check_to_backend(call, &call->made);
	assert_int_equal(call->made_port, 1);
}

static void check_both_by_backend(struct call *call)
{
	assert_int_equal(hears(call, PSH | ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
	check_reset(&call->last, RST, ACKNOWLEDGE, 0);
	check_to_backend(call, &call->last);
	assert_int_equal(call->out_port, 1);
	assert_int_equal(call->made_count, 1);
	check_reset(&call->made, RST, SEQUENCE, 0);
	check_to_client(call, &call->made);
	assert_int_equal(call->made_port, 0);
}

static void both_ends_are_reset(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct call call = open_call(*state, i & 1, ABI_BACKEND_DOWN_RESET);
		const struct abi_traffic *traffic =
			&call.world->counters->backends[record(&call)->backend];

		turn_backend(&call, ABI_BACKEND_DOWN);
		if (i & 2)
			check_both_by_client(&call);
		else
			check_both_by_backend(&call);
		assert_int_equal(record(&call)->state, ABI_FLOW_TCP_CLOSING);
		assert_int_equal(traffic->drops, 1);
		assert_int_equal(call.world->counters->generated, 2);
		/* Late ones of either side get their own, and no other. */
		assert_int_equal(says(&call, ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
		assert_int_equal(call.made_count, 0);
		assert_int_equal(hears(&call, FIN | ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
		assert_int_equal(call.made_count, 0);
		assert_int_equal(call.world->counters->generated, 4);
		world_wait(call.world, 61000);
		assert_int_equal(world_flow_count(call.world), 0);
		call_free(&call);
	}
}

static void keep_keeps(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call = open_call(*state, i, ABI_BACKEND_DOWN_KEEP);

		turn_backend(&call, ABI_BACKEND_DOWN);
		assert_int_equal(says(&call, PSH | ACK), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
		assert_int_equal(call.world->counters->generated, 0);
		call_free(&call);
	}
}

/* Whatever the service says; and a bit that some other service's `reset` sets is not enough. */
static void an_expired_drain_resets(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct call call = open_call(*state, i & 1, ABI_BACKEND_DOWN_KEEP);

		backend_of(&call)->expired = 1;
		turn_backend(&call, ABI_BACKEND_DOWN);
		if (i & 2)
			check_both_by_client(&call);
		else
			check_both_by_backend(&call);
		call_free(&call);
	}
}

/* The way to the client having been used since, a packet of the backend is as plain as any. */
static void plain_packets_are_seen(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call =
			open_call(*state, true, i ? ABI_BACKEND_DOWN_RESET : ABI_BACKEND_DOWN_KEEP);
		struct frame first = call.at_backend;
		struct abi_backend *backend = backend_of(&call);

		do {
			call.spec.source_port++;
			says(&call, SYN);
			hears(&call, SYN | ACK);
			says(&call, ACK);
		} while (frame_backend(&call.at_backend) == frame_backend(&first));
		backend->expired = i == 0;
		backend->state = ABI_BACKEND_DOWN;
		world_publish(call.world);
		assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
		call.at_backend = first;
		call.spec.source_port = 4000;
		check_both_by_backend(&call);
		call_free(&call);
	}
}

static void draining_resets_nobody(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);

	turn_backend(&call, ABI_BACKEND_DRAINING);
	assert_int_equal(says(&call, PSH | ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
	call_free(&call);
}

/* Silent until the backend has gone from the tables: nobody knows the way to it any more. */
static void of_a_backend_that_is_gone(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call = open_call(*state, true, ABI_BACKEND_DOWN_KEEP);

		backend_of(&call)->epoch++;
		world_publish(call.world);
		if (i == 1) {
			check_both_by_backend(&call);
		} else {
			assert_int_equal(says(&call, PSH | ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
			check_reset(&call.last, RST, ACKNOWLEDGE, 0);
			assert_int_equal(call.made_count, 0);
		}
		assert_int_equal(world_flow_count(call.world), 1);
		/* A new connection needs no reset. */
		assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(record(&call)->state, ABI_FLOW_TCP_HALF_OPEN);
		call_free(&call);
	}
}

static void a_backend_that_is_back_in_time(void **state)
{
	struct call call = open_call(*state, false, ABI_BACKEND_DOWN_RESET);

	turn_backend(&call, ABI_BACKEND_DOWN);
	turn_backend(&call, ABI_BACKEND_UP);
	assert_int_equal(says(&call, PSH | ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
	call_free(&call);
}

/* What the ends say themselves has better numbers than ours. */
static void resets_of_the_ends_go_on(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);

	turn_backend(&call, ABI_BACKEND_DOWN);
	assert_int_equal(says(&call, RST), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(hears(&call, RST | ACK), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(call.world->counters->generated, 0);
	call_free(&call);
}

static void what_is_closed_closes(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);

	says(&call, FIN | ACK);
	hears(&call, FIN | ACK);
	turn_backend(&call, ABI_BACKEND_DOWN);
	assert_int_equal(says(&call, ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(hears(&call, FIN | ACK), ABI_VERDICT_TO_CLIENT);
	call_free(&call);
}

/* The client notices nothing: its SYN comes again, and goes to another one. */
static void a_half_open_connection_moves(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct call call = begin(*state, i, ABI_BACKEND_DOWN_RESET);
		unsigned backend = frame_backend(&call.at_backend);

		turn_backend(&call, ABI_BACKEND_DOWN);
		snapshot_builder_ring(
			call.world->builder, call.half->ring + (i ? RING_FULL_NAT : RING_DNAT), 7,
			(uint16_t[]){(uint16_t)(call.half->backend + 3 * i + (backend + 1) % 3)},
			1);
		world_publish(call.world);
		assert_int_equal(hears(&call, SYN | ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
		check_reset(&call.last, RST, ACKNOWLEDGE, 0);
		assert_int_equal(call.made_count, 0);
		assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
		assert_int_not_equal(frame_backend(&call.at_backend), backend);
		call_free(&call);
	}
}

/* As of a client that has restarted; it is not for the old backend to say what it thinks. */
static void a_syn_on_an_open_connection_moves(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);

	turn_backend(&call, ABI_BACKEND_DOWN);
	snapshot_builder_ring(call.world->builder, call.half->ring + RING_FULL_NAT, 7,
			      (uint16_t[]){(uint16_t)(call.half->backend + 3 +
						      (frame_backend(&call.at_backend) + 1) % 3)},
			      1);
	world_publish(call.world);
	assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_HALF_OPEN);
	assert_int_equal(call.world->counters->generated, 0);
	call_free(&call);
}

/* Nothing tells the numbers of the other end. */
static void without_ack(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);

	turn_backend(&call, ABI_BACKEND_DOWN);
	assert_int_equal(hears(&call, FIN), ABI_VERDICT_BACKEND_GONE_TOLD);
	check_reset(&call.last, RST | ACK, 0, SEQUENCE + 12); /* 11 bytes and the FIN */
	assert_int_equal(call.made_count, 0);
	call_free(&call);
}

/* Connections of their own, so that each packet makes two. */
static void within_a_budget(void **state)
{
	struct call call = open_call(*state, true, ABI_BACKEND_DOWN_RESET);
	struct abi_counters_block *counters = call.world->counters;

	for (unsigned i = 0; i < BACKENDS_EACH; i++)
		((struct abi_backend *)snapshot_builder_get(call.world->builder, ABI_BACKEND,
							    call.half->backend + i))
			->state = ABI_BACKEND_DOWN;
	for (unsigned i = 1; i < 300; i++) {
		call.spec.source_port = (uint16_t)(4000 + i);
		says(&call, SYN);
		hears(&call, SYN | ACK);
		says(&call, ACK);
	}
	world_publish(call.world);
	for (unsigned i = 0; i < 300; i++) {
		struct frame before;

		call.spec.source_port = (uint16_t)(4000 + i);
		call.spec.flags = ACK;
		before = frame_make(&call.spec);
		wire_store32(frame_transport(&before) + TCP_SEQUENCE, htobe32(SEQUENCE));
		wire_store32(frame_transport(&before) + TCP_ACKNOWLEDGE, htobe32(ACKNOWLEDGE));
		frame_fix_checksums(&before);
		assert_int_equal(says(&call, ACK), i < 256 ? ABI_VERDICT_BACKEND_GONE_TOLD
							   : ABI_VERDICT_BACKEND_GONE);
		assert_int_equal(call.made_count, i < 256);
		if (i >= 256)
			assert_memory_equal(&call.last, &before, sizeof(before));
	}
	assert_int_equal(counters->generated, 2 * 256);
	/* Of no other kind's. */
	for (unsigned kind = 0; kind < ENGINE_TELL_COUNT; kind++)
		assert_int_equal(call.world->engine.budgets[kind].spent,
				 kind == ENGINE_TELL_RESET ? 256 : 0);
	/* Who heard nothing is heard the next time. */
	call.world->now_ms += 64;
	assert_int_equal(says(&call, ACK), ABI_VERDICT_BACKEND_GONE_TOLD);
	assert_int_equal(call.made_count, 1);
	call_free(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(both_ends_are_reset),
		OF_BOTH_FAMILIES(keep_keeps),
		OF_BOTH_FAMILIES(an_expired_drain_resets),
		OF_BOTH_FAMILIES(plain_packets_are_seen),
		OF_BOTH_FAMILIES(draining_resets_nobody),
		OF_BOTH_FAMILIES(of_a_backend_that_is_gone),
		OF_BOTH_FAMILIES(a_backend_that_is_back_in_time),
		OF_BOTH_FAMILIES(resets_of_the_ends_go_on),
		OF_BOTH_FAMILIES(what_is_closed_closes),
		OF_BOTH_FAMILIES(a_half_open_connection_moves),
		OF_BOTH_FAMILIES(a_syn_on_an_open_connection_moves),
		OF_BOTH_FAMILIES(without_ack),
		OF_BOTH_FAMILIES(within_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
