/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How long flows last, and what gives way when there is no room. */
#include "tests/unit/core/world.h"

/* Lasts the state's timeout after the last packet, and not much longer. */
static void flows_age_by_state(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn_to_dnat = syn_to(half->dnat);
	struct frame_spec data = syn_to_dnat;
	struct frame frame, answer;

	world_client(world, &syn_to_dnat, &frame);
	world_wait(world, 29900);
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 300);
	assert_int_equal(world_flow_count(world), 0);

	world_client(world, &syn_to_dnat, &frame);
	world_answer(world, &frame, SYN | ACK, &answer);
	data.flags = ACK;
	world_client(world, &data, NULL);
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_ESTABLISHED);
	for (unsigned hour = 0; hour < 5; hour++) {
		world_wait(world, 3600000);
		assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	}
	world_wait(world, 7439900);
	assert_int_equal(world_flow_count(world), 1);

	world_client(world, &data, NULL);
	world_wait(world, 100000);

	/* Closed by both: 60 s, though the timer stood at a quarter of an hour. */
	data.flags = FIN | ACK;
	world_client(world, &data, &frame);
	world_answer(world, &frame, FIN | ACK, &answer);
	assert_int_equal(world_only_flow(world)->state, ABI_FLOW_TCP_CLOSING);
	world_wait(world, 59900);
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 300);
	assert_int_equal(world_flow_count(world), 0);
	world_free(world);
}

/* A stream, which is more than one question and one answer, lasts the UDP timeout. */
static void udp_lasts_as_long_as_somebody_speaks(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame frame, answer;

	world_client(world, &ask_full_nat, &frame);
	world_client(world, &ask_full_nat, &frame);
	for (unsigned i = 0; i < 5; i++) {
		struct frame request = frame;
		world_wait(world, 290000);
		assert_int_equal(world_answer(world, &request, 0, &answer), ABI_VERDICT_TO_CLIENT);
	}
	world_wait(world, 299900);
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 300);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(world_answer(world, &frame, 0, &answer), ABI_VERDICT_NO_FLOW);
	world_free(world);
}

/* Before its answer a question waits the UDP timeout; with it, and no more, the short one. */
static void one_question_and_one_answer_go_soon(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec ask_full_nat = ask(half->full_nat);
	struct frame frame, answer;

	world_client(world, &ask_full_nat, &frame);
	struct frame request = frame;
	world_wait(world, 299900);
	assert_int_equal(world_flow_count(world), 1);
	assert_int_equal(world_answer(world, &request, 0, &answer), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(world_only_flow(world)->flags, ABI_FLOW_FULL_NAT | ABI_FLOW_ANSWERED);
	world_wait(world, 9900);
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 300);
	assert_int_equal(world_flow_count(world), 0);

	/* The second answer makes it a stream; so does the second question. */
	for (unsigned i = 0; i < 2; i++) {
		world_client(world, &ask_full_nat, &frame);
		request = frame;
		world_answer(world, &request, 0, &answer);
		world_wait(world, 9000);
		request = frame;
		if (i == 0)
			world_answer(world, &request, 0, &answer);
		else
			world_client(world, &ask_full_nat, NULL);
		assert_int_equal(world_only_flow(world)->flags,
				 ABI_FLOW_FULL_NAT | ABI_FLOW_ANSWERED | ABI_FLOW_STREAM);
		world_wait(world, 299900);
		assert_int_equal(world_flow_count(world), 1);
		world_wait(world, 300);
		assert_int_equal(world_flow_count(world), 0);
	}
	world_free(world);
}

/* A bounded piece of work a call. */
static void ageing_is_bounded(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(500);
	const struct frame_spec syn_to_full_nat = syn_to(half->full_nat);
	struct frame_spec spec = syn_to_full_nat;

	for (unsigned i = 0; i < 500; i++) {
		spec.source_port = (uint16_t)(1 + i);
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	}
	world->now_ms += 40000;
	engine_age(&world->engine, world->now_ms);
	assert_int_equal(world_flow_count(world), 500 - 64);
	world_wait(world, 0);
	assert_int_equal(world_flow_count(world), 0);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(flows_age_by_state),
		OF_BOTH_FAMILIES(udp_lasts_as_long_as_somebody_speaks),
		OF_BOTH_FAMILIES(one_question_and_one_answer_go_soon),
		OF_BOTH_FAMILIES(ageing_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
