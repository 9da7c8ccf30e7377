/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* IPv6 frames: extension headers, fragments, ICMPv6, and what is wrong with them. */
#include "dataplane/abi/verdicts.h"
#include "dataplane/core/parse.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define IP              14
#define EXTENSIONS_MOST 7

enum change { NOTHING, CUT, SET8, SET16 };

struct row {
	const char *what;
	uint8_t protocol;
	/* The headers between, in order: type and length in 8 bytes; length 0: no more. */
	uint8_t extensions[EXTENSIONS_MOST][2];
	enum change change;
	uint16_t at; /* from the IP header on; CUT: the frame's length */
	uint16_t value;
	uint8_t verdict, kind;
	uint16_t transport; /* of HEADERS_FLOW */
};

#define FLOW_AT(transport) VERDICT_NONE, HEADERS_FLOW, transport
#define FRAGMENT_OF_ONE    VERDICT_NONE, HEADERS_FRAGMENT, 0
#define VERDICT(name)      ABI_VERDICT_##name, 0, 0

static const struct row rows[] = {
	{"TCP as it should be", TCP, {{0}}, NOTHING, 0, 0, FLOW_AT(54)},
	{"UDP as it should be", UDP, {{0}}, NOTHING, 0, 0, FLOW_AT(54)},
	{"half an IP header", TCP, {{0}}, CUT, 53, 0, VERDICT(TRUNCATED)},
	{"an IP header and no more", TCP, {{0}}, CUT, 54, 0, VERDICT(TRUNCATED)},
	{"one byte short", TCP, {{0}}, CUT, 89, 0, VERDICT(TRUNCATED)},
	{"payload beyond the frame", TCP, {{0}}, SET16, 4, 37, VERDICT(TRUNCATED)},
	{"payload beyond any frame", TCP, {{0}}, SET16, 4, 0xffff, VERDICT(TRUNCATED)},
	{"version 4", TCP, {{0}}, SET8, 0, 0x45, VERDICT(BAD_IP_HEADER)},
	{"version 7", TCP, {{0}}, SET8, 0, 0x70, VERDICT(BAD_IP_HEADER)},
	{"a traffic class", TCP, {{0}}, SET8, 0, 0x6f, FLOW_AT(54)},
	{"another protocol", 50, {{0}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"an authentication header", 51, {{0}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"nothing behind", 59, {{0}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"ICMP of the other family", 1, {{0}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"half a TCP header", TCP, {{0}}, SET16, 4, 19, VERDICT(BAD_LENGTH)},
	{"no payload", TCP, {{0}}, SET16, 4, 0, VERDICT(BAD_LENGTH)},
	{"TCP data offset 4", TCP, {{0}}, SET8, 52, 0x40, VERDICT(BAD_LENGTH)},
	{"TCP options beyond the end", TCP, {{0}}, SET8, 52, 0xf0, VERDICT(BAD_LENGTH)},
	{"TCP options up to the end", TCP, {{0}}, SET8, 52, 0x90, FLOW_AT(54)},
	{"half a UDP header", UDP, {{0}}, SET16, 4, 7, VERDICT(BAD_LENGTH)},
	{"UDP length 7", UDP, {{0}}, SET16, 44, 7, VERDICT(BAD_LENGTH)},
	{"UDP length beyond the end", UDP, {{0}}, SET16, 44, 25, VERDICT(BAD_LENGTH)},
	{"UDP length before the end", UDP, {{0}}, SET16, 44, 8, FLOW_AT(54)},
	{"UDP without a checksum", UDP, {{0}}, SET16, 46, 0, VERDICT(NO_CHECKSUM)},
	{"the same behind options",
	 UDP,
	 {{DESTINATION_OPTIONS, 1}},
	 SET16,
	 54,
	 0,
	 VERDICT(NO_CHECKSUM)},

	{"hop-by-hop options", TCP, {{HOP_BY_HOP, 1}}, NOTHING, 0, 0, FLOW_AT(62)},
	{"a routing header", UDP, {{ROUTING, 3}}, NOTHING, 0, 0, FLOW_AT(78)},
	{"destination options", TCP, {{DESTINATION_OPTIONS, 2}}, NOTHING, 0, 0, FLOW_AT(70)},
	{"hop-by-hop options that are not first: Linux's",
	 TCP,
	 {{DESTINATION_OPTIONS, 1}, {HOP_BY_HOP, 1}},
	 NOTHING,
	 0,
	 0,
	 VERDICT(TO_LINUX)},
	{"a routing header that leads on: Linux's",
	 TCP,
	 {{ROUTING, 1}},
	 SET16,
	 42,
	 0x0401,
	 VERDICT(TO_LINUX)},
	{"one of type 0 (RFC 5095)", TCP, {{ROUTING, 1}}, SET16, 42, 1, VERDICT(ROUTING_HEADER)},
	{"one of type 0 behind others",
	 UDP,
	 {{HOP_BY_HOP, 1}, {ROUTING, 1}, {DESTINATION_OPTIONS, 1}},
	 SET8,
	 51,
	 3,
	 VERDICT(ROUTING_HEADER)},
	{"one of type 0 that has led here", TCP, {{ROUTING, 1}}, SET16, 42, 0, FLOW_AT(62)},
	{"one of type 0 and a fragment",
	 UDP,
	 {{ROUTING, 1}, {FRAGMENT, 1}},
	 SET16,
	 42,
	 1,
	 VERDICT(ROUTING_HEADER)},
	{"one of type 0, and nobody's protocol",
	 50,
	 {{ROUTING, 1}},
	 SET16,
	 42,
	 1,
	 VERDICT(TO_LINUX)},
	{"all there are",
	 TCP,
	 {{HOP_BY_HOP, 1}, {ROUTING, 1}, {FRAGMENT, 1}, {DESTINATION_OPTIONS, 1}},
	 NOTHING,
	 0,
	 0,
	 FLOW_AT(86)},
	{"as many as are walked",
	 UDP,
	 {{0, 1}, {60, 1}, {43, 1}, {60, 1}, {60, 1}, {60, 1}},
	 NOTHING,
	 0,
	 0,
	 FLOW_AT(102)},
	{"one more: Linux's",
	 UDP,
	 {{0, 1}, {60, 1}, {43, 1}, {60, 1}, {60, 1}, {60, 1}, {60, 1}},
	 NOTHING,
	 0,
	 0,
	 VERDICT(TO_LINUX)},
	{"as long as are walked", TCP, {{60, 31}, {60, 1}}, NOTHING, 0, 0, FLOW_AT(54 + 256)},
	{"longer: Linux's", TCP, {{60, 31}, {60, 2}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"one that is longer: Linux's", TCP, {{60, 33}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},
	{"one that says it is longer than the packet",
	 TCP,
	 {{60, 1}},
	 SET8,
	 41,
	 10,
	 VERDICT(BAD_LENGTH)},
	{"one that fills the packet", TCP, {{60, 1}}, SET16, 4, 8, VERDICT(BAD_LENGTH)},
	{"half of one", TCP, {{60, 1}}, SET16, 4, 7, VERDICT(BAD_LENGTH)},
	{"half of the second", TCP, {{60, 1}, {60, 1}}, SET16, 4, 12, VERDICT(BAD_LENGTH)},
	{"another protocol behind", 50, {{60, 1}}, NOTHING, 0, 0, VERDICT(TO_LINUX)},

	{"an atomic fragment is whole", TCP, {{FRAGMENT, 1}}, NOTHING, 0, 0, FLOW_AT(62)},
	{"whatever its reserved bits", TCP, {{FRAGMENT, 1}}, SET16, 42, 6, FLOW_AT(62)},
	{"and its reserved byte", UDP, {{FRAGMENT, 1}}, SET8, 41, 0xff, FLOW_AT(62)},
	{"an atomic one without its datagram",
	 TCP,
	 {{FRAGMENT, 1}},
	 SET16,
	 4,
	 8,
	 VERDICT(BAD_LENGTH)},
	{"the first fragment", TCP, {{FRAGMENT, 1}}, SET16, 42, 1, FRAGMENT_OF_ONE},
	{"a later one", UDP, {{FRAGMENT, 1}}, SET16, 42, 8 | 1, FRAGMENT_OF_ONE},
	{"the last one", UDP, {{FRAGMENT, 1}}, SET16, 42, 0xfff8, FRAGMENT_OF_ONE},
	{"a fragment behind options", UDP, {{60, 2}, {FRAGMENT, 1}}, SET16, 58, 8, FRAGMENT_OF_ONE},
	{"half a fragment header", UDP, {{FRAGMENT, 1}}, SET16, 4, 7, VERDICT(BAD_LENGTH)},
	{"a fragment of another protocol", 50, {{FRAGMENT, 1}}, SET16, 42, 1, VERDICT(TO_LINUX)},
	{"a fragment of ICMPv6", 58, {{FRAGMENT, 1}}, SET16, 42, 1, VERDICT(TO_LINUX)},
	{"a fragment that begins with options",
	 TCP,
	 {{FRAGMENT, 1}, {60, 1}},
	 SET16,
	 42,
	 1,
	 VERDICT(TO_LINUX)},
};

static struct frame frame_of(const struct row *row)
{
	struct frame frame = frame_make(&(struct frame_spec){
		.source = CLIENT6,
		.destination = DNAT6,
		.source_port = 4000,
		.destination_port = 80,
		.protocol = row->protocol == UDP ? UDP : TCP,
		.flags = SYN,
		.payload = 16,
	});
	uint8_t *ip = frame_data(&frame) + IP;

	ip[6] = row->protocol;
	for (unsigned i = EXTENSIONS_MOST; i-- > 0;)
		if (row->extensions[i][1] != 0)
			frame = frame_extended(&frame, row->extensions[i][0],
					       row->extensions[i][1]);
	if (row->change == CUT)
		frame.length = row->at;
	if (row->change == SET8) {
		ip[row->at] = (uint8_t)row->value;
	} else if (row->change == SET16) {
		ip[row->at] = (uint8_t)(row->value >> 8);
		ip[row->at + 1] = (uint8_t)row->value;
	}
	return frame;
}

/* The frame in memory of just its size: a sanitizer sees a look beyond. */
static uint8_t *exact(struct frame *frame, uint32_t length)
{
	return memcpy(test_malloc(length == 0 ? 1 : length), frame_data(frame), length);
}

static void check_row(const struct row *row, const struct headers *headers)
{
	struct ip_address source = flow_tuple_source(&headers->tuple);
	struct ip_address destination = flow_tuple_destination(&headers->tuple);

	if (headers->kind != row->kind)
		fail_msg("%s: kind %u", row->what, headers->kind);
	assert_int_equal(headers->tuple.family, 6);
	assert_int_equal(headers->tuple.protocol, row->protocol);
	check_address(&source, CLIENT6);
	check_address(&destination, DNAT6);
	assert_int_equal(headers->hop_limit, 64);
	assert_int_equal(headers->has_ports, row->kind == HEADERS_FLOW);
	if (row->kind != HEADERS_FLOW)
		return;
	if (headers->transport != row->transport)
		fail_msg("%s: transport at %u", row->what, headers->transport);
	assert_int_equal(be16toh(headers->tuple.ports.be_source), 4000);
	assert_int_equal(be16toh(headers->tuple.ports.be_destination), 80);
	assert_int_equal(headers->tcp_flags, row->protocol == TCP ? SYN : 0);
}

static void every_frame_by_its_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame = frame_of(&rows[i]);
		uint8_t *bytes = exact(&frame, frame.length);
		struct headers headers;
		uint8_t verdict = parse_headers(bytes, frame.length, &headers);

		if (verdict != rows[i].verdict)
			fail_msg("%s: %s, not %s", rows[i].what, abi_verdict_text(verdict),
				 abi_verdict_text(rows[i].verdict));
		if (verdict == VERDICT_NONE) {
			check_row(&rows[i], &headers);
			assert_int_equal(headers.ip_length, frame.length - IP);
			/* Steering reads the same out of it. */
			memset(&headers, 0, sizeof(headers));
			assert_true(parse_ends(bytes, frame.length, &headers));
			assert_int_equal(headers.kind, rows[i].kind);
			assert_int_equal(headers.has_ports, rows[i].kind == HEADERS_FLOW);
		}
		test_free(bytes);
	}
}

/* Padding behind the packet is none of it. */
static void padding_does_not_count(void **state)
{
	struct frame frame = frame_of(&rows[0]);
	struct headers headers;

	(void)state;
	frame.length += 9;
	assert_int_equal(parse_headers(frame_data(&frame), frame.length, &headers), VERDICT_NONE);
	assert_int_equal(headers.ip_length, 40 + 20 + 16);
}

/* Cut anywhere, with and without a payload length that fits: nothing beyond is looked at. */
static void cut_anywhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame = frame_of(&rows[i]);

		for (uint32_t length = 0; length < frame.length; length++) {
			uint8_t *bytes = exact(&frame, length);
			struct headers headers;
			uint8_t verdict = parse_headers(bytes, length, &headers);

			assert_true(verdict != VERDICT_NONE || length >= IP + 48);
			parse_ends(bytes, length, &headers);
			if (length >= IP + 40) {
				bytes[IP + 4] = (uint8_t)((length - IP - 40) >> 8);
				bytes[IP + 5] = (uint8_t)(length - IP - 40);
				verdict = parse_headers(bytes, length, &headers);
				assert_true(verdict != ABI_VERDICT_TRUNCATED);
				parse_ends(bytes, length, &headers);
			}
			test_free(bytes);
		}
	}
}

static void icmp_errors_are_turned_round(void **state)
{
	struct frame about = frame_make(&(struct frame_spec){.source = LOCAL6,
							     .destination = "2001:db8:1::1",
							     .source_port = 2000,
							     .destination_port = 9090});
	struct headers headers;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct frame frame = frame_icmp("2001:db8:1::77", LOCAL6, (uint8_t)type, &about);
		uint8_t verdict = parse_headers(frame_data(&frame), frame.length, &headers);

		/* Echo, neighbour discovery and the like are Linux's. */
		if (type == 0 || type > 4) {
			assert_int_equal(verdict, ABI_VERDICT_TO_LINUX);
			continue;
		}
		assert_int_equal(verdict, VERDICT_NONE);
		assert_int_equal(headers.kind, HEADERS_ICMP_ERROR);
		struct ip_address source = flow_tuple_source(&headers.tuple);
		struct ip_address destination = flow_tuple_destination(&headers.tuple);
		check_address(&source, "2001:db8:1::1");
		check_address(&destination, LOCAL6);
		assert_int_equal(be16toh(headers.tuple.ports.be_source), 9090);
		assert_int_equal(be16toh(headers.tuple.ports.be_destination), 2000);
		assert_int_equal(headers.tuple.protocol, TCP);
		assert_true(headers.has_ports);
	}
}

/* The packet inside may have extensions, be a fragment, or be cut. */
static void what_icmp_errors_are_about(void **state)
{
	struct frame whole = frame_make(&(struct frame_spec){.source = LOCAL6,
							     .destination = "2001:db8:1::1",
							     .source_port = 2000,
							     .destination_port = 9090,
							     .protocol = UDP});
	struct frame optional = frame_extended(&whole, DESTINATION_OPTIONS, 2);
	struct frame atomic = frame_extended(&whole, FRAGMENT, 1);
	struct frame later = frame_make(&(struct frame_spec){
		.source = LOCAL6, .destination = "2001:db8:1::1", .protocol = UDP, .fragment = 5});
	struct frame first = atomic;
	const struct {
		struct frame *about;
		bool has_ports;
		uint32_t end; /* of what must be there of it */
	} cases[] = {{&whole, true, 44},
		     {&optional, true, 60},
		     {&atomic, true, 52},
		     {&later, false, 48},
		     {&first, true, 48}};

	(void)state;
	frame_data(&first)[IP + 40 + 3] = 1; /* more follow */
	for (unsigned i = 0; i < 5; i++) {
		struct frame frame = frame_icmp("2001:db8:1::77", LOCAL6, 2, cases[i].about);

		for (uint32_t length = IP + 40; length <= frame.length; length++) {
			uint8_t *bytes = exact(&frame, length);
			struct headers headers;

			bytes[IP + 4] = 0;
			bytes[IP + 5] = (uint8_t)(length - IP - 40);
			uint8_t verdict = parse_headers(bytes, length, &headers);
			assert_int_equal(verdict, length < IP + 40 + 8 + cases[i].end
							  ? ABI_VERDICT_TO_LINUX
							  : VERDICT_NONE);
			if (verdict == VERDICT_NONE)
				assert_int_equal(headers.has_ports,
						 cases[i].has_ports &&
							 (i != 4 || length >= IP + 40 + 8 + 52));
			assert_int_equal(parse_ends(bytes, length, &headers),
					 verdict == VERDICT_NONE);
			test_free(bytes);
		}
	}
}

/* What is no address to be routed makes a frame Linux's for steering. */
static void ends_that_are_not_routed(void **state)
{
	static const struct {
		const char *address;
		bool is_routed;
	} cases[] = {
		{CLIENT6, true},
		{"fe80::1", false},
		{"febf:ffff::1", false},
		{"fec0::1", true},
		{"fe7f::1", true},
		{"::ffff:203.0.113.7", false},
		{"::fffe:203.0.113.7", true},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned reversed = 0; reversed < 2; reversed++) {
			struct frame frame = frame_make(&(struct frame_spec){
				.source = reversed ? DNAT6 : cases[i].address,
				.destination = reversed ? cases[i].address : DNAT6});
			struct headers headers;

			assert_int_equal(parse_headers(frame_data(&frame), frame.length, &headers),
					 VERDICT_NONE);
			if (parse_is_routable(&headers.tuple) != cases[i].is_routed)
				fail_msg("%s", cases[i].address);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_by_its_name),
		cmocka_unit_test(ends_that_are_not_routed),
		cmocka_unit_test(padding_does_not_count),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(icmp_errors_are_turned_round),
		cmocka_unit_test(what_icmp_errors_are_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
