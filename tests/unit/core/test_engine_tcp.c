/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* TCP as hosts and attackers speak it: what each packet does to the record of its connection. */
#include "tests/unit/core/world.h"

#include <string.h>

/* A connection to one service, open on both sides. */
struct call {
	struct world *world;
	const struct half *half;
	struct frame_spec spec;
	struct frame at_backend; /* the client's last packet, as the backend got it */
	unsigned backend;        /* which of the three */
};

static uint8_t says(struct call *call, uint8_t flags)
{
	call->spec.flags = flags;
	return world_client(call->world, &call->spec, &call->at_backend);
}

static uint8_t hears(struct call *call, uint8_t flags)
{
	struct frame answer;

	return world_answer(call->world, &call->at_backend, flags, &answer);
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

static struct call call_new(const struct half *half, const char *service)
{
	struct call call = {world_new(100), half, syn_to(service), {0}, 0};

	assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
	call.backend = frame_backend(&call.at_backend);
	assert_int_equal(hears(&call, SYN | ACK), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(says(&call, ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_ESTABLISHED);
	return call;
}

static void call_free(struct call *call)
{
	world_check_law(call->world);
	world_free(call->world);
}

static const char *const *services_of(const struct half *half)
{
	static const char *services[2];

	services[0] = half->dnat;
	services[1] = half->full_nat;
	return services;
}

/* RFC 5961, 3: whoever sends them, both ends go on, and so does the record. */
static void blind_resets_end_nothing(void **state)
{
	const struct half *half = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct call call = call_new(half, services_of(half)[i]);
		uint16_t port = frame_source_port(&call.at_backend);

		for (unsigned round = 0; round < 10; round++) {
			says(&call, RST);
			hears(&call, RST | ACK);
			assert_int_equal(record(&call)->state, ABI_FLOW_TCP_CLOSING);
			assert_int_equal(round % 2 ? says(&call, PSH | ACK) : hears(&call, ACK),
					 round % 2 ? ABI_VERDICT_TO_BACKEND
						   : ABI_VERDICT_TO_CLIENT);
			assert_int_equal(record(&call)->state, ABI_FLOW_TCP_ESTABLISHED);
		}
		/* And lasts as long as before. */
		world_wait(call.world, 7400000);
		assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
		assert_int_equal(frame_backend(&call.at_backend), call.backend);
		assert_int_equal(frame_source_port(&call.at_backend), port);
		call_free(&call);
	}
}

/* One that was meant: after tcp_closing it is gone. */
static void a_reset_shortens_the_timeout(void **state)
{
	struct call call = call_new(*state, ((const struct half *)*state)->full_nat);

	hears(&call, RST);
	world_wait(call.world, 59000);
	assert_int_equal(world_flow_count(call.world), 1);
	world_wait(call.world, 1200);
	assert_int_equal(world_flow_count(call.world), 0);
	call_free(&call);
}

/* RFC 5961, 4: the backend says with an ACK what it thinks of it. */
static void a_blind_syn_changes_nothing(void **state)
{
	const struct half *half = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct call call = call_new(half, services_of(half)[i]);
		struct abi_flow before = *record(&call);

		assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
		assert_memory_equal(record(&call), &before, sizeof(before));
		/* Even of a backend that takes no new ones. */
		turn_backend(&call, ABI_BACKEND_DOWN);
		assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(frame_backend(&call.at_backend), call.backend);
		assert_memory_equal(record(&call), &before, sizeof(before));
		call_free(&call);
	}
}

/* Both blindly, which must not look like a new connection. */
static void a_blind_reset_and_a_blind_syn(void **state)
{
	const struct half *half = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct call call = call_new(half, services_of(half)[i]);
		const struct abi_traffic *traffic =
			&call.world->counters->services[record(&call)->service];

		turn_backend(&call, ABI_BACKEND_DRAINING);
		says(&call, RST);
		assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
		assert_int_equal(frame_backend(&call.at_backend), call.backend);
		assert_int_equal(record(&call)->state, ABI_FLOW_TCP_CLOSING);
		/* The challenge ACK. */
		assert_int_equal(hears(&call, ACK), ABI_VERDICT_TO_CLIENT);
		assert_int_equal(record(&call)->state, ABI_FLOW_TCP_ESTABLISHED);
		assert_int_equal(traffic->flows_started, 1);
		call_free(&call);
	}
}

/* A client that was reset, or came back from the dead, and connects from the same port. */
static void a_new_connection_after_a_reset(void **state)
{
	struct call call = call_new(*state, ((const struct half *)*state)->full_nat);
	const struct abi_traffic *traffic = &call.world->counters->services[record(&call)->service];
	uint16_t port = frame_source_port(&call.at_backend);

	hears(&call, RST);
	call.world->now_ms += 1000;
	says(&call, SYN);
	assert_int_equal(hears(&call, SYN | ACK), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_HALF_OPEN);
	assert_int_equal(record(&call)->flags, ABI_FLOW_FULL_NAT | ABI_FLOW_ANSWERED);
	assert_int_equal(record(&call)->syn_time, (uint32_t)(call.world->now_ms >> 6));
	assert_int_equal(traffic->flows_started, 2);
	assert_int_equal(traffic->flows_ended, 1);
	says(&call, ACK);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_ESTABLISHED);
	assert_int_equal(frame_source_port(&call.at_backend), port);
	call_free(&call);
}

/* Its backend fell, which is why it was reset: the next connection goes elsewhere. */
static void a_new_connection_after_a_fall(void **state)
{
	const struct half *half = *state;
	struct call call = call_new(half, half->dnat);
	uint16_t left = (uint16_t)(half->backend + (call.backend + 1) % 3);

	hears(&call, RST);
	snapshot_builder_ring(call.world->builder, half->ring + RING_DNAT, 7, &left, 1);
	turn_backend(&call, ABI_BACKEND_DOWN);
	assert_int_equal(says(&call, SYN), ABI_VERDICT_TO_BACKEND);
	assert_int_not_equal(frame_backend(&call.at_backend), call.backend);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_HALF_OPEN);
	call_free(&call);
}

/* RFC 9293, 3.6: minutes of one side's silence in a half-closed connection. */
static void half_closed_is_open(void **state)
{
	struct call call = call_new(*state, ((const struct half *)*state)->full_nat);

	says(&call, FIN | ACK);
	for (unsigned minutes = 0; minutes < 100; minutes += 20) {
		world_wait(call.world, 20 * 60000);
		assert_int_equal(hears(&call, PSH | ACK), ABI_VERDICT_TO_CLIENT);
	}
	assert_int_equal(hears(&call, FIN | ACK), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_CLOSING);
	/* What is said again after that lets it last, and says nothing else. */
	world_wait(call.world, 50000);
	assert_int_equal(hears(&call, FIN | ACK), ABI_VERDICT_TO_CLIENT);
	world_wait(call.world, 50000);
	assert_int_equal(says(&call, ACK), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(record(&call)->state, ABI_FLOW_TCP_CLOSING);
	call_free(&call);
}

/* From the same client and port, to the backend itself: not for the price of what may live. */
static void a_direct_syn_takes_no_open_connection(void **state)
{
	const struct half *half = *state;
	struct call call = call_new(half, half->dnat);
	struct frame_spec direct = syn_to(half->backends[call.backend]);

	direct.destination_port = DNAT_PORT;
	says(&call, RST);
	assert_int_equal(world_client(call.world, &direct, NULL), ABI_VERDICT_REPLY_TUPLE_TAKEN);
	hears(&call, FIN | ACK);
	says(&call, FIN | ACK);
	assert_int_equal(world_client(call.world, &direct, NULL), ABI_VERDICT_TO_LINUX);
	call_free(&call);
}

/* From the same client and port, to another service: what was closed is in nobody's way. The
 * backend in TIME-WAIT takes the SYN (RFC 6191). */
static void a_closed_connection_is_in_no_ones_way(void **state)
{
	const struct half *half = *state;
	enum { OPEN, IN_DOUBT, CLOSED_BUT_NO_SYN, CLOSED };

	for (unsigned i = OPEN; i <= CLOSED; i++) {
		struct call call = call_new(half, half->dnat);
		struct frame_spec too = syn_to(half->dnat_too);
		struct frame at_backend;

		if (i == IN_DOUBT)
			says(&call, RST);
		if (i >= CLOSED_BUT_NO_SYN) {
			hears(&call, FIN | ACK);
			says(&call, FIN | ACK);
		}
		too.flags = i == CLOSED_BUT_NO_SYN ? ACK : SYN;
		assert_int_equal(world_client(call.world, &too, &at_backend),
				 ABI_VERDICT_TO_BACKEND);
		assert_int_equal(frame_backend(&at_backend) == call.backend, i == CLOSED);
		assert_int_equal(world_flow_count(call.world), i == CLOSED ? 1 : 2);
		call_free(&call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(blind_resets_end_nothing),
		OF_BOTH_FAMILIES(a_reset_shortens_the_timeout),
		OF_BOTH_FAMILIES(a_blind_syn_changes_nothing),
		OF_BOTH_FAMILIES(a_blind_reset_and_a_blind_syn),
		OF_BOTH_FAMILIES(a_new_connection_after_a_reset),
		OF_BOTH_FAMILIES(a_new_connection_after_a_fall),
		OF_BOTH_FAMILIES(half_closed_is_open),
		OF_BOTH_FAMILIES(a_direct_syn_takes_no_open_connection),
		OF_BOTH_FAMILIES(a_closed_connection_is_in_no_ones_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
