/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Two workers' engines: whichever of them a packet arrives at, one of them
 * translates it, and it is the flow's owner; whether the port is believed to deliver to
 * owners or not. What is another worker's is left as it came and counts nowhere.
 */
#include "dataplane/core/random.h"
#include "dataplane/core/snapshot.h"
#include "tests/unit/core/owner_scene.h"

#include <string.h>

#define WORKERS 2
#define CLIENTS 300
#define ALL     UINT32_MAX

static struct owner owner;

struct team {
	struct world *worlds[WORKERS];
	uint64_t random[2];
	unsigned handed_over;
};

static struct engine *engine_of(struct team *team, unsigned worker)
{
	return &team->worlds[worker]->engine;
}

/* `narrow`: the half whose local pool is to have 20 ports only, or NULL. */
static void open_team(struct team *team, uint32_t foreign, const struct half *narrow)
{
	*team = (struct team){.random = {1, 2}};
	owner_use_workers(&owner, WORKERS, 128, team->random);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct world *world = world_new(2 * CLIENTS);

		if (narrow != NULL) {
			snapshot_builder_local_pool(world->builder, narrow->local_pool,
						    narrow->local, 2, 2000, 2019);
			world_publish(world);
		}
		team->worlds[i] = world;
		struct engine *engine = engine_of(team, i);

		engine->owner = &owner;
		engine->number = i;
		engine->foreign = foreign;
		engine->random[0] += i;
	}
}

static void close_team(struct team *team)
{
	for (unsigned i = 0; i < WORKERS; i++)
		world_free(team->worlds[i]);
}

/* Runs the packet at a worker and, while that says so, at the one it names. */
static uint8_t run(struct team *team, unsigned arrives_at, struct frame *frame, uint16_t in_port)
{
	struct engine *engine = engine_of(team, arrives_at);
	struct packet packet = {
		.data = frame_data(frame), .length = frame->length, .in_port = in_port};
	struct abi_counters_block before = *engine->counters;
	struct frame as_it_came = *frame;

	engine_run(engine, &packet, 1, team->worlds[0]->now_ms);
	while (packet.verdict == VERDICT_FOREIGN) {
		assert_true(packet.owner < WORKERS && packet.owner != arrives_at);
		assert_memory_equal(frame, &as_it_came, sizeof(*frame));
		assert_memory_equal(engine->counters, &before, sizeof(before));
		assert_true(packet.passes < WORKERS + 1);
		team->handed_over++;
		packet.passes++;
		arrives_at = packet.owner;
		engine = engine_of(team, arrives_at);
		before = *engine->counters;
		engine_run_owned(engine, &packet, 1, team->worlds[0]->now_ms);
	}
	return packet.verdict;
}

static struct frame reply_to(const struct half *half, struct frame *request)
{
	struct ip_address to = frame_source(request);
	const char *source = half->backends[frame_data(request)[5] - 0xb1];
	char destination[ADDRESS_TEXT_SIZE];

	address_text(&to, destination);
	return frame_make(&(struct frame_spec){
		.source = source,
		.destination = destination,
		.source_port = frame_destination_port(request),
		.destination_port = frame_source_port(request),
		.flags = SYN | ACK,
		.mac_from = frame_data(request)[5],
		.mac_to = MAC_PORT_1,
	});
}

/* A client's SYN, the backend's answer and the client's acknowledgement, each at any worker. */
static void talk(struct team *team, const struct half *half, const char *service, uint16_t port)
{
	struct frame_spec spec = {.source = half->client,
				  .destination = service,
				  .source_port = port,
				  .destination_port = 80,
				  .flags = SYN,
				  .mac_from = MAC_CLIENT,
				  .mac_to = MAC_PORT_0};
	struct frame request = frame_make(&spec);

	assert_int_equal(run(team, random_next(team->random) & 1, &request, 0),
			 ABI_VERDICT_TO_BACKEND);
	struct frame reply = reply_to(half, &request);
	assert_int_equal(run(team, random_next(team->random) & 1, &reply, 1),
			 ABI_VERDICT_TO_CLIENT);
	assert_true(frame_is_right(&reply));
	spec.flags = ACK;
	for (unsigned i = 0; i < WORKERS; i++) {
		struct frame more = frame_make(&spec);

		assert_int_equal(run(team, i, &more, 0), ABI_VERDICT_TO_BACKEND);
		assert_true(frame_is_right(&more));
	}
}

static void run_all(const struct half *half, const char *service, uint32_t foreign)
{
	struct team team;
	uint32_t flows[WORKERS];

	open_team(&team, foreign, NULL);
	for (uint16_t i = 0; i < CLIENTS; i++)
		talk(&team, half, service, (uint16_t)(10000 + i));
	for (unsigned i = 0; i < WORKERS; i++)
		flows[i] = world_flow_count(team.worlds[i]);
	/* Each flow once, and both workers have their share. */
	assert_int_equal(flows[0] + flows[1], CLIENTS);
	assert_true(flows[0] > CLIENTS / 3 && flows[1] > CLIENTS / 3);
	/* Of the last two packets of each, one came to the wrong one; of the others, half. */
	assert_true(team.handed_over > CLIENTS * 3 / 2 && team.handed_over < CLIENTS * 5 / 2);
	close_team(&team);
}

static void test_dnat_asked_first(void **state)
{
	const struct half *half = *state;

	run_all(half, half->dnat, ALL);
}

static void test_full_nat_asked_first(void **state)
{
	const struct half *half = *state;

	run_all(half, half->full_nat, ALL);
}

static void test_dnat_believed(void **state)
{
	const struct half *half = *state;

	run_all(half, half->dnat, 0);
}

static void test_full_nat_believed(void **state)
{
	const struct half *half = *state;

	run_all(half, half->full_nat, 0);
}

/* A small pool is walked through place by place: those of the other worker are left out. */
static void test_small_pool(void **state)
{
	const struct half *half = *state;
	struct team team;
	unsigned served = 0, refused = 0;

	open_team(&team, ALL, half);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		struct frame request =
			frame_make(&(struct frame_spec){.source = half->client,
							.destination = half->full_nat,
							.source_port = (uint16_t)(10000 + i),
							.destination_port = 80,
							.flags = SYN,
							.mac_from = MAC_CLIENT,
							.mac_to = MAC_PORT_0});
		uint8_t verdict = run(&team, i & 1, &request, 0);

		if (verdict == ABI_VERDICT_NO_LOCAL_PORT) {
			refused++;
			continue;
		}
		assert_int_equal(verdict, ABI_VERDICT_TO_BACKEND);
		struct frame reply = reply_to(half, &request);
		assert_int_equal(run(&team, i >> 1 & 1, &reply, 1), ABI_VERDICT_TO_CLIENT);
		served++;
	}
	assert_int_equal(served + refused, CLIENTS);
	/* Three backends, two addresses, 20 ports: all were given out. */
	assert_int_equal(served, 120);
	close_team(&team);
}

/* The service is turned to full NAT, with other owners for its packets. */
static void turn(struct world *world, const struct half *half)
{
	struct snapshot *before = snapshot_builder_take_for(world->builder, world->engine.ports,
							    world->engine.port_count);

	snapshot_builder_service(world->builder, half->service + SERVICE_DNAT_TCP, half->dnat, 80,
				 TCP, half->ring + RING_FULL_NAT, half->local_pool);
	world_publish(world);
	snapshot_note_turned(world->snapshot, before);
	assert_true(world->snapshot->any_turned);
	snapshot_release(before);
}

static uint8_t say(struct team *team, const struct half *half, uint16_t port, uint8_t flags)
{
	struct frame frame = frame_make(&(struct frame_spec){.source = half->client,
							     .destination = half->dnat,
							     .source_port = port,
							     .destination_port = 80,
							     .flags = flags,
							     .mac_from = MAC_CLIENT,
							     .mac_to = MAC_PORT_0});

	return run(team, random_next(team->random) & 1, &frame, 0);
}

/* What was open when a service was turned goes on where it is; new ones begin at their owners. */
static void test_turned(void **state)
{
	const struct half *half = *state;
	struct team team;

	open_team(&team, ALL, NULL);
	for (uint16_t i = 0; i < CLIENTS / 2; i++)
		talk(&team, half, half->dnat, (uint16_t)(10000 + i));
	for (unsigned i = 0; i < WORKERS; i++)
		turn(team.worlds[i], half);
	for (uint16_t i = 0; i < CLIENTS / 2; i++)
		assert_int_equal(say(&team, half, (uint16_t)(10000 + i), ACK),
				 ABI_VERDICT_TO_BACKEND);
	for (uint16_t i = 0; i < CLIENTS / 2; i++)
		talk(&team, half, half->dnat, (uint16_t)(20000 + i));
	/* Of no flow anywhere: it ends where new flows are made, and does not go round. */
	for (uint16_t i = 0; i < CLIENTS; i++)
		assert_int_equal(say(&team, half, (uint16_t)(30000 + i), ACK), ABI_VERDICT_NO_FLOW);
	assert_int_equal(world_flow_count(team.worlds[0]) + world_flow_count(team.worlds[1]),
			 CLIENTS);
	close_team(&team);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(test_dnat_asked_first),
		OF_BOTH_FAMILIES(test_full_nat_asked_first),
		OF_BOTH_FAMILIES(test_dnat_believed),
		OF_BOTH_FAMILIES(test_full_nat_believed),
		OF_BOTH_FAMILIES(test_small_pool),
		OF_BOTH_FAMILIES(test_turned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
