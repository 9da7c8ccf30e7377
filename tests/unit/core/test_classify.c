/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Steering by the rules. The same cases, and more, are run through the XDP
 * program and this function together where both can be loaded (tests/unit/bpf).
 */
#include "dataplane/core/classify.h"
#include "tests/unit/core/world.h"

#include <string.h>

struct row {
	const char *what;
	enum classification expected;
	struct frame_spec spec;
};

#define OURS   CLASSIFY_STEER
#define LINUXS CLASSIFY_PASS

static const struct row rows[] = {
	{"to a service", OURS, {CLIENT, DNAT, 4000, 80, .flags = SYN}},
	{"to its other port", LINUXS, {CLIENT, DNAT, 4000, 81, .flags = SYN}},
	{"to its port by the other protocol", LINUXS, {CLIENT, DNAT, 4000, 80, .protocol = UDP}},
	{"to a local address in its range", OURS, {"10.0.1.1", LOCAL, 9090, 1024, .flags = ACK}},
	{"to a local address below its range",
	 LINUXS,
	 {"10.0.1.1", LOCAL, 9090, 1023, .flags = ACK}},
	{"from a dnat endpoint", OURS, {"10.0.1.2", CLIENT, DNAT_PORT, 4000, .protocol = UDP}},
	{"from a dnat endpoint to this host",
	 LINUXS,
	 {"10.0.1.2", SELF, DNAT_PORT, 4000, .flags = ACK}},
	{"from a dnat backend's other port", LINUXS, {"10.0.1.2", CLIENT, 22, 4000, .flags = ACK}},
	{"from a full-nat backend's port",
	 LINUXS,
	 {"10.0.1.2", CLIENT, FULL_NAT_PORT, 4000, .flags = ACK}},
	{"to a dnat endpoint", OURS, {CLIENT, "10.0.1.2", 4000, DNAT_PORT, .flags = SYN}},
	{"to a dnat backend's other port", LINUXS, {CLIENT, "10.0.1.2", 4000, 22, .flags = SYN}},
	{"to this host", LINUXS, {CLIENT, SELF, 4000, 22, .flags = SYN}},
	{"first fragment to a service",
	 OURS,
	 {CLIENT, DNAT, 4000, 81, .protocol = UDP, .fragment = 0x2000}},
	{"later fragment to a local address", OURS, {CLIENT, LOCAL, 1, 1, .fragment = 1}},
	{"fragment to a dnat backend", OURS, {CLIENT, "10.0.1.2", 1, 1, .fragment = 1}},
	{"fragment from a dnat backend", OURS, {"10.0.1.2", CLIENT, 1, 1, .fragment = 1}},
	{"fragment from a dnat backend to this host",
	 LINUXS,
	 {"10.0.1.2", SELF, 1, 1, .fragment = 1}},
	{"fragment to this host", LINUXS, {CLIENT, SELF, 1, 1, .fragment = 1}},
};

static const struct engine_port port = {.mac = {2, 0, 0, 0, 0, MAC_PORT_0}};

static enum classification classify(const struct world *world, struct frame *frame)
{
	return classify_frame(world->snapshot, &port, frame_data(frame), frame->length);
}

/* What a row says, of the half's family. */
static struct frame_spec spec_in(const struct half *half, const struct row *row)
{
	struct frame_spec spec = row->spec;

	spec.source = half_twin(half, spec.source);
	spec.destination = half_twin(half, spec.destination);
	spec.mac_to = MAC_PORT_0;
	return spec;
}

static bool is_error(const struct half *half, unsigned type)
{
	if (half->family == 6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 11 || type == 12;
}

static void by_the_rules(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_spec spec = spec_in(half, &rows[i]);
		struct frame frame = frame_make(&spec);
		if (classify(world, &frame) != rows[i].expected)
			fail_msg("%s", rows[i].what);

		/* An ICMP error about a packet the other way follows the same rule. */
		struct frame about = frame_make(&(struct frame_spec){
			.source = spec.destination,
			.destination = spec.source,
			.source_port = spec.destination_port,
			.destination_port = spec.source_port,
			.protocol = spec.protocol,
			.fragment = spec.fragment,
			.mac_to = MAC_PORT_0,
		});
		for (unsigned type = 0; type < 256; type++) {
			frame = frame_icmp(half_twin(half, "192.0.2.1"), half->self, (uint8_t)type,
					   &about);
			if (classify(world, &frame) !=
			    (is_error(half, type) ? rows[i].expected : LINUXS))
				fail_msg("ICMP type %u, %s", type, rows[i].what);
		}
	}
	world_free(world);
}

static void macs(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame_spec spec = spec_in(half, &rows[0]);
	struct engine_port any = port;

	for (unsigned last = 0; last < 256; last++) {
		spec.mac_to = (uint8_t)last;
		struct frame frame = frame_make(&spec);
		assert_int_equal(classify(world, &frame), last == MAC_PORT_0 ? OURS : LINUXS);
		any.any_mac = 1;
		assert_int_equal(
			classify_frame(world->snapshot, &any, frame_data(&frame), frame.length),
			OURS);
	}
	world_free(world);
}

/* However short a frame is cut, nothing behind its end is looked at (the sanitizers watch). */
static void cut_anywhere(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct frame_spec spec = spec_in(half, &rows[0]);

	struct frame whole = frame_make(&spec);
	const uint32_t ports_end = (half->family == 4 ? 34 : 54) + 4;
	struct frame error = frame_icmp(half_twin(half, "192.0.2.1"), half->self, 3, &whole);
	for (uint32_t length = 0; length <= whole.length; length++) {
		uint8_t *cut = test_malloc(length);
		memcpy(cut, frame_data(&whole), length);
		assert_int_equal(classify_frame(world->snapshot, &port, cut, length),
				 length >= ports_end ? OURS : LINUXS);
		test_free(cut);
	}
	for (uint32_t length = 0; length <= error.length; length++) {
		uint8_t *cut = test_malloc(length);
		memcpy(cut, frame_data(&error), length);
		assert_int_equal(classify_frame(world->snapshot, &port, cut, length), LINUXS);
		test_free(cut);
	}
	world_free(world);
}

static void without_tables_all_passes(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = spec_in(half, &rows[0]);
	struct frame frame = frame_make(&spec);

	assert_int_equal(classify_frame(NULL, &port, frame_data(&frame), frame.length), LINUXS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(by_the_rules),
		OF_BOTH_FAMILIES(macs),
		OF_BOTH_FAMILIES(cut_anywhere),
		OF_BOTH_FAMILIES(without_tables_all_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
