/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What of a dead dataplane's flows goes on, and what does not. */
#include "tests/unit/core/restart.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 64

/* One flow of each kind that a family has, as its next packets find it. */
struct talk {
	struct frame_spec client; /* what the client says next */
	struct frame request;     /* how its first packet reached the backend */
	uint8_t answer_flags;     /* the backend's next packet */
};

#define TALKS_EACH 6

static void begin_tcp(struct world *world, struct talk *talk, const char *service, uint16_t port)
{
	struct frame answer;

	talk->client = syn_to(service);
	talk->client.source_port = port;
	talk->answer_flags = ACK;
	assert_int_equal(world_client(world, &talk->client, &talk->request),
			 ABI_VERDICT_TO_BACKEND);
	struct frame request = talk->request;
	assert_int_equal(world_answer(world, &request, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	talk->client.flags = ACK;
	assert_int_equal(world_client(world, &talk->client, NULL), ABI_VERDICT_TO_BACKEND);
}

/* Established and half-open connections, one that is closing, a datagram; of both modes. */
static void begin_all(struct world *world, const struct half *half, struct talk talks[TALKS_EACH])
{
	begin_tcp(world, &talks[0], half->dnat, 4001);
	begin_tcp(world, &talks[1], half->full_nat, 4002);
	talks[2] = (struct talk){.client = syn_to(half->full_nat), .answer_flags = SYN | ACK};
	talks[2].client.source_port = 4003;
	world_client(world, &talks[2].client, &talks[2].request);
	begin_tcp(world, &talks[3], half->full_nat, 4004);
	talks[3].client.flags = RST;
	world_client(world, &talks[3].client, NULL);
	talks[3].client.flags = ACK;
	talks[4] = (struct talk){.client = ask(half->full_nat)};
	world_client(world, &talks[4].client, &talks[4].request);
	talks[5] = (struct talk){.client = ask(half->dnat)};
	world_client(world, &talks[5].client, &talks[5].request);
}

/* A client speaks to a backend's own address. */
static struct frame_spec direct_to(const struct half *half)
{
	return (struct frame_spec){.destination = half->backends[1],
				   .source_port = 4100,
				   .destination_port = DNAT_PORT,
				   .flags = SYN};
}

static void check_same(struct frame *a, struct frame *b)
{
	assert_int_equal(a->length, b->length);
	assert_memory_equal(frame_data(a), frame_data(b), a->length);
}

/* Both worlds send the same bytes, whoever speaks. */
static void go_on_alike(struct world *one, struct world *other, const struct talk *talk)
{
	struct frame first, second, request = talk->request;

	assert_int_equal(world_client(one, &talk->client, &first), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_client(other, &talk->client, &second), ABI_VERDICT_TO_BACKEND);
	check_same(&first, &second);
	assert_int_equal(world_answer(one, &request, talk->answer_flags, &first),
			 ABI_VERDICT_TO_CLIENT);
	request = talk->request;
	assert_int_equal(world_answer(other, &request, talk->answer_flags, &second),
			 ABI_VERDICT_TO_CLIENT);
	check_same(&first, &second);
}

static struct flow_recovery restart_larger(struct world *world)
{
	return restart_with_room(world, 2 * ROOM);
}

static void every_flow_goes_on(struct flow_recovery (*begin_again)(struct world *world))
{
	struct world *lasting = world_new(ROOM), *world = world_new(ROOM);
	struct talk talks[2][TALKS_EACH], same[TALKS_EACH];

	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		const struct frame_spec direct = direct_to(&halves[i]);

		begin_all(lasting, &halves[i], talks[i]);
		begin_all(world, &halves[i], same);
		assert_int_equal(world_client(lasting, &direct, NULL), ABI_VERDICT_TO_LINUX);
		assert_int_equal(world_client(world, &direct, NULL), ABI_VERDICT_TO_LINUX);
	}
	lasting->now_ms = world->now_ms += 7000;
	struct flow_recovery recovery = begin_again(world);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 2 * (TALKS_EACH + 1));
	assert_int_equal(restart_dropped(&recovery), 0);
	restart_audit(world);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		for (unsigned j = 0; j < TALKS_EACH; j++)
			go_on_alike(lasting, world, &talks[i][j]);
	restart_audit(world);
	/* New ones as well, and all end in their time. */
	const struct frame_spec syn = syn_to(FULL_NAT);
	struct frame first, second;
	assert_int_equal(world_client(lasting, &syn, &first), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_client(world, &syn, &second), ABI_VERDICT_TO_BACKEND);
	check_same(&first, &second);
	for (unsigned minutes = 0; minutes < 200; minutes++) {
		world_wait(lasting, 60000);
		world_wait(world, 60000);
		assert_int_equal(world_flow_count(lasting), world_flow_count(world));
	}
	assert_int_equal(world_flow_count(world), 0);
	restart_audit(world);
	world_check_law(world);
	world_free(lasting);
	world_free(world);
}

static void every_flow_goes_on_in_place(void **state)
{
	(void)state;
	every_flow_goes_on(restart);
}

static void every_flow_goes_on_in_a_new_file(void **state)
{
	(void)state;
	every_flow_goes_on(restart_larger);
}

/* A record of a family, the first one. */
static struct abi_flow *first_record(const struct world *world, const struct half *half)
{
	return flow_table_record(world->engine.flows[half->family == 6], 0);
}

/* One established connection with full NAT, whose record is then spoiled. */
static void must_be_dropped(const struct half *half,
			    void (*spoil)(struct world *, struct abi_flow *), enum flow_refusal why)
{
	for (unsigned copied = 0; copied < 2; copied++) {
		struct world *world = world_new(ROOM);
		struct talk talk;

		begin_tcp(world, &talk, half->full_nat, 4000);
		spoil(world, first_record(world, half));
		struct flow_recovery recovery = copied ? restart_larger(world) : restart(world);
		assert_int_equal(recovery.flows[why], 1);
		assert_int_equal(recovery.flows[FLOW_ACCEPTED], 0);
		assert_int_equal(world_flow_count(world), 0);
		restart_audit(world);
		assert_int_equal(world_client(world, &talk.client, NULL), ABI_VERDICT_NO_FLOW);
		/* Its place is used again. */
		begin_tcp(world, &talk, half->full_nat, 4000);
		restart_audit(world);
		world_free(world);
	}
}

static void tear(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->version++;
}

static void change_family(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->family ^= 2;
}

static void change_state(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->state = ABI_FLOW_UDP;
}

static void no_such_state(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->state = ABI_FLOW_STATE_COUNT;
}

static void change_protocol(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->protocol = 1;
}

static void no_port(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->ports[1].be_destination = 0;
}

static void no_client(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->addresses[0].be_source = 0;
	if (flow->family == 6)
		memset(flow_ipv6(flow)[0].be_source, 0, 16);
}

/* Without full NAT the backend answers the client, and not another. */
static void pretend_dnat(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->flags &= (uint8_t)~ABI_FLOW_FULL_NAT;
}

static void pretend_direct(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->state = ABI_FLOW_DIRECT;
}

static void other_service(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->service_epoch++;
}

static void no_such_service(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->service = 0xfffe;
}

/* An index that nobody has; its row of rules says epoch 0. */
static void service_of_nobody(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->service = 2 * SERVICES_EACH;
	flow->service_epoch = 0;
}

static void other_backend(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->backend_epoch++;
}

static void backend_elsewhere(struct world *world, struct abi_flow *flow)
{
	(void)world;
	if (flow->family == 6)
		flow_ipv6(flow)[1].be_source[15] ^= 0x40;
	else
		flow->addresses[1].be_source ^= htobe32(0x40);
}

static void backend_at_another_port(struct world *world, struct abi_flow *flow)
{
	(void)world;
	flow->ports[1].be_source ^= 1;
}

static void backend_leaves(struct world *world, struct abi_flow *flow)
{
	struct abi_backend *backend =
		snapshot_builder_get(world->builder, ABI_BACKEND, flow->backend);

	backend->epoch += 5;
	world_publish(world);
}

static void service_leaves(struct world *world, struct abi_flow *flow)
{
	struct abi_service *service =
		snapshot_builder_get(world->builder, ABI_SERVICE, flow->service);

	service->epoch += 5;
	world_publish(world);
}

static void what_does_not_fit_is_dropped(void **state)
{
	const struct {
		void (*spoil)(struct world *world, struct abi_flow *flow);
		enum flow_refusal why;
	} rows[] = {
		{tear, FLOW_TORN},
		{change_family, FLOW_MALFORMED},
		{change_state, FLOW_MALFORMED},
		{no_such_state, FLOW_MALFORMED},
		{change_protocol, FLOW_MALFORMED},
		{no_port, FLOW_MALFORMED},
		{no_client, FLOW_MALFORMED},
		{pretend_dnat, FLOW_MALFORMED},
		{pretend_direct, FLOW_MALFORMED},
		{other_service, FLOW_NO_SERVICE},
		{no_such_service, FLOW_NO_SERVICE},
		{service_of_nobody, FLOW_NO_SERVICE},
		{service_leaves, FLOW_NO_SERVICE},
		{other_backend, FLOW_NO_BACKEND},
		{backend_elsewhere, FLOW_NO_BACKEND},
		{backend_at_another_port, FLOW_NO_BACKEND},
		{backend_leaves, FLOW_NO_BACKEND},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_be_dropped(*state, rows[i].spoil, rows[i].why);
}

/* The first of two with one end stays. */
static void no_end_is_owned_twice(void **state)
{
	const struct half *half = *state;

	for (unsigned direction = 0; direction < 2; direction++) {
		struct world *world = world_new(ROOM);
		struct talk talks[2];

		begin_tcp(world, &talks[0], half->full_nat, 4001);
		begin_tcp(world, &talks[1], half->full_nat, 4002);
		struct abi_flow *first = first_record(world, half);
		struct abi_flow *second =
			flow_table_record(world->engine.flows[half->family == 6], 1);
		second->backend = first->backend;
		second->backend_epoch = first->backend_epoch;
		second->ports[direction] = first->ports[direction];
		second->addresses[direction] = first->addresses[direction];
		if (direction == 0) /* another end towards the same backend then */
			second->ports[1].be_destination ^= htobe16(1);
		if (half->family == 6)
			memcpy(&flow_ipv6(second)[direction], &flow_ipv6(first)[direction],
			       sizeof(struct abi_flow_ipv6));
		second->ports[1].be_source = first->ports[1].be_source;
		second->addresses[1].be_source = first->addresses[1].be_source;
		if (half->family == 6)
			memcpy(flow_ipv6(second)[1].be_source, flow_ipv6(first)[1].be_source, 16);
		struct flow_recovery recovery = restart(world);
		assert_int_equal(recovery.flows[FLOW_ACCEPTED], 1);
		assert_int_equal(recovery.flows[FLOW_TAKEN], 1);
		restart_audit(world);
		assert_int_equal(world_client(world, &talks[0].client, NULL),
				 ABI_VERDICT_TO_BACKEND);
		world_free(world);
	}
}

/* While nobody looked its time was over; or its clock was wrong. */
static void times_go_on(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(ROOM);
	struct talk talks[2];

	begin_tcp(world, &talks[0], half->full_nat, 4001);
	begin_tcp(world, &talks[1], half->full_nat, 4002);
	first_record(world, half)->last_seen += 100000;
	world->now_ms += 7000000;
	restart(world);
	restart_audit(world);
	world_wait(world, 441000); /* 7441 s since they spoke */
	assert_int_equal(world_flow_count(world), 1);
	world_wait(world, 7000000);
	assert_int_equal(world_flow_count(world), 0);

	begin_tcp(world, &talks[0], half->full_nat, 4001);
	world->now_ms += 8000000;
	struct flow_recovery recovery = restart(world);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], 1);
	world_wait(world, 1);
	assert_int_equal(world_flow_count(world), 0);
	restart_audit(world);
	world_free(world);
}

/* Replies go the way that the client's packets came, before it has spoken again. */
static void last_hops_are_kept(void **state)
{
	const struct half *half = *state;

	for (unsigned copied = 0; copied < 2; copied++) {
		struct world *world = world_new(ROOM);
		struct frame_spec syn = syn_to(half->full_nat);
		struct frame request, answer;

		syn.source = half->far_client;
		syn.mac_from = MAC_ROUTER;
		world_client(world, &syn, &request);
		uint16_t hop = first_record(world, half)->client_hop;
		assert_true(hop != 0);
		copied ? restart_larger(world) : restart(world);
		restart_audit(world);
		assert_true(first_record(world, half)->client_hop != 0);
		assert_int_equal(world_answer(world, &request, SYN | ACK, &answer),
				 ABI_VERDICT_TO_CLIENT);
		assert_int_equal(frame_data(&answer)[5], MAC_ROUTER);
		/* The next packet finds the hop that is there. */
		world_client(world, &syn, NULL);
		restart_audit(world);

		/* One that cannot be one any more. */
		hop = first_record(world, half)->client_hop;
		world->engine.flows[half->family == 6]->hops[hop].port = 7;
		copied ? restart_with_room(world, ROOM) : restart(world);
		assert_int_equal(first_record(world, half)->client_hop, 0);
		restart_audit(world);
		world_client(world, &syn, NULL);
		first_record(world, half)->client_hop = 5000;
		restart(world);
		assert_int_equal(first_record(world, half)->client_hop, 0);
		restart_audit(world);
		world_free(world);
	}
}

/* What is too much for the new file is dropped, and counted. */
static void a_smaller_table_takes_what_it_can(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(ROOM);
	struct talk talk;

	for (uint16_t i = 0; i < ROOM; i++)
		begin_tcp(world, &talk, half->dnat, (uint16_t)(4000 + i));
	struct flow_recovery recovery = restart_with_room(world, ROOM / 4);
	assert_int_equal(recovery.flows[FLOW_ACCEPTED], ROOM / 4);
	assert_int_equal(recovery.flows[FLOW_NO_ROOM], ROOM - ROOM / 4);
	restart_audit(world);
	world_free(world);
}

/* Records that are free in between are used again, the lowest first. */
static void free_records_are_found(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(ROOM);
	struct talk talk;

	for (uint16_t i = 0; i < 10; i++)
		begin_tcp(world, &talk, half->dnat, (uint16_t)(4000 + i));
	struct flow_table *table = world->engine.flows[half->family == 6];
	for (unsigned i = 0; i < 10; i += 3)
		flow_table_record(table, i)->state = ABI_FLOW_FREE;
	restart(world);
	restart_audit(world);
	table = world->engine.flows[half->family == 6];
	assert_int_equal(table->untouched, 9);
	assert_int_equal(table->free_list, 0);
	assert_int_equal(table->links[0].next, 3);
	for (uint16_t i = 0; i < ROOM - 6; i++)
		begin_tcp(world, &talk, half->dnat, (uint16_t)(5000 + i));
	assert_int_equal(table->count, ROOM);
	restart_audit(world);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flow_goes_on_in_place),
		cmocka_unit_test(every_flow_goes_on_in_a_new_file),
		OF_BOTH_FAMILIES(what_does_not_fit_is_dropped),
		OF_BOTH_FAMILIES(no_end_is_owned_twice),
		OF_BOTH_FAMILIES(times_go_on),
		OF_BOTH_FAMILIES(last_hops_are_kept),
		OF_BOTH_FAMILIES(a_smaller_table_takes_what_it_can),
		OF_BOTH_FAMILIES(free_records_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
