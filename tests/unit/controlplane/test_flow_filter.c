/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a query says of flows, and which ones fit it. */
#include "tests/unit/controlplane/flows.h"

#include <errno.h>

#define NOW    1000
#define WORKER 3

/* 0, or why it is refused. */
static int say(struct flow_filter *filter, struct flow_names *names, const char *name,
	       const char *value)
{
	char fault[256] = "";

	for (size_t i = 0; flow_filter_argument(i) != NULL; i++) {
		if (strcmp(flow_filter_argument(i), name) != 0)
			continue;

		int error = flow_filter_take(filter, names, i, value, fault, sizeof(fault));

		assert_int_equal(error == 0, fault[0] == '\0');
		return error;
	}
	fail_msg("there is no %s", name);
	return 0;
}

static bool fits(const char *name, const char *value, const struct abi_flow6 *flow)
{
	struct flow_names *names = flow_names_of_web();
	struct flow_filter filter;

	flow_filter_init(&filter);
	assert_int_equal(say(&filter, names, name, value), 0);
	assert_true(flow_filter_restricts(&filter));

	bool outcome = flow_filter_fits(&filter, names, flow, WORKER, NOW);

	free(names);
	return outcome;
}

static int refusal(const char *name, const char *value)
{
	struct flow_names *names = flow_names_of_web();
	struct flow_filter filter;
	int error;

	flow_filter_init(&filter);
	error = say(&filter, names, name, value);
	free(names);
	return error;
}

struct row {
	const char *name, *value;
	bool ipv4, ipv6; /* whether the flow of that family fits */
};

static void each_argument_restricts(void **state)
{
	static const struct row rows[] = {
		{"service", "web", true, true},
		{"service", "other", false, false},
		{"backend", "web/b1", true, true},
		{"backend", "web/b2", false, false},
		{"client", "203.0.113.9", true, false},
		{"client", "203.0.113.8", false, false},
		{"client", "203.0.113.0/24", true, false},
		{"client", "203.0.113.8/32", false, false},
		{"client", "0.0.0.0/0", true, false},
		{"client", "203.0.113.9:40000", true, false},
		{"client", "203.0.113.9:40001", false, false},
		{"client", "2001:db8:7::9", false, true},
		{"client", "2001:db8:7::/48", false, true},
		{"client", "2001:db8:8::/48", false, false},
		{"client", "::/0", false, true},
		{"client", "[2001:db8:7::9]:40000", false, true},
		{"client", "[2001:db8:7::9]:4", false, false},
		{"address", "198.51.100.10", true, false},
		{"address", "198.51.100.10:80", true, false},
		{"address", "198.51.100.10:81", false, false},
		{"address", "203.0.113.9", false, false},
		{"port", "80", true, true},
		{"port", "8080", false, false},
		{"protocol", "tcp", true, true},
		{"protocol", "udp", false, false},
		{"state", "established", true, true},
		{"state", "half-open", false, false},
		{"family", "4", true, false},
		{"family", "6", false, true},
		{"worker", "3", true, true},
		{"worker", "0", false, false},
		{"older_than", "60s", true, true},
		{"older_than", "65s", false, false},
		{"limit", "0", true, true}, /* counted by who lists them */
	};
	const struct abi_flow6 ipv4 = flow_ipv4(), ipv6 = flow_ipv6();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (fits(rows[i].name, rows[i].value, &ipv4) != rows[i].ipv4 ||
		    fits(rows[i].name, rows[i].value, &ipv6) != rows[i].ipv6)
			fail_msg("%s=%s", rows[i].name, rows[i].value);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const struct row rows[] = {
		{.name = "client", .value = ""},
		{.name = "client", .value = "somebody"},
		{.name = "client", .value = "203.0.113.9/33"},
		{.name = "client", .value = "203.0.113.9:"},
		{.name = "client", .value = "203.0.113.9:0"},
		{.name = "client", .value = "203.0.113.9:65536"},
		{.name = "client", .value = "203.0.113.9:80/24"},
		{.name = "client", .value = ":80"},
		{.name = "client", .value = "[203.0.113.9]:80"},
		{.name = "client", .value = "[]:80"},
		{.name = "client", .value = "["},
		{.name = "client", .value = "[:"},
		{.name = "client", .value = "[2001:db8::1]"},
		{.name = "client", .value = "[2001:db8::1]80"},
		{.name = "address", .value = "2001:db8::/129"},
		{.name = "port", .value = "0"},
		{.name = "port", .value = "65536"},
		{.name = "port", .value = "80x"},
		{.name = "port", .value = "-1"},
		{.name = "protocol", .value = "TCP"},
		{.name = "protocol", .value = "6"},
		{.name = "state", .value = "free"},
		{.name = "state", .value = "?"},
		{.name = "family", .value = "5"},
		{.name = "family", .value = "46"},
		{.name = "worker", .value = "+1"},
		{.name = "worker", .value = "4294967296"},
		{.name = "older_than", .value = "5"},
		{.name = "limit", .value = "many"},
		{.name = "limit", .value = "99999999999999999999"},
		{.name = "all", .value = "yes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (refusal(rows[i].name, rows[i].value) != -EINVAL)
			fail_msg("%s=%s is taken", rows[i].name, rows[i].value);
	}
	assert_int_equal(refusal("service", "wbe"), -ENOENT);
	assert_int_equal(refusal("backend", "web"), -ENOENT);
	assert_int_equal(refusal("backend", ""), -ENOENT);
}

static void all_of_them_must_fit(void **state)
{
	struct flow_names *names = flow_names_of_web();
	const struct abi_flow6 flow = flow_ipv4();
	struct flow_filter filter;

	(void)state;
	flow_filter_init(&filter);
	assert_false(flow_filter_restricts(&filter));
	assert_true(flow_filter_fits(&filter, names, &flow, WORKER, NOW));
	assert_int_equal(say(&filter, names, "all", "true"), 0);
	assert_false(flow_filter_restricts(&filter));
	assert_int_equal(say(&filter, names, "service", "web"), 0);
	assert_int_equal(say(&filter, names, "client", "203.0.113.0/24"), 0);
	assert_true(flow_filter_fits(&filter, names, &flow, WORKER, NOW));
	assert_int_equal(say(&filter, names, "port", "81"), 0);
	assert_false(flow_filter_fits(&filter, names, &flow, WORKER, NOW));
	free(names);
}

/* The index went to another object: its name is not that of the flow. */
static void an_index_of_another_epoch_is_of_no_name(void **state)
{
	struct abi_flow6 flow = flow_ipv4();

	(void)state;
	flow.flow.service_epoch++;
	assert_false(fits("service", "web", &flow));
	assert_true(fits("backend", "web/b1", &flow));
	flow.flow.backend_epoch = 0;
	assert_false(fits("backend", "web/b1", &flow));
	flow.flow.backend = 0xffff; /* of a direct flow */
	assert_false(fits("backend", "web/b1", &flow));
}

/* Written after we had read the clock. */
static void a_flow_of_the_future_is_of_now(void **state)
{
	struct abi_flow6 flow = flow_ipv4();

	(void)state;
	flow.flow.syn_time = NOW + 5;
	assert_false(fits("older_than", "1s", &flow));
	flow.flow.syn_time = NOW - 0x60000000u;
	assert_true(fits("older_than", "1h", &flow));
}

static void names_hold_nothing_that_json_escapes(void **state)
{
	struct flow_name name;

	(void)state;
	flow_name_set(&name, 1, "a\"b\\c\x7f/d~1");
	assert_string_equal(name.text, "a?b?c?/d~1");
	assert_int_equal(name.length, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_argument_restricts),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(all_of_them_must_fit),
		cmocka_unit_test(an_index_of_another_epoch_is_of_no_name),
		cmocka_unit_test(a_flow_of_the_future_is_of_now),
		cmocka_unit_test(names_hold_nothing_that_json_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
