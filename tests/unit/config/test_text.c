/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The walk over a document's text, pointers, words in messages, addresses. */
#include "config/address.h"
#include "config/errors.h"
#include "config/scan.h"
#include "config/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct visits {
	char text[1024];
};

static void note(void *context, const char *pointer, int line, int column, bool duplicate)
{
	struct visits *visits = context;
	size_t length = strlen(visits->text);

	snprintf(visits->text + length, sizeof(visits->text) - length, "%s@%d:%d%s ", pointer, line,
		 column, duplicate ? "!" : "");
}

static void test_a_scan_visits_each_value_in_order(void **state)
{
	static const struct {
		const char *text, *visits;
	} rows[] = {
		{"1", "@1:1 "},
		{"\n {}", "@2:2 "},
		{"{\"a\":1,\"b\":[true,{\"c\":null}]}",
		 "@1:1 /a@1:2 /b@1:8 /b/0@1:13 /b/1@1:18 /b/1/c@1:19 "},
		{"{\"a\": {\"a\": 1, \"a\": 2}, \"a\": 3}",
		 "@1:1 /a@1:2 /a/a@1:8 /a/a@1:16! /a@1:25! "},
		/* The same key in other objects is no duplicate. */
		{"[{\"a\":1},{\"a\":1}]", "@1:1 /0@1:2 /0/a@1:3 /1@1:10 /1/a@1:11 "},
		{"{\"\\\"]}\": [\"}\\\\\", \"\\\"\"], \"b\": 1}",
		 "@1:1 /\"]}@1:2 /\"]}/0@1:11 /\"]}/1@1:18 /b@1:25 "},
		{"{\"\\u0061\": 1, \"a\": 2}", "@1:1 /a@1:2 /a@1:15! "},
		{"{\"m~n\": 1, \"a/b\": 2}", "@1:1 /m~0n@1:2 /a~1b@1:12 "},
		{"{\"\xe2\x82\xac\": 1, \"b\": 2}", "@1:1 /\xe2\x82\xac@1:2 /b@1:10 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct visits visits = {""};
		size_t length = strlen(rows[i].text);
		assert_int_equal(scan_document(rows[i].text, length, note, &visits), 0);
		assert_string_equal(visits.text, rows[i].visits);
	}
}

static void test_values_are_counted_outside_of_strings(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{"", 1},
		{"7", 1},
		{"{\"a\": [1, 2], \"b\": {}}", 6},
		{"\"{[,\"", 1},
		{"[\"\\\",\", 1]", 3},
		{"[\"\\\\\", \"x\"]", 3},
		{"[\"\\", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(scan_count_values(rows[i].text, strlen(rows[i].text)),
				 rows[i].count);
}

static void test_a_long_pointer_is_cut_and_comes_back(void **state)
{
	struct pointer pointer = {.length = 0};
	char key[300];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	size_t up = pointer_push_key(&pointer, "a");
	size_t up_again = pointer_push_key(&pointer, key);
	assert_int_equal(strlen(pointer.text), POINTER_SIZE - 1);
	pointer_push_index(&pointer, 7);
	pointer_pop(&pointer, up_again);
	assert_string_equal(pointer.text, "/a");
	pointer_pop(&pointer, up);
	assert_string_equal(pointer.text, "");
	/* A euro sign that does not fit goes whole. */
	strcpy(key + POINTER_SIZE - 3, "\xe2\x82\xac");
	pointer_push_key(&pointer, key);
	assert_int_equal(strlen(pointer.text), POINTER_SIZE - 2);
}

static void test_distance_counts_letters(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} rows[] = {
		{"", "", 0},
		{"name", "name", 0},
		{"name", "nmae", 1},
		{"pool", "pools", 1},
		{"port", "poet", 1},
		{"abc", "", 3},
		{"kitten", "sitting", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(text_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(text_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
	assert_true(text_is_close("adresses", "addresses"));
	assert_true(text_is_close("threeletters", "threeletters-x"));
	assert_false(text_is_close("threeletters", "threeletters-xy"));
	assert_true(text_is_close("port", "ports"));
	assert_false(text_is_close("po", "port"));
	assert_false(text_is_close("id", "if"));
	assert_false(text_is_close("allow", "deny"));
}

static void test_quotes_are_short_whole_and_plain(void **state)
{
	char buffer[TEXT_QUOTE_SIZE], text[100];

	(void)state;
	assert_string_equal(text_quote("a\x1b[31m\n", buffer), "\"a?[31m?\"");
	memset(text, 'x', 58);
	strcpy(text + 58, "\xe2\x82\xac and more"); /* cut inside the euro sign */
	text_quote(text, buffer);
	assert_int_equal(strlen(buffer), 1 + 58 + 4);
	assert_string_equal(buffer + 57, "xx...\"");
}

static void test_addresses_go_there_and_back(void **state)
{
	static const char *const right[] = {"0.0.0.0", "192.0.2.1", "255.255.255.255",
					    "::",      "::1",       "2001:db8::1"};
	static const char *const wrong[] = {
		"",           "192.0.2",          "192.0.2.256",  "192.0.2.01",
		"192.0.2.1 ", "::ffff:192.0.2.1", "2001:db8:::1", "host"};
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_int_equal(address_parse(right[i], &address), 0);
		assert_string_equal(address_format(&address, text), right[i]);
		assert_int_equal(address_is_ipv4(&address), strchr(right[i], '.') != NULL);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(address_parse(wrong[i], &address), -EINVAL);
	struct address ipv4 = address_from_ipv4(0x01020304);
	assert_int_equal(address_to_ipv4(&ipv4), 0x01020304);
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void test_a_port_behind_an_address_is_told_from_it(void **state)
{
	struct address ipv4 = address_of("192.0.2.1"), ipv6 = address_of("2001:db8::1");
	struct address longest = address_of("2001:db8:1111:2222:3333:4444:5555:6666");
	char text[ADDRESS_PORT_TEXT_SIZE];

	(void)state;
	assert_string_equal(address_format_port(&ipv4, 80, text), "192.0.2.1:80");
	assert_string_equal(address_format_port(&ipv6, 80, text), "[2001:db8::1]:80");
	assert_string_equal(address_format_port(&longest, 65535, text),
			    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
}

static void test_kinds_of_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool missing, multicast, link_local;
	} rows[] = {
		{"::", true, false, false},         {"::1", false, false, false},
		{"0.0.0.0", false, false, false},   {"223.255.255.255", false, false, false},
		{"224.0.0.1", false, true, false},  {"239.255.255.255", false, true, false},
		{"240.0.0.1", false, false, false}, {"169.254.1.1", false, false, false},
		{"fe7f::1", false, false, false},   {"fe80::1", false, false, true},
		{"febf::1", false, false, true},    {"fec0::1", false, false, false},
		{"ff02::1", false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address address = address_of(rows[i].text);
		assert_int_equal(address_is_missing(&address), rows[i].missing);
		assert_int_equal(address_is_multicast(&address), rows[i].multicast);
		assert_int_equal(address_is_link_local(&address), rows[i].link_local);
	}
}

static void test_a_prefix_has_a_first_and_a_last_address(void **state)
{
	static const struct {
		const char *prefix;
		unsigned length;
		const char *first, *last;
	} rows[] = {
		{"192.0.2.7", 32, "192.0.2.7", "192.0.2.7"},
		{"192.0.2.7", 24, "192.0.2.0", "192.0.2.255"},
		{"192.0.2.7", 31, "192.0.2.6", "192.0.2.7"},
		{"192.0.2.7", 0, "0.0.0.0", "255.255.255.255"},
		{"2001:db8::7", 128, "2001:db8::7", "2001:db8::7"},
		{"2001:db8::7", 64, "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"},
		{"2001:db8::7", 127, "2001:db8::6", "2001:db8::7"},
		{"2001:db8::7", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address prefix = address_of(rows[i].prefix);
		struct address first = address_first_of(&prefix, rows[i].length);
		struct address last = address_last_of(&prefix, rows[i].length);
		assert_string_equal(address_format(&first, text), rows[i].first);
		assert_string_equal(address_format(&last, text), rows[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scan_visits_each_value_in_order),
		cmocka_unit_test(test_values_are_counted_outside_of_strings),
		cmocka_unit_test(test_a_long_pointer_is_cut_and_comes_back),
		cmocka_unit_test(test_distance_counts_letters),
		cmocka_unit_test(test_quotes_are_short_whole_and_plain),
		cmocka_unit_test(test_addresses_go_there_and_back),
		cmocka_unit_test(test_a_port_behind_an_address_is_told_from_it),
		cmocka_unit_test(test_kinds_of_addresses_are_known),
		cmocka_unit_test(test_a_prefix_has_a_first_and_a_last_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
