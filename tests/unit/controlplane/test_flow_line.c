/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A flow as a line of JSON, and its pieces beside those of the C library. */
#include "controlplane/flows/line.h"
#include "tests/unit/controlplane/flows.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static void assert_line(const struct flow_line *line, const char *expected)
{
	char text[FLOW_LINE_SIZE + 1];
	size_t length = flow_line_write(line, text);
	json_t *json = json_loadb(text, length, 0, NULL);

	text[length] = '\0';
	assert_non_null(json);
	json_decref(json);
	assert_string_equal(text, expected);
}

static void a_flow_of_full_nat(void **state)
{
	struct flow_names *names = flow_names_of_web();
	struct abi_flow6 flow = flow_ipv4();
	const struct abi_flow_hop hop = {
		.mac = {2, 0, 0, 0xab, 0, 0x77}, .vlan = 100, .port = 1, .used = 1};

	(void)state;
	flow.flow.syn_time = 1000 - 200;
	flow.flow.last_seen = 1000 - 1;
	assert_line(
		&(struct flow_line){
			.flow = &flow, .worker = 12, .now = 1000, .names = names, .hop = &hop},
		"{\"worker\":12,\"family\":4,\"protocol\":\"tcp\",\"state\":\"established\","
		"\"client\":\"203.0.113.9:40000\",\"service\":\"198.51.100.10:80\","
		"\"local\":\"10.0.0.250:1024\",\"backend\":\"10.0.0.11:8080\","
		"\"service_name\":\"web\",\"backend_name\":\"web/b1\",\"age\":12.800,"
		"\"idle\":0.064,\"hop_port\":\"wan\",\"hop_vlan\":100,"
		"\"hop_mac\":\"02:00:00:ab:00:77\"}\n");
	free(names);
}

static void a_direct_flow_of_ipv6(void **state)
{
	struct flow_names *names = flow_names_of_web();
	struct abi_flow6 flow = flow_ipv6();

	(void)state;
	flow.flow.state = ABI_FLOW_DIRECT;
	flow.flow.flags = 0;
	flow.flow.service = flow.flow.backend = 0xffff;
	flow.flow.protocol = IPPROTO_UDP;
	assert_line(&(struct flow_line){.flow = &flow, .names = names},
		    "{\"worker\":0,\"family\":6,\"protocol\":\"udp\",\"state\":\"direct\","
		    "\"client\":\"[2001:db8:7::9]:40000\",\"service\":\"[2001:db8:1::10]:80\","
		    "\"local\":null,\"backend\":\"[2001:db8:2::11]:8080\","
		    "\"service_name\":null,\"backend_name\":null,\"age\":0.000,\"idle\":0.000,"
		    "\"hop_port\":null,\"hop_vlan\":null,\"hop_mac\":null}\n");
	free(names);
}

/* Everything at its longest. */
static void the_longest_line_fits(void **state)
{
	struct flow_names *names = flow_names_of_web();
	struct abi_flow6 flow = flow_ipv6();
	struct flow_name *backend = &names->backends[FLOW_BACKEND];
	const struct abi_flow_hop hop = {.vlan = 65535, .port = 1, .used = 1};
	char line[FLOW_LINE_SIZE], longest[sizeof(backend->text)];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	flow_name_set(backend, FLOW_BACKEND_EPOCH, "%s", longest);
	flow_name_set(&names->services[FLOW_SERVICE], FLOW_SERVICE_EPOCH, "%s", longest);
	flow_name_set(&names->ports[1], 1, "%s", longest);
	memset(flow.addresses, 0xff, sizeof(flow.addresses));
	flow.flow.syn_time = 1u - 0x7fffffffu;
	assert_true(flow_line_write(&(struct flow_line){.flow = &flow,
							.worker = UINT32_MAX,
							.now = 1,
							.names = names,
							.hop = &hop},
				    line) < sizeof(line));
	free(names);
}

static void assert_address(const struct address *address)
{
	char expected[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE];

	*flow_line_address(text, address) = '\0';
	assert_string_equal(text, address_format(address, expected));
}

/* Every pattern of zero groups, with what is beside them of each length. inet_ntop() has IPv4's
 * notation for some that begin with zeros, which RFC 5952 does not want: those are left out. */
static void addresses_are_as_the_library_writes_them(void **state)
{
	static const uint16_t groups[] = {0x1, 0x20, 0xabc, 0xfedc};
	struct address address;

	(void)state;
	for (unsigned pattern = 0; pattern < 256; pattern++) {
		for (unsigned i = 0; i < 8; i++) {
			uint16_t group = pattern >> i & 1 ? groups[(i + pattern) % 4] : 0;

			address.bytes[2 * i] = (uint8_t)(group >> 8);
			address.bytes[2 * i + 1] = (uint8_t)group;
		}
		if ((pattern & 0x3f) != 0 && (pattern & 0x1f) != 0)
			assert_address(&address);
	}
	for (unsigned i = 0; i < 256; i++) {
		uint8_t bytes[4] = {(uint8_t)i, (uint8_t)(255 - i), (uint8_t)(i * 7),
				    (uint8_t)(i / 3)};
		uint32_t be_ipv4;

		memcpy(&be_ipv4, bytes, 4);
		address = address_from_ipv4(be_ipv4);
		assert_address(&address);
	}
}

static void numbers_are_as_the_library_writes_them(void **state)
{
	uint64_t number = 0;

	(void)state;
	for (int i = 0; i < 22; i++) {
		for (uint64_t off = 0; off < 3; off++) {
			char expected[24], text[24];

			*flow_line_number(text, number + off - 1) = '\0';
			snprintf(expected, sizeof(expected), "%" PRIu64, number + off - 1);
			assert_string_equal(text, expected);
		}
		number = number == 0 ? 1 : number * 10;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_of_full_nat),
		cmocka_unit_test(a_direct_flow_of_ipv6),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(addresses_are_as_the_library_writes_them),
		cmocka_unit_test(numbers_are_as_the_library_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
