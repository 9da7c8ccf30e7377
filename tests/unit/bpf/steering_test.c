/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The XDP program and core/classify.c must say the same of every frame: a
 * table of frames whose answer is known, then thousands of them with bytes
 * changed at random (fixed seed), of which only the agreement is known. The
 * program runs in the kernel by BPF_PROG_TEST_RUN: no interface, no packets. The same of
 * core/fence.c.
 */
#include "bpf/steering.h"
#include "dataplane/core/fence.h"
#include "tests/unit/bpf/steering_frames.h"
#include "tests/unit/bpf/steering_program.h"
#include "tests/unit/bpf/steering_scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SKIPPED 77 /* what meson takes for "skipped" */

#define TCP IPPROTO_TCP
#define UDP IPPROTO_UDP

struct fixture {
	struct steering_program program;
	struct snapshot *snapshot;
	struct engine_port port;
};

static enum classification ask_program(const struct fixture *fixture, const struct frame *frame)
{
	return steering_program_ask(&fixture->program, frame->bytes, frame->length);
}

static enum classification ask_core(const struct fixture *fixture, const struct frame *frame)
{
	return classify_frame(fixture->snapshot, &fixture->port, frame->bytes, frame->length);
}

static unsigned compare(const struct fixture *fixture, const struct packet_case *from,
			enum family family)
{
	enum classification program, core;
	struct frame frame;

	build_frame(from, family, &frame);
	program = ask_program(fixture, &frame);
	core = ask_core(fixture, &frame);
	if ((int)program == from->expected && (int)core == from->expected)
		return 0;
	print_error("%s, IPv%d: should %s; the XDP program does%s, core/classify.c does%s\n",
		    from->name, family == IPV4 ? 4 : 6,
		    from->expected == CLASSIFY_STEER ? "be steered" : "pass",
		    (int)program == from->expected ? "" : " not",
		    (int)core == from->expected ? "" : " not");
	return 1;
}

static void known_frames(void **state)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < steering_case_count; i++)
		for (enum family family = IPV4; family < FAMILY_COUNT; family++)
			if (is_case_of(&steering_cases[i], family))
				wrong += compare(*state, &steering_cases[i], family);
	assert_int_equal(wrong, 0);
}

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 33);
}

/* Changes up to three bytes of the headers, and cuts one frame in four. */
static void mutate(struct frame *frame, uint64_t *seed)
{
	for (uint32_t changes = draw(seed) % 4; changes > 0; changes--)
		frame->bytes[draw(seed) % (frame->transport + 4)] = (uint8_t)draw(seed);
	if (draw(seed) % 4 == 0)
		frame->length = 14 + draw(seed) % (frame->length - 13);
}

static void mutated_frames(void **state)
{
	const struct fixture *fixture = *state;
	uint64_t seed = 1;
	unsigned steered = 0;

	for (unsigned round = 0; round < 60000; round++) {
		const struct packet_case *from = &steering_cases[draw(&seed) % steering_case_count];
		const enum family family = draw(&seed) % FAMILY_COUNT;
		enum classification program, core;
		struct frame frame;

		if (!is_case_of(from, family))
			continue;
		build_frame(from, family, &frame);
		mutate(&frame, &seed);
		program = ask_program(fixture, &frame);
		core = ask_core(fixture, &frame);
		if (program != core)
			fail_msg("round %u, from \"%s\": program %d, core %d", round, from->name,
				 program, core);
		steered += program == CLASSIFY_STEER;
	}
	/* Else the changes ruin every frame and nothing is compared. */
	assert_true(steered > 6000 && steered < 54000);
}

static void removed_rows_no_longer_match(void **state)
{
	const struct fixture *fixture = *state;
	struct steering_rules all, none = {0};
	struct frame frame;

	assert_int_equal(generation_rules(fixture->snapshot, &all), 0);
	build_frame(&steering_cases[0], IPV4, &frame);
	assert_int_equal(steering_remove(fixture->program.steering, &all, &none), 0);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_PASS);
	assert_int_equal(steering_add(fixture->program.steering, &none, &all), 0);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_STEER);
	steering_rules_free(&all);
}

static bool is_steered(const struct fixture *fixture, enum place place, uint16_t port)
{
	const struct packet_case to = {
		.source = CLIENT, .destination = place, .destination_port = port};
	struct frame frame;

	build_frame(&to, IPV6, &frame);
	return ask_program(fixture, &frame) == CLASSIFY_STEER;
}

/* `count` ranges of ten ports, 1000-1009, 1020-1029, ..., the last added first. */
static struct steering_rules many_ranges(unsigned count)
{
	struct steering_rules rules = {0};
	uint8_t address[16];

	place_address(MANY_RANGES, IPV6, address);
	for (unsigned i = count; i-- > 0;)
		steering_rules_add_service(&rules, address, (uint16_t)(1000 + 20 * i),
					   (uint16_t)(1009 + 20 * i), TCP);
	assert_int_equal(steering_rules_finish(&rules), 0);
	return rules;
}

static void too_many_ranges_are_every_port(void **state)
{
	const struct fixture *fixture = *state;
	struct steering_rules none = {0}, most = many_ranges(STEERING_MAX_RANGES),
			      more = many_ranges(STEERING_MAX_RANGES + 1);
	const uint16_t last = 1000 + 20 * (STEERING_MAX_RANGES - 1);

	assert_int_equal(steering_add(fixture->program.steering, &none, &most), 0);
	assert_true(is_steered(fixture, MANY_RANGES, 1000));
	assert_true(is_steered(fixture, MANY_RANGES, last + 9));
	assert_false(is_steered(fixture, MANY_RANGES, 1010));
	assert_false(is_steered(fixture, MANY_RANGES, last + 10));

	assert_int_equal(steering_remove(fixture->program.steering, &most, &more), 0);
	assert_int_equal(steering_add(fixture->program.steering, &most, &more), 0);
	assert_true(is_steered(fixture, MANY_RANGES, 1));
	assert_true(is_steered(fixture, MANY_RANGES, 65535));

	assert_int_equal(steering_remove(fixture->program.steering, &more, &none), 0);
	assert_false(is_steered(fixture, MANY_RANGES, 1000));
	steering_rules_free(&most);
	steering_rules_free(&more);
}

/* Who asks for an address's MAC: by ARP, or by a neighbour solicitation to nobody in particular. */
static void build_question(enum place wanted, enum family family, bool tagged, struct frame *frame)
{
	static const uint8_t arp[] = {0, 1, 8, 0, 6, 4, 0, 1};
	uint8_t *type = frame->bytes + (tagged ? 16 : 12), *at = type + 2, address[16];

	memset(frame, 0, sizeof(*frame));
	memset(frame->bytes, 0xff, 6);
	if (tagged)
		memcpy(frame->bytes + 12, "\x81\x00\x00\x07", 4);
	place_address(wanted, family, address);
	if (family == IPV4) {
		memcpy(type, "\x08\x06", 2);
		memcpy(at, arp, sizeof(arp));
		memcpy(at + 24, address + 12, 4);
		frame->length = (uint32_t)(at + 28 - frame->bytes);
		return;
	}
	memcpy(type, "\x86\xdd", 2);
	at[0] = 0x60;
	at[5] = 32;
	at[6] = IPPROTO_ICMPV6;
	at[7] = 255;
	at[24] = 0xff;
	at[25] = 2;
	at[40] = 135;
	memcpy(at + 48, address, 16);
	frame->length = (uint32_t)(at + 72 - frame->bytes);
}

/* What the two say together: that which is dropped is told from neither steering nor passing. */
static bool goes_to_linux(const struct fixture *fixture, uint64_t fenced, const struct frame *frame)
{
	return !fence_closes_frame(fixture->snapshot, fenced, frame->bytes, frame->length) &&
	       ask_core(fixture, frame) == CLASSIFY_PASS;
}

static unsigned compare_fenced(const struct fixture *fixture, uint64_t fenced,
			       const struct frame *frame, const char *name)
{
	bool passes = ask_program(fixture, frame) == CLASSIFY_PASS;

	if (passes == goes_to_linux(fixture, fenced, frame))
		return 0;
	print_error("%s, fenced %lx: the XDP program lets it %s, core/fence.c does not\n", name,
		    (unsigned long)fenced, passes ? "pass" : "not pass");
	return 1;
}

static void set_leases(const struct fixture *fixture, uint64_t any, uint64_t one, uint64_t two)
{
	struct steering *steering = fixture->program.steering;

	assert_int_equal(steering_set_lease(steering, 0, any), 0);
	assert_int_equal(steering_set_lease(steering, 1, one), 0);
	assert_int_equal(steering_set_lease(steering, 2, two), 0);
}

static unsigned compare_all_fenced(const struct fixture *fixture, uint64_t fenced)
{
	uint64_t seed = 2;
	unsigned wrong = 0, closed = 0;
	struct frame frame;

	for (unsigned round = 0; round < 20000; round++) {
		const struct packet_case *from = &steering_cases[draw(&seed) % steering_case_count];
		enum family family = draw(&seed) % FAMILY_COUNT;
		const char *name = from->name;

		if (draw(&seed) % 8 == 0) {
			build_question(draw(&seed) % AS_IPV4, family, draw(&seed) % 2, &frame);
			name = "a question for a MAC";
			if (draw(&seed) % 4 == 0)
				frame.length = 14 + draw(&seed) % (frame.length - 13);
		} else if (is_case_of(from, family)) {
			build_frame(from, family, &frame);
			if (round % 2 != 0)
				mutate(&frame, &seed);
		} else {
			continue;
		}
		wrong += compare_fenced(fixture, fenced, &frame, name);
		closed += fence_closes_frame(fixture->snapshot, fenced, frame.bytes, frame.length);
	}
	assert_true((fenced == 0) == (closed == 0));
	return wrong;
}

/* The service's addresses are of group 1, the local ones of group 2. */
static void without_a_lease_nothing_passes(void **state)
{
	const struct fixture *fixture = *state;
	const uint64_t over = 1, endless = UINT64_MAX;
	struct frame frame;

	set_leases(fixture, 0, over, over);
	build_question(SERVICE, IPV4, false, &frame);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_PASS);
	set_leases(fixture, 1, endless, endless);
	assert_int_equal(compare_all_fenced(fixture, 0), 0);
	set_leases(fixture, 1, over, endless);
	assert_int_equal(compare_all_fenced(fixture, 1u << 1), 0);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_STEER); /* dropped */
	set_leases(fixture, 1, endless, 0);
	assert_int_equal(compare_all_fenced(fixture, 1u << 2), 0);
	set_leases(fixture, 0, 0, 0);
}

static struct fixture *the_fixture(void)
{
	static struct fixture fixture;

	return &fixture;
}

static int set_up(void **state)
{
	struct fixture *fixture = the_fixture();
	struct steering_rules rules, none = {0};
	struct frame frame;

	*state = fixture;
	fixture->snapshot = steering_scene();
	memcpy(fixture->port.mac, steering_mac, sizeof(steering_mac));
	assert_int_equal(generation_rules(fixture->snapshot, &rules), 0);
	assert_int_equal(steering_add(fixture->program.steering, &none, &rules), 0);
	steering_rules_free(&rules);

	/* Nothing is ours before the port is described. */
	build_frame(&steering_cases[0], IPV4, &frame);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_PASS);
	assert_int_equal(steering_set_port(fixture->program.steering, steering_mac, false), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	snapshot_release(fixture->snapshot);
	steering_program_close(&fixture->program);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_frames),
		cmocka_unit_test(mutated_frames),
		cmocka_unit_test(without_a_lease_nothing_passes),
		cmocka_unit_test(removed_rows_no_longer_match),
		cmocka_unit_test(too_many_ranges_are_every_port),
	};
	int error = steering_program_load(&the_fixture()->program);

	if (error == -EPERM || error == -EACCES) {
		printf("skipped: loading an XDP program needs root, or CAP_BPF, CAP_NET_ADMIN "
		       "and CAP_SYS_ADMIN\n");
		return SKIPPED;
	}
	if (error != 0) {
		fprintf(stderr, "the steering program does not load: %s\n", strerror(-error));
		return 1;
	}
	return cmocka_run_group_tests_name("steering", tests, set_up, tear_down);
}
