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

	/* Also when the answer comes at once, and its timer stood further off. */
	world_client(world, &ask_full_nat, &frame);
	request = frame;
	assert_int_equal(world_answer(world, &request, 0, &answer), ABI_VERDICT_TO_CLIENT);
	world_wait(world, 10200);
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
	engine_age(&world->engine, world->now_ms);
	world->now_ms += 40000;
	engine_age(&world->engine, world->now_ms);
	assert_int_equal(world_flow_count(world), 500 - 64);
	assert_int_equal(world->counters->aged, 64);
	world_wait(world, 0);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(world->counters->aged, 500);
	world_free(world);
}

/* However many flows a turn of the worker begins, of however many queues: those that are over do
 * not keep their places. */
static void ageing_keeps_up(void **state)
{
	enum { EACH_TURN = 256, TURNS = 100, TIMEOUT_MS = 640 };
	const struct half *half = *state;
	struct world *world = world_new(14 * EACH_TURN);
	const uint32_t index = half->service + SERVICE_FULL_UDP;
	struct frame_spec spec = ask(half->full_nat);
	struct abi_service *service = snapshot_builder_get(world->builder, ABI_SERVICE, index);

	service->timeouts[ABI_TIMEOUT_UDP] = TIMEOUT_MS;
	world_publish(world);
	for (uint32_t i = 0; i < TURNS * EACH_TURN; i++) {
		spec.source_port = (uint16_t)(1 + i);
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
		if (i % EACH_TURN != EACH_TURN - 1)
			continue;
		world->now_ms += ABI_FLOW_TICK_MS;
		engine_age(&world->engine, world->now_ms);
	}
	world_free(world);
}

static const struct flow_table *table_of(const struct world *world, const struct half *half)
{
	return world->engine.flows[half->family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];
}

static unsigned count_in(const struct flow_table *table, uint8_t state)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < table->capacity; i++)
		count += flow_table_record(table, i)->state == state;
	return count;
}

/* A whole handshake from this client port. */
static void establish(struct world *world, const char *service, uint16_t port)
{
	struct frame_spec spec = syn_to(service);
	struct frame frame, answer;

	spec.source_port = port;
	assert_int_equal(world_client(world, &spec, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	spec.flags = ACK;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
}

static uint8_t send_data(struct world *world, const char *service, uint16_t port)
{
	struct frame_spec spec = syn_to(service);

	spec.source_port = port;
	spec.flags = PSH | ACK;
	return world_client(world, &spec, NULL);
}

static uint8_t send_syn(struct world *world, const char *service, uint16_t port)
{
	struct frame_spec spec = syn_to(service);

	spec.source_port = port;
	return world_client(world, &spec, NULL);
}

/* The half-open connection that is oldest gives way, one for one. */
static void the_oldest_half_open_gives_way(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(6);
	const struct abi_traffic *service =
		&world->counters->services[half->service + SERVICE_FULL_TCP];

	/* Two established; four half-open, a second between them. */
	establish(world, half->full_nat, 100);
	for (uint16_t port = 201; port <= 204; port++) {
		assert_int_equal(send_syn(world, half->full_nat, port), ABI_VERDICT_TO_BACKEND);
		world_wait(world, 1000);
	}
	establish(world, half->full_nat, 101);
	assert_int_equal(world_flow_count(world), 6);
	assert_int_equal(world->counters->evicted, 0);

	assert_int_equal(send_syn(world, half->full_nat, 300), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world->counters->evicted, 1);
	assert_int_equal(world_flow_count(world), 6);
	assert_int_equal(service->flows_ended, 1);
	/* 201 is gone: its data meets no record. The others are there. */
	assert_int_equal(send_data(world, half->full_nat, 201), ABI_VERDICT_NO_FLOW);
	for (uint16_t port = 202; port <= 204; port++)
		assert_int_equal(send_data(world, half->full_nat, port), ABI_VERDICT_TO_BACKEND);
	/* A UDP flow is let in as well. */
	const struct frame_spec question = ask(half->full_nat);
	assert_int_equal(world_client(world, &question, NULL), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world->counters->evicted, 2);
	assert_int_equal(send_data(world, half->full_nat, 202), ABI_VERDICT_NO_FLOW);
	assert_int_equal(send_data(world, half->full_nat, 203), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

#define ESTABLISHED 300
#define ROOM        1000
#define FLOOD       50000

/* A SYN flood: who is established is served all the time, and afterwards there is room again. */
static void a_flood_of_syns(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(ROOM);
	const struct flow_table *table = table_of(world, half);
	struct abi_counters_block *counters = world->counters;

	for (uint16_t i = 0; i < ESTABLISHED; i++)
		establish(world, half->full_nat, (uint16_t)(10000 + i));
	for (uint32_t i = 0; i < FLOOD; i++) {
		assert_int_equal(send_syn(world, half->full_nat, (uint16_t)(11000 + i % 50000)),
				 ABI_VERDICT_TO_BACKEND);
		if (i % 100 == 0) {
			uint16_t port = (uint16_t)(10000 + i / 100 % ESTABLISHED);

			assert_int_equal(send_data(world, half->full_nat, port),
					 ABI_VERDICT_TO_BACKEND);
			world->now_ms += 20;
			engine_age(&world->engine, world->now_ms);
		}
	}
	assert_int_equal(counters->verdicts[ABI_VERDICT_FLOW_TABLE_FULL], 0);
	assert_int_equal(count_in(table, ABI_FLOW_TCP_ESTABLISHED), ESTABLISHED);
	assert_int_equal(count_in(table, ABI_FLOW_TCP_HALF_OPEN), ROOM - ESTABLISHED);
	assert_int_equal(counters->evicted, FLOOD - (ROOM - ESTABLISHED));

	/* A handshake in the midst of it comes to its end. */
	establish(world, half->full_nat, 9000);
	world_wait(world, 30200);
	assert_int_equal(world_flow_count(world), ESTABLISHED + 1);
	assert_int_equal(count_in(table, ABI_FLOW_TCP_HALF_OPEN), 0);
	for (uint16_t i = 0; i < ESTABLISHED; i++)
		assert_int_equal(send_data(world, half->full_nat, (uint16_t)(10000 + i)),
				 ABI_VERDICT_TO_BACKEND);
	/* All that was taken comes back. */
	world_wait(world, 8000000);
	assert_int_equal(world_flow_count(world), 0);
	for (uint32_t i = 0; i < table->bucket_count; i++)
		assert_int_equal(table->buckets[i].passed, 0);
	world_check_law(world);
	world_free(world);
}

/* What is established gives way to nobody; when some of it has ended there is room again. */
static void full_of_established(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(20);
	struct frame_spec end = syn_to(half->full_nat);

	for (uint16_t i = 0; i < 20; i++)
		establish(world, half->full_nat, (uint16_t)(100 + i));
	assert_int_equal(send_syn(world, half->full_nat, 200), ABI_VERDICT_FLOW_TABLE_FULL);
	assert_int_equal(world->counters->evicted, 0);
	for (uint16_t i = 0; i < 20; i++)
		assert_int_equal(send_data(world, half->full_nat, (uint16_t)(100 + i)),
				 ABI_VERDICT_TO_BACKEND);
	end.flags = RST;
	end.source_port = 107;
	assert_int_equal(world_client(world, &end, NULL), ABI_VERDICT_TO_BACKEND);
	/* A closing one gives way at once; and then the half-open one that came for it. */
	assert_int_equal(send_syn(world, half->full_nat, 200), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world->counters->evicted, 1);
	assert_int_equal(send_data(world, half->full_nat, 107), ABI_VERDICT_NO_FLOW);
	assert_int_equal(send_syn(world, half->full_nat, 201), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world->counters->evicted, 2);
	assert_int_equal(send_data(world, half->full_nat, 108), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

/* A connection begun anew on a closing record is half-open again, and gives way before a closing
 * one. */
static void what_is_begun_anew_is_half_open(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(2);
	struct frame frame, answer;
	const struct frame_spec syn = syn_to(half->full_nat);
	struct frame_spec end = syn;

	assert_int_equal(world_client(world, &syn, &frame), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_answer(world, &frame, RST | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	establish(world, half->full_nat, 100);
	end.source_port = 100;
	end.flags = RST;
	assert_int_equal(world_client(world, &end, NULL), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(send_syn(world, half->full_nat, 77), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world->counters->evicted, 1);
	assert_int_equal(send_data(world, half->full_nat, syn.source_port), ABI_VERDICT_NO_FLOW);
	assert_int_equal(send_data(world, half->full_nat, 100), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

/* More SYNs in a burst than there is room for: the last of them have it. */
static void a_burst_larger_than_the_table(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(4);
	struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];

	for (unsigned i = 0; i < PACKET_BURST; i++) {
		struct frame_spec spec = syn_to(half->dnat);

		spec.source = half->client;
		spec.source_port = (uint16_t)(4000 + i);
		spec.mac_to = MAC_PORT_0;
		spec.mac_from = MAC_CLIENT;
		frames[i] = frame_make(&spec);
		packets[i] =
			(struct packet){.data = frame_data(&frames[i]), .length = frames[i].length};
	}
	engine_run(&world->engine, packets, PACKET_BURST, world->now_ms);
	world->packets += PACKET_BURST;
	for (unsigned i = 0; i < PACKET_BURST; i++) {
		assert_int_equal(packets[i].verdict, ABI_VERDICT_TO_BACKEND);
		assert_true(frame_is_right(&frames[i]));
	}
	assert_int_equal(world_flow_count(world), 4);
	assert_int_equal(world->counters->evicted, PACKET_BURST - 4);
	world_wait(world, 31000);
	assert_int_equal(world_flow_count(world), 0);
	world_check_law(world);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(flows_age_by_state),
		OF_BOTH_FAMILIES(udp_lasts_as_long_as_somebody_speaks),
		OF_BOTH_FAMILIES(one_question_and_one_answer_go_soon),
		OF_BOTH_FAMILIES(ageing_is_bounded),
		OF_BOTH_FAMILIES(ageing_keeps_up),
		OF_BOTH_FAMILIES(the_oldest_half_open_gives_way),
		OF_BOTH_FAMILIES(a_flood_of_syns),
		OF_BOTH_FAMILIES(full_of_established),
		OF_BOTH_FAMILIES(what_is_begun_anew_is_half_open),
		OF_BOTH_FAMILIES(a_burst_larger_than_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
