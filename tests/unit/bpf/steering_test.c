/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The XDP program and core/classify.c must say the same of every frame: a
 * table of frames whose answer is known, then thousands of them with bytes
 * changed at random (fixed seed), of which only the agreement is known. The
 * program runs in the kernel by BPF_PROG_TEST_RUN: no interface, no packets.
 */
#include "bpf/loader.h"
#include "dataplane/core/classify.h"
#include "dataplane/generation_rules.h"
#include "tests/unit/core/snapshot_builder.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED 77 /* what meson takes for "skipped" */

#define CLIENT    "203.0.113.7"
#define ROUTER    "203.0.113.254"
#define HOST      "198.51.100.1"  /* the balancer's own */
#define SERVICE   "198.51.100.10" /* 80/tcp full-nat, 53/udp dnat */
#define LOCAL     "10.0.0.250"    /* 2000-3000 */
#define DNAT_ONE  "10.0.0.11"     /* 8080/tcp, 8080/udp */
#define DNAT_ANY  "10.0.0.12"     /* tcp, every port */
#define FULL_NAT  "10.0.0.13"     /* never steered by its address */
#define ELSEWHERE "192.0.2.9"

#define MORE_FRAGMENTS 0x2000
#define FRAME_SIZE     256

struct fixture {
	struct bpf_object *object;
	int program;
	struct steering *steering;
	struct snapshot *snapshot;
	struct engine_port port;
};

struct frame {
	uint8_t bytes[FRAME_SIZE];
	uint32_t length;
};

/* A frame; what is 0 is the usual: TCP, whole, to the port's MAC. */
struct packet_case {
	const char *name;
	enum classification expected;
	const char *source;
	uint16_t source_port;
	const char *destination;
	uint16_t destination_port;
	uint8_t protocol;
	uint16_t fragment;    /* flags and offset */
	uint8_t option_words; /* of the IP header */
	uint8_t icmp_type;    /* the packet above is inside this message, sent back to its source */
	uint8_t wrong_mac;
	uint16_t ethernet_type;
	uint8_t version; /* of IP */
	uint32_t cut;    /* frame's length, when shorter */
};

#define STEER CLASSIFY_STEER
#define PASS  CLASSIFY_PASS
#define TCP   IPPROTO_TCP
#define UDP   IPPROTO_UDP

#define ROW(says, verdict, from, from_port, to, to_port, ...)                                \
	{                                                                                    \
		.name = says, .expected = verdict, .source = from, .source_port = from_port, \
		.destination = to, .destination_port = to_port, ##__VA_ARGS__                \
	}

static const struct packet_case cases[] = {
	ROW("client to a TCP service", STEER, CLIENT, 40000, SERVICE, 80),
	ROW("client to a UDP service", STEER, CLIENT, 40000, SERVICE, 53, .protocol = UDP),
	ROW("service's port of the other protocol", PASS, CLIENT, 40000, SERVICE, 80,
	    .protocol = UDP),
	ROW("another port of the service's address", PASS, CLIENT, 40000, SERVICE, 81),
	ROW("port 0 of the service's address", PASS, CLIENT, 40000, SERVICE, 0),
	ROW("service's port of another address", PASS, CLIENT, 40000, HOST, 80),
	ROW("service with IP options", STEER, CLIENT, 40000, SERVICE, 80, .option_words = 10),
	ROW("other port with IP options", PASS, CLIENT, 40000, SERVICE, 81, .option_words = 1),
	ROW("service, from a dnat backend", STEER, DNAT_ONE, 8080, SERVICE, 80),

	ROW("local address, first port", STEER, FULL_NAT, 8080, LOCAL, 2000),
	ROW("local address, last port", STEER, FULL_NAT, 8080, LOCAL, 3000),
	ROW("local address, below the range", PASS, FULL_NAT, 8080, LOCAL, 1999),
	ROW("local address, above the range", PASS, FULL_NAT, 8080, LOCAL, 3001),
	ROW("local address by UDP", STEER, FULL_NAT, 53, LOCAL, 2500, .protocol = UDP),

	ROW("to a dnat backend's port", STEER, CLIENT, 40000, DNAT_ONE, 8080),
	ROW("to another port of it", PASS, CLIENT, 40000, DNAT_ONE, 22),
	ROW("to a dnat backend without a port", STEER, CLIENT, 40000, DNAT_ANY, 22),
	ROW("to it by a protocol it does not serve", PASS, CLIENT, 40000, DNAT_ANY, 22,
	    .protocol = UDP),
	ROW("from a dnat backend's port", STEER, DNAT_ONE, 8080, CLIENT, 40000),
	ROW("from another port of it", PASS, DNAT_ONE, 22, CLIENT, 40000),
	ROW("from a dnat backend without a port", STEER, DNAT_ANY, 22, CLIENT, 40000),
	ROW("from a dnat backend to this host", PASS, DNAT_ONE, 8080, HOST, 40000),
	ROW("from a dnat backend to the local address, out of range", PASS, DNAT_ONE, 8080, LOCAL,
	    1000),
	ROW("from a full-nat backend to anyone", PASS, FULL_NAT, 8080, CLIENT, 40000),
	ROW("to a full-nat backend", PASS, CLIENT, 40000, FULL_NAT, 8080),
	ROW("between strangers", PASS, CLIENT, 40000, ELSEWHERE, 80),

	ROW("first fragment to a service", STEER, CLIENT, 40000, SERVICE, 81, .protocol = UDP,
	    .fragment = MORE_FRAGMENTS),
	ROW("later fragment to a service", STEER, CLIENT, 1, SERVICE, 1, .fragment = 185),
	ROW("fragment to the local address", STEER, FULL_NAT, 1, LOCAL, 1, .fragment = 185),
	ROW("fragment from a dnat backend", STEER, DNAT_ONE, 1, CLIENT, 1, .fragment = 185),
	ROW("fragment from a dnat backend to this host", PASS, DNAT_ONE, 1, HOST, 1,
	    .fragment = MORE_FRAGMENTS),
	ROW("fragment between strangers", PASS, CLIENT, 1, ELSEWHERE, 1, .fragment = 185),
	ROW("fragment of something else to a service", PASS, CLIENT, 1, SERVICE, 1,
	    .protocol = IPPROTO_ICMP, .fragment = 185),
	ROW("don't fragment is no fragment", PASS, CLIENT, 40000, SERVICE, 81, .fragment = 0x4000),

	ROW("error about a reply of a service", STEER, SERVICE, 80, CLIENT, 40000, .icmp_type = 3),
	ROW("error about a packet to a full-nat backend", STEER, LOCAL, 2500, FULL_NAT, 8080,
	    .icmp_type = 11),
	ROW("error about a packet to a dnat backend", STEER, CLIENT, 40000, DNAT_ONE, 8080,
	    .icmp_type = 12),
	ROW("error about a health check", PASS, HOST, 40000, DNAT_ONE, 8080, .icmp_type = 3),
	ROW("error about another port", PASS, SERVICE, 81, CLIENT, 40000, .icmp_type = 3),
	ROW("error about a fragment of a service's", STEER, SERVICE, 1, CLIENT, 1, .icmp_type = 3,
	    .fragment = MORE_FRAGMENTS),
	ROW("error about a UDP reply, options inside", STEER, SERVICE, 53, CLIENT, 40000,
	    .protocol = UDP, .icmp_type = 3, .option_words = 3),
	ROW("error about ICMP", PASS, SERVICE, 80, CLIENT, 40000, .protocol = IPPROTO_ICMP,
	    .icmp_type = 3),
	ROW("redirect about a service's reply", PASS, SERVICE, 80, CLIENT, 40000, .icmp_type = 5),
	ROW("echo request to a service's address", PASS, CLIENT, 8 << 8, SERVICE, 0,
	    .protocol = IPPROTO_ICMP),

	ROW("service, another MAC", PASS, CLIENT, 40000, SERVICE, 80, .wrong_mac = 1),
	ROW("ARP", PASS, CLIENT, 40000, SERVICE, 80, .ethernet_type = 0x0806),
	ROW("VLAN tag", PASS, CLIENT, 40000, SERVICE, 80, .ethernet_type = 0x8100),
	ROW("IPv6", PASS, CLIENT, 40000, SERVICE, 80, .version = 6),
	ROW("cut within the Ethernet header", PASS, CLIENT, 40000, SERVICE, 80, .cut = 14),
	ROW("cut within the IP header", PASS, CLIENT, 40000, SERVICE, 80, .cut = 33),
	ROW("cut within the ports", PASS, CLIENT, 40000, SERVICE, 80, .cut = 37),
	ROW("cut behind the ports", STEER, CLIENT, 40000, SERVICE, 80, .cut = 38),
	ROW("cut within the options", PASS, CLIENT, 40000, SERVICE, 80, .option_words = 10,
	    .cut = 50),
	ROW("error cut within the inner IP header", PASS, SERVICE, 80, CLIENT, 40000,
	    .icmp_type = 3, .cut = 14 + 20 + 8 + 19),
	ROW("error cut within the inner ports", PASS, SERVICE, 80, CLIENT, 40000, .icmp_type = 3,
	    .cut = 14 + 20 + 8 + 23),
	ROW("error cut behind the inner ports", STEER, SERVICE, 80, CLIENT, 40000, .icmp_type = 3,
	    .cut = 14 + 20 + 8 + 24),
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 1};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* An IPv4 header with `option_words` of no-operation; returns where its payload begins. */
static uint8_t *put_ip(uint8_t *at, const char *source, const char *destination, uint8_t protocol,
		       uint16_t fragment, uint8_t option_words)
{
	at[0] = (uint8_t)(0x40 | (5 + option_words));
	put16(at + 2, 100);
	put16(at + 6, fragment);
	at[8] = 64;
	at[9] = protocol;
	inet_pton(AF_INET, source, at + 12);
	inet_pton(AF_INET, destination, at + 16);
	memset(at + 20, 1, option_words * 4u);
	return at + 20 + option_words * 4;
}

static void build(const struct packet_case *from, struct frame *frame)
{
	const uint8_t protocol = from->protocol != 0 ? from->protocol : TCP;
	uint8_t *ip = frame->bytes + 14;
	uint8_t *at = ip;

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, our_mac, sizeof(our_mac));
	frame->bytes[5] += from->wrong_mac;
	frame->bytes[6] = 0x02;
	put16(frame->bytes + 12, from->ethernet_type != 0 ? from->ethernet_type : 0x0800);
	if (from->icmp_type != 0) {
		at = put_ip(at, ROUTER, from->source, IPPROTO_ICMP, 0, 0);
		at[0] = from->icmp_type;
		at += 8;
	}
	at = put_ip(at, from->source, from->destination, protocol, from->fragment,
		    from->option_words);
	put16(at, from->source_port);
	put16(at + 2, from->destination_port);
	at += 40;
	if (from->version != 0)
		ip[0] = (uint8_t)(from->version << 4 | (ip[0] & 0x0f));
	frame->length = from->cut != 0 ? from->cut : (uint32_t)(at - frame->bytes);
}

/* What the kernel's run of the program says. A redirect to an empty map is its fallback: drop. */
static enum classification ask_program(const struct fixture *fixture, const struct frame *frame)
{
	uint8_t out[FRAME_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .data_out = out, .data_size_out = sizeof(out),
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(fixture->program, &options), 0);
	assert_true(options.retval == XDP_PASS || options.retval == XDP_DROP ||
		    options.retval == XDP_REDIRECT);
	return options.retval == XDP_PASS ? CLASSIFY_PASS : CLASSIFY_STEER;
}

static void known_frames(void **state)
{
	const struct fixture *fixture = *state;
	unsigned wrong = 0;

	for (size_t i = 0; i < CASE_COUNT; i++) {
		enum classification program, core;
		struct frame frame;

		build(&cases[i], &frame);
		program = ask_program(fixture, &frame);
		core = classify_frame(fixture->snapshot, &fixture->port, frame.bytes, frame.length);
		if (program == cases[i].expected && core == cases[i].expected)
			continue;
		wrong++;
		print_error("%s: should %s; the XDP program does%s, core/classify.c does%s\n",
			    cases[i].name, cases[i].expected == STEER ? "be steered" : "pass",
			    program == cases[i].expected ? "" : " not",
			    core == cases[i].expected ? "" : " not");
	}
	assert_int_equal(wrong, 0);
}

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 33);
}

static void mutated_frames(void **state)
{
	const struct fixture *fixture = *state;
	uint64_t seed = 1;
	unsigned steered = 0;

	for (unsigned round = 0; round < 20000; round++) {
		const struct packet_case *from = &cases[draw(&seed) % CASE_COUNT];
		enum classification program, core;
		struct frame frame;

		build(from, &frame);
		for (uint32_t changes = draw(&seed) % 4; changes > 0; changes--)
			frame.bytes[draw(&seed) % 90] = (uint8_t)draw(&seed);
		if (draw(&seed) % 4 == 0)
			frame.length = 14 + draw(&seed) % (frame.length - 13);
		program = ask_program(fixture, &frame);
		core = classify_frame(fixture->snapshot, &fixture->port, frame.bytes, frame.length);
		if (program != core)
			fail_msg("round %u, from \"%s\": program %d, core %d", round, from->name,
				 program, core);
		steered += program == CLASSIFY_STEER;
	}
	/* Else the changes ruin every frame and nothing is compared. */
	assert_true(steered > 2000 && steered < 18000);
}

static void removed_rows_no_longer_match(void **state)
{
	const struct fixture *fixture = *state;
	struct steering_rules all, none = {0};
	struct frame frame;

	assert_int_equal(generation_rules(fixture->snapshot, &all), 0);
	build(&cases[0], &frame);
	assert_int_equal(steering_remove(fixture->steering, &all, &none), 0);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_PASS);
	assert_int_equal(steering_add(fixture->steering, &none, &all), 0);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_STEER);
	steering_rules_free(&all);
}

static void make_snapshot(struct fixture *fixture)
{
	const uint16_t backends[] = {0, 1, 2};
	struct snapshot_builder *builder = snapshot_builder_new();

	snapshot_builder_service(builder, 0, SERVICE, 80, TCP, 0, 0);
	snapshot_builder_service(builder, 1, SERVICE, 53, UDP, 0, ABI_NONE);
	snapshot_builder_backend(builder, 0, DNAT_ONE, 8080, ABI_NONE)->flags =
		ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	snapshot_builder_backend(builder, 1, DNAT_ANY, 0, ABI_NONE)->flags =
		ABI_BACKEND_DNAT | ABI_BACKEND_TCP;
	snapshot_builder_backend(builder, 2, FULL_NAT, 8080, ABI_NONE)->flags =
		ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP;
	snapshot_builder_ring(builder, 0, 7, backends, 3);
	snapshot_builder_local_pool(builder, 0, LOCAL, 1, 2000, 3000);
	snapshot_builder_host(builder, HOST);
	snapshot_builder_host(builder, SERVICE);
	snapshot_builder_host(builder, LOCAL);
	fixture->snapshot = snapshot_builder_take(builder, 1);
	snapshot_builder_free(builder);
}

/* Loads the program; 0 or -errno. */
static int load_program(struct fixture *fixture)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);
	int error;

	fixture->object = bpf_object__open_mem(steering_object, steering_object_size, NULL);
	if (fixture->object == NULL)
		return -errno;
	error = bpf_object__load(fixture->object);
	if (error != 0)
		return error;
	fixture->program = bpf_program__fd(
		bpf_object__find_program_by_name(fixture->object, "headrace_steer"));
	error = bpf_obj_get_info_by_fd(fixture->program, &info, &length);
	return error != 0 ? error : steering_open_program(info.id, &fixture->steering);
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
	make_snapshot(fixture);
	memcpy(fixture->port.mac, our_mac, sizeof(our_mac));
	assert_int_equal(generation_rules(fixture->snapshot, &rules), 0);
	assert_int_equal(steering_add(fixture->steering, &none, &rules), 0);
	steering_rules_free(&rules);

	/* Nothing is ours before the port is described. */
	build(&cases[0], &frame);
	assert_int_equal(ask_program(fixture, &frame), CLASSIFY_PASS);
	assert_int_equal(steering_set_port(fixture->steering, our_mac, false), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	snapshot_release(fixture->snapshot);
	steering_close(fixture->steering);
	bpf_object__close(fixture->object);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_frames),
		cmocka_unit_test(mutated_frames),
		cmocka_unit_test(removed_rows_no_longer_match),
	};
	int error = load_program(the_fixture());

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
