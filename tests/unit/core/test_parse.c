/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What is wrong with a frame, one fault a row. */
#include "dataplane/abi/verdicts.h"
#include "dataplane/core/parse.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/frames.h"
#include "tests/unit/core/snapshot_builder.h"

#define IP        14
#define TRANSPORT 34

enum change { NOTHING, CUT, SET8, SET16, SET16_UNSUMMED };

struct row {
	const char *what;
	uint8_t protocol;
	enum change change;
	uint16_t at; /* CUT: the frame's length */
	uint16_t value;
	uint8_t verdict;
};

static const struct row rows[] = {
	{"TCP as it should be", 6, NOTHING, 0, 0, VERDICT_NONE},
	{"UDP as it should be", 17, NOTHING, 0, 0, VERDICT_NONE},
	{"no Ethernet header", 6, CUT, 13, 0, ABI_VERDICT_TRUNCATED},
	{"Ethernet header only", 6, CUT, 14, 0, ABI_VERDICT_TRUNCATED},
	{"half an IP header", 6, CUT, 33, 0, ABI_VERDICT_TRUNCATED},
	{"one byte short", 6, CUT, 69, 0, ABI_VERDICT_TRUNCATED},
	{"ARP", 6, SET16, 12, 0x0806, ABI_VERDICT_TO_LINUX},
	{"IPv4 that says it is IPv6", 6, SET16, 12, 0x86dd, ABI_VERDICT_BAD_IP_HEADER},
	{"a VLAN tag", 6, SET16, 12, 0x8100, ABI_VERDICT_TO_LINUX},
	{"version 5", 6, SET8, IP, 0x55, ABI_VERDICT_BAD_IP_HEADER},
	{"header of 16 bytes", 6, SET8, IP, 0x44, ABI_VERDICT_BAD_IP_HEADER},
	{"header longer than the packet", 6, SET8, IP, 0x4f, ABI_VERDICT_BAD_LENGTH},
	{"total length below the header's", 6, SET16_UNSUMMED, IP + 2, 19, ABI_VERDICT_BAD_LENGTH},
	{"total length beyond the frame", 6, SET16, IP + 2, 57, ABI_VERDICT_TRUNCATED},
	{"wrong header checksum", 6, SET16_UNSUMMED, IP + 4, 1, ABI_VERDICT_BAD_IP_HEADER},
	{"first fragment", 6, SET16, IP + 6, 0x2000, VERDICT_NONE},
	{"later fragment", 17, SET16, IP + 6, 0x0001, VERDICT_NONE},
	{"don't fragment", 6, SET16, IP + 6, 0x4000, VERDICT_NONE},
	{"fragment of another protocol", 50, SET16, IP + 6, 0x2000, ABI_VERDICT_TO_LINUX},
	{"another protocol", 50, NOTHING, 0, 0, ABI_VERDICT_TO_LINUX},
	{"half a TCP header", 6, SET16, IP + 2, 39, ABI_VERDICT_BAD_LENGTH},
	{"TCP data offset 4", 6, SET8, TRANSPORT + 12, 0x40, ABI_VERDICT_BAD_LENGTH},
	{"TCP options beyond the end", 6, SET8, TRANSPORT + 12, 0xf0, ABI_VERDICT_BAD_LENGTH},
	{"TCP options up to the end", 6, SET8, TRANSPORT + 12, 0x90, VERDICT_NONE},
	{"half a UDP header", 17, SET16, IP + 2, 27, ABI_VERDICT_BAD_LENGTH},
	{"UDP length 7", 17, SET16, TRANSPORT + 4, 7, ABI_VERDICT_BAD_LENGTH},
	{"UDP length beyond the end", 17, SET16, TRANSPORT + 4, 37, ABI_VERDICT_BAD_LENGTH},
	{"UDP length before the end", 17, SET16, TRANSPORT + 4, 8, VERDICT_NONE},
};

static struct frame frame_of(const struct row *row)
{
	struct frame frame = frame_make(&(struct frame_spec){
		.source = "203.0.113.7",
		.destination = "198.51.100.10",
		.source_port = 4000,
		.destination_port = 80,
		.protocol = row->protocol == 17 ? 17 : 6,
		.payload = row->protocol == 17 ? 28 : 16,
	});
	uint8_t *data = frame_data(&frame);

	data[IP + 9] = row->protocol;
	if (row->change == CUT)
		frame.length = row->at;
	if (row->change == SET8) {
		data[row->at] = (uint8_t)row->value;
	} else if (row->change == SET16 || row->change == SET16_UNSUMMED) {
		data[row->at] = (uint8_t)(row->value >> 8);
		data[row->at + 1] = (uint8_t)row->value;
	}
	if (row->change == SET16 || row->change == NOTHING)
		frame_fix_header(&frame);
	return frame;
}

static void every_fault_has_its_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame = frame_of(&rows[i]);
		struct headers headers;
		uint8_t verdict = parse_headers(frame_data(&frame), frame.length, &headers);
		if (verdict != rows[i].verdict)
			fail_msg("%s: %s, not %s", rows[i].what, abi_verdict_text(verdict),
				 abi_verdict_text(rows[i].verdict));
	}
}

static void what_headers_say(void **state)
{
	struct frame frame = frame_make(&(struct frame_spec){.source = "203.0.113.7",
							     .destination = "198.51.100.10",
							     .source_port = 4000,
							     .destination_port = 80,
							     .flags = SYN,
							     .ttl = 17,
							     .payload = 5});
	struct headers headers;

	(void)state;
	frame.length += 9; /* padding */
	assert_int_equal(parse_headers(frame_data(&frame), frame.length, &headers), VERDICT_NONE);
	assert_int_equal(headers.kind, HEADERS_FLOW);
	assert_int_equal(headers.tuple.ipv4.be_source, be_address("203.0.113.7"));
	assert_int_equal(headers.tuple.ipv4.be_destination, be_address("198.51.100.10"));
	assert_int_equal(be16toh(headers.tuple.ports.be_source), 4000);
	assert_int_equal(be16toh(headers.tuple.ports.be_destination), 80);
	assert_int_equal(headers.tuple.protocol, 6);
	assert_int_equal(headers.tuple.family, 4);
	assert_int_equal(headers.hop_limit, 17);
	assert_int_equal(headers.tcp_flags, SYN);
	assert_int_equal(headers.transport, 34);
	assert_int_equal(headers.ip_length, 45);
	assert_true(headers.has_ports);
}

static void icmp_errors_are_turned_round(void **state)
{
	struct frame about = frame_make(&(struct frame_spec){.source = "10.0.1.250",
							     .destination = "10.0.1.1",
							     .source_port = 2000,
							     .destination_port = 9090});
	struct headers headers;

	(void)state;
	for (unsigned type = 0; type < 20; type++) {
		struct frame frame = frame_icmp("10.0.1.77", "10.0.1.250", (uint8_t)type, &about);
		uint8_t verdict = parse_headers(frame_data(&frame), frame.length, &headers);
		if (type != 3 && type != 11 && type != 12) {
			assert_int_equal(verdict, ABI_VERDICT_TO_LINUX);
			continue;
		}
		assert_int_equal(verdict, VERDICT_NONE);
		assert_int_equal(headers.kind, HEADERS_ICMP_ERROR);
		assert_int_equal(headers.tuple.ipv4.be_source, be_address("10.0.1.1"));
		assert_int_equal(headers.tuple.ipv4.be_destination, be_address("10.0.1.250"));
		assert_int_equal(be16toh(headers.tuple.ports.be_source), 9090);
		assert_int_equal(be16toh(headers.tuple.ports.be_destination), 2000);
		assert_true(headers.has_ports);

		/* About a first fragment all the same; not for steering. */
		frame_data(&frame)[34 + 8 + 6] = 0x20;
		verdict = parse_headers(frame_data(&frame), frame.length, &headers);
		assert_int_equal(verdict, VERDICT_NONE);
		assert_true(headers.has_ports);
		assert_int_equal(be16toh(headers.tuple.ports.be_source), 9090);
		assert_true(parse_ends(frame_data(&frame), frame.length, &headers));
		assert_false(headers.has_ports);
		/* About a later fragment there are addresses only. */
		frame_data(&frame)[34 + 8 + 7] = 1;
		verdict = parse_headers(frame_data(&frame), frame.length, &headers);
		assert_int_equal(verdict, VERDICT_NONE);
		assert_false(headers.has_ports);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_has_its_name),
		cmocka_unit_test(what_headers_say),
		cmocka_unit_test(icmp_errors_are_turned_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
