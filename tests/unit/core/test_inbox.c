/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Commands from the control plane: the flow that is meant ends, and no other. */
#include "dataplane/core/inbox.h"
#include "tests/unit/core/world.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define ROOM 64 /* commands of the ring */

static struct abi_inbox_ring *new_ring(void)
{
	size_t size = sizeof(struct abi_inbox_ring) + ROOM * sizeof(struct abi_command);
	struct abi_inbox_ring *ring = aligned_alloc(ABI_CACHE_LINE, size);

	memset(ring, 0, size);
	return ring;
}

static void put(struct abi_inbox_ring *ring, const struct abi_command *command)
{
	ring->commands[ring->written % ROOM] = *command;
	ring->written++;
}

static struct abi_command end_of(const struct abi_flow *flow)
{
	struct abi_command command = {.kind = ABI_COMMAND_END_FLOW,
				      .family = flow->family,
				      .protocol = flow->protocol,
				      .syn_time = flow->syn_time,
				      .ports = flow->ports[ABI_FLOW_FROM_CLIENT]};

	if (flow->family == 4)
		command.ipv4 = flow->addresses[ABI_FLOW_FROM_CLIENT];
	else
		command.ipv6 = flow_ipv6_of(flow)[ABI_FLOW_FROM_CLIENT];
	return command;
}

/* What the client sends on gets no answer; what it begins anew does. */
static void the_flow_that_is_meant_ends(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct abi_inbox_ring *ring = new_ring();
	const struct frame_spec meant = syn_to(half->full_nat);
	struct frame_spec other = meant, data = meant;
	struct abi_command command;

	data.flags = ACK;
	other.source_port = 5001;
	world_client(world, &meant, NULL);
	command = end_of(world_only_flow(world));
	world_client(world, &other, NULL);
	put(ring, &command);
	put(ring, &command); /* it is gone by then */
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 2);
	assert_int_equal(ring->taken, 2);
	assert_int_equal(world->counters->flushed, 1);
	assert_int_equal(ntohs(world_only_flow(world)->ports[0].be_source), 5001);
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world_client(world, &meant, NULL), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 0);
	world_wait(world, 40000);
	assert_int_equal(world_flow_count(world), 0); /* no timer is left of it */
	assert_int_equal(world->counters->services[half->service + 2].flows_started -
				 world->counters->services[half->service + 2].flows_ended,
			 0);
	free(ring);
	world_free(world);
}

/* The same tuple, begun anew since it was looked at. */
static void another_flow_of_the_same_tuple_stays(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec meant = syn_to(half->full_nat);
	struct abi_command command;

	world_client(world, &meant, NULL);
	command = end_of(world_only_flow(world));
	assert_true(engine_end_named_flow(&world->engine, &command));
	world->now_ms += 1000;
	world_client(world, &meant, NULL);
	assert_false(engine_end_named_flow(&world->engine, &command));
	assert_int_equal(world_flow_count(world), 1);
	world_free(world);
}

static void what_is_no_command_is_passed_over(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct abi_inbox_ring *ring = new_ring();
	const struct frame_spec meant = syn_to(half->full_nat);
	struct abi_command good, bad, reverse;

	world_client(world, &meant, NULL);
	good = end_of(world_only_flow(world));
	bad = good;
	bad.kind = ABI_COMMAND_NONE;
	put(ring, &bad);
	bad.kind = 200;
	put(ring, &bad);
	bad = good;
	bad.family = 5;
	put(ring, &bad);
	bad = good;
	bad.family = 10 - good.family;
	put(ring, &bad);
	bad = good;
	bad.protocol = 58;
	put(ring, &bad);
	/* The backend's packets are of the flow, but are not how it is named. */
	reverse = good;
	reverse.ports = world_only_flow(world)->ports[ABI_FLOW_FROM_BACKEND];
	if (half->family == 4)
		reverse.ipv4 = world_only_flow(world)->addresses[ABI_FLOW_FROM_BACKEND];
	else
		reverse.ipv6 = flow_ipv6_of(world_only_flow(world))[ABI_FLOW_FROM_BACKEND];
	put(ring, &reverse);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 6);
	assert_int_equal(world_flow_count(world), 1);
	assert_int_equal(world->counters->flushed, 0);
	free(ring);
	world_free(world);
}

/* Records that a process before left are nobody's flows until there are tables to take them over
 * by; their index is what that process left of it, their timers were never armed. */
static void nothing_is_ended_before_there_are_tables(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct abi_inbox_ring *ring = new_ring();
	const struct frame_spec meant = syn_to(half->full_nat);
	struct abi_command command;

	world_client(world, &meant, NULL);
	command = end_of(world_only_flow(world));
	put(ring, &command);
	engine_use(&world->engine, NULL);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 0);
	assert_int_equal(world_flow_count(world), 1);
	engine_use(&world->engine, world->snapshot);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 1);
	assert_int_equal(world_flow_count(world), 0);
	free(ring);
	world_free(world);
}

static void a_turn_takes_a_bounded_number(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct abi_inbox_ring *ring = new_ring();
	struct frame_spec spec = syn_to(half->full_nat);
	const struct flow_table *table =
		world->engine.flows[half->family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];

	/* Positions far on, at the places' end. */
	ring->written = ring->taken = (1ull << 40) + ROOM - 5;
	for (uint32_t i = 0; i < 40; i++) {
		spec.source_port = (uint16_t)(5000 + i);
		world_client(world, &spec, NULL);

		const struct abi_command command = end_of(flow_table_record(table, i));

		put(ring, &command);
	}
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), INBOX_BATCH);
	assert_int_equal(world_flow_count(world), 40 - INBOX_BATCH);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), INBOX_BATCH);
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 40 - 2 * INBOX_BATCH);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(ring->taken, ring->written);
	free(ring);
	world_free(world);
}

/* A writer that says it wrote more than there is room for, or took some back. */
static void a_ring_that_lies_is_skipped(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	struct abi_inbox_ring *ring = new_ring();
	const struct frame_spec meant = syn_to(half->full_nat);

	world_client(world, &meant, NULL);
	for (unsigned i = 0; i < ROOM; i++)
		ring->commands[i] = end_of(world_only_flow(world));
	ring->written = ROOM + 1;
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 0);
	assert_int_equal(ring->taken, ROOM + 1);
	ring->written = 7;
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 0);
	assert_int_equal(ring->taken, 7);
	assert_int_equal(world_flow_count(world), 1);
	ring->written = 8;
	assert_int_equal(engine_take_commands(&world->engine, ring, ROOM), 1);
	assert_int_equal(world_flow_count(world), 0);
	free(ring);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(the_flow_that_is_meant_ends),
		OF_BOTH_FAMILIES(another_flow_of_the_same_tuple_stays),
		OF_BOTH_FAMILIES(what_is_no_command_is_passed_over),
		OF_BOTH_FAMILIES(nothing_is_ended_before_there_are_tables),
		OF_BOTH_FAMILIES(a_turn_takes_a_bounded_number),
		OF_BOTH_FAMILIES(a_ring_that_lies_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
