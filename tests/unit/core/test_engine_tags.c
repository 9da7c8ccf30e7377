/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* VLAN tags in frames: taken off, kept for the last hop, put back where nothing was sent. */
#include "dataplane/core/tags.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define Q  TAG_8021Q
#define AD TAG_8021AD

struct row {
	const char *what;
	uint16_t types[3], numbers[3]; /* of the tags in the frame, outer one first */
	uint16_t by_driver;            /* number of the tag it took off before */
	bool is_read;
	uint16_t vlan, outer_vlan; /* of the answer */
};

static const struct row rows[] = {
	{"none", {0}, {0}, 0, true, 0, 0},
	{"one", {Q}, {20}, 0, true, 20, 0},
	{"one with a priority", {Q}, {0xe000 | 20}, 0, true, 20, 0},
	{"a priority only", {Q}, {0x6000}, 0, true, 0, 0},
	{"one by the driver", {0}, {0}, 20, true, 20, 0},
	{"one of 802.1ad", {AD}, {30}, 0, true, 0, 30},
	{"two", {AD, Q}, {30, 20}, 0, true, 20, 30},
	{"two with priorities", {AD, Q}, {0xf000 | 30, 0x2000 | 20}, 0, true, 20, 30},
	{"two of 802.1Q", {Q, Q}, {30, 20}, 0, true, 20, PACKET_OUTER_8021Q | 30},
	{"two, of which the driver took one", {Q}, {20}, 30, true, 20, PACKET_OUTER_8021Q | 30},
	{"two, the outer one of a priority only", {AD, Q}, {0x2000, 20}, 0, true, 20, 0},
	{"802.1ad inside", {Q, AD}, {30, 20}, 0, false, 0, 0},
	{"three", {AD, Q, Q}, {30, 20, 10}, 0, false, 0, 0},
	{"three, of which the driver took one", {Q, Q}, {20, 10}, 30, false, 0, 0},
};

static void put16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void put_tags(struct frame *frame, const struct row *row)
{
	uint8_t *data = frame_data(frame);
	unsigned count = 0;

	while (count < 3 && row->types[count] != 0)
		count++;
	memmove(data + 12 + 4 * count, data + 12, frame->length - 12);
	for (unsigned i = 0; i < count; i++) {
		put16(data + 12 + 4 * i, row->types[i]);
		put16(data + 14 + 4 * i, row->numbers[i]);
	}
	frame->length += 4 * count;
}

static struct frame client_frame(const struct half *half, const struct row *row,
				 const char *destination, uint16_t source_port, uint16_t port,
				 uint8_t flags)
{
	struct frame frame = frame_make(&(struct frame_spec){
		.source = half->client,
		.destination = destination,
		.source_port = source_port,
		.destination_port = port,
		.flags = flags,
		.mac_from = MAC_CLIENT,
		.mac_to = MAC_PORT_0,
	});

	put_tags(&frame, row);
	return frame;
}

static struct packet run(struct world *world, struct frame *frame, uint16_t in_port, uint16_t vlan)
{
	struct packet packet = {.data = frame_data(frame),
				.length = frame->length,
				.in_port = in_port,
				.vlan = vlan};

	engine_run(&world->engine, &packet, 1, world->now_ms);
	world->packets++;
	return packet;
}

/* As it came, to the bit. */
static void check_untouched(const struct packet *packet, struct frame *frame,
			    const struct frame *before, uint16_t vlan)
{
	assert_ptr_equal(packet->data, frame_data(frame));
	assert_int_equal(packet->length, before->length);
	assert_int_equal(packet->vlan, vlan);
	assert_int_equal(packet->outer_vlan, 0);
	assert_memory_equal(packet->data, before->room + PACKET_HEADROOM, before->length);
}

static void check_answer(struct world *world, const struct half *half, const struct row *row,
			 struct frame *request, uint8_t flags)
{
	struct frame answer = frame_make(&(struct frame_spec){
		.source = half->backends[frame_backend(request)],
		.destination = half->client,
		.source_port = DNAT_PORT,
		.destination_port = 4000,
		.flags = flags,
		.mac_to = MAC_PORT_1,
	});
	struct packet packet = run(world, &answer, 1, 0);

	assert_int_equal(packet.verdict, ABI_VERDICT_TO_CLIENT);
	assert_int_equal(packet.data[5], MAC_CLIENT);
	if (packet.vlan != row->vlan || packet.outer_vlan != row->outer_vlan)
		fail_msg("%s: the answer has %u, %x", row->what, packet.vlan, packet.outer_vlan);
}

static void run_row(const struct half *half, const struct row *row)
{
	struct world *world = world_new(10);
	struct frame frame = client_frame(half, row, half->dnat, 4000, 80, SYN), before = frame;
	struct packet packet = run(world, &frame, 0, row->by_driver);

	if (packet.verdict != (row->is_read ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_LINUX))
		fail_msg("%s: %s", row->what, abi_verdict_text(packet.verdict));
	if (row->is_read) {
		assert_int_equal(packet.vlan, 0);
		assert_int_equal(packet.outer_vlan, 0);
		memmove(frame_data(&frame), packet.data, packet.length);
		frame.length = packet.length;
		assert_true(frame_is_right(&frame));
		check_answer(world, half, row, &frame, SYN | ACK);
	} else {
		check_untouched(&packet, &frame, &before, row->by_driver);
	}

	/* To Linux: by its port nobody's; by what it is for, after it went through all stages. */
	const char *const targets[] = {half->dnat, half->backends[0]};
	const uint16_t ports[] = {81, DNAT_PORT};
	for (unsigned i = 0; i < 2; i++) {
		/* From another port: the first one's may be taken at this backend. */
		frame = before = client_frame(half, row, targets[i], 4001, ports[i], SYN);
		packet = run(world, &frame, 0, row->by_driver);
		assert_int_equal(packet.verdict, ABI_VERDICT_TO_LINUX);
		check_untouched(&packet, &frame, &before, row->by_driver);
	}
	world_check_law(world);
	world_free(world);
}

static void tags_there_and_back(void **state)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(*state, &rows[i]);
}

/* A client whose packets come in another outer VLAN: its answers follow. */
static void another_outer_vlan(void **state)
{
	const struct half *half = *state;
	const struct row *both[] = {&rows[6], &rows[6], &rows[8], &rows[6], &rows[1], &rows[6]};
	struct world *world = world_new(10);
	struct frame request = {0};

	for (unsigned i = 0; i < 6; i++) {
		/* From the third packet on they pass where nothing of a flow changes. */
		struct frame frame =
			client_frame(half, both[i], half->dnat, 4000, 80, i == 0 ? SYN : ACK);
		struct packet packet = run(world, &frame, 0, 0);

		assert_int_equal(packet.verdict, ABI_VERDICT_TO_BACKEND);
		memmove(frame_data(&frame), packet.data, packet.length);
		frame.length = packet.length;
		request = frame;
		check_answer(world, half, both[i], &request, i == 0 ? SYN | ACK : ACK);
	}
	assert_int_equal(world_flow_count(world), 1);
	world_free(world);
}

/* The tags of a next hop that Linux reaches through VLAN interfaces. */
static void next_hops_with_tags(void **state)
{
	static const uint16_t tags[][2] = {
		{20, 0}, {0, 30}, {20, 30}, {20, PACKET_OUTER_8021Q | 30}};
	const struct half *half = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct world *world = world_new(10);
		struct frame frame = client_frame(half, &rows[0], half->dnat, 4000, 80, SYN);
		struct packet packet;

		for (uint8_t backend = 0; backend < 3; backend++) {
			struct abi_next_hop *hop = snapshot_builder_next_hop(
				world->builder, half->hop + HOP_BACKEND_1 + backend,
				half->backends[backend], 1, (uint8_t)(0xb1 + backend));

			hop->vlan = tags[i][0];
			hop->outer_vlan = tags[i][1];
		}
		world_publish(world);
		packet = run(world, &frame, 0, 0);
		assert_int_equal(packet.verdict, ABI_VERDICT_TO_BACKEND);
		assert_int_equal(packet.vlan, tags[i][0]);
		assert_int_equal(packet.outer_vlan, tags[i][1]);
		world_free(world);
	}
}

/* A router behind two tags is a neighbour: who has its MAC in other VLANs is not. */
static void a_neighbour_behind_tags_is_learned_from(void **state)
{
	const struct half *half = *state;
	const struct row *const two = &rows[6], *const others[] = {&rows[1], &rows[8], &rows[0]};
	const char *router = half->family == 4 ? "203.0.113.1" : "2001:db8:c::1";
	const uint8_t mac[6] = {2, 0, 0, 0, 0, MAC_ROUTER};
	struct world *world = world_new(10);
	struct abi_next_hop *hop = snapshot_builder_next_hop(world->builder, half->hop + HOP_ROUTER,
							     router, 0, MAC_ROUTER);

	hop->vlan = two->vlan;
	hop->outer_vlan = two->outer_vlan;
	world_publish(world);
	assert_int_equal(snapshot_find_mac(world->snapshot, 0, two->vlan, two->outer_vlan, mac,
					   half->family),
			 half->hop + HOP_ROUTER);
	for (unsigned i = 0; i < 3; i++)
		assert_true(snapshot_find_mac(world->snapshot, 0, others[i]->vlan,
					      others[i]->outer_vlan, mac,
					      half->family) != half->hop + HOP_ROUTER);
	world_free(world);
}

/* Nothing is read where the frame ends. */
static void cut_frames(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);

	for (uint32_t length = 0; length < 60; length++) {
		struct frame frame = client_frame(half, &rows[6], half->dnat, 4000, 80, SYN),
			     before;

		frame.length = length;
		before = frame;
		struct packet packet = run(world, &frame, 0, 0);
		assert_true(packet.verdict == ABI_VERDICT_TRUNCATED ||
			    packet.verdict == ABI_VERDICT_TO_LINUX);
		check_untouched(&packet, &frame, &before, 0);
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(tags_there_and_back),
		OF_BOTH_FAMILIES(another_outer_vlan),
		OF_BOTH_FAMILIES(next_hops_with_tags),
		OF_BOTH_FAMILIES(a_neighbour_behind_tags_is_learned_from),
		OF_BOTH_FAMILIES(cut_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
