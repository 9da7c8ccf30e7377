/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Prefixes to ranges: sorted, merged, none touching. */
#include "controlplane/publish/ranges.h"

#include "config/notation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIXES 8

static char *write_ranges(const struct abi_range *ranges, size_t count, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char first[ADDRESS_TEXT_SIZE], last[ADDRESS_TEXT_SIZE];
		size_t length = strlen(text);

		snprintf(text + length, size - length, "%s%s-%s", i > 0 ? " " : "",
			 address_format((const void *)ranges[i].first, first),
			 address_format((const void *)ranges[i].last, last));
	}
	return text;
}

static void prefixes_become_ranges(void **state)
{
	static const struct {
		const char *prefixes[PREFIXES];
		const char *ranges;
	} rows[] = {
		{{NULL}, ""},
		{{"192.0.2.7"}, "192.0.2.7-192.0.2.7"},
		{{"192.0.2.0/24"}, "192.0.2.0-192.0.2.255"},
		{{"0.0.0.0/0"}, "0.0.0.0-255.255.255.255"},
		{{"::/0"}, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		/* Apart, in whatever order. */
		{{"192.0.2.9", "192.0.2.7"}, "192.0.2.7-192.0.2.7 192.0.2.9-192.0.2.9"},
		{{"203.0.113.0/24", "192.0.2.0/25", "198.51.100.0/24"},
		 "192.0.2.0-192.0.2.127 198.51.100.0-198.51.100.255 203.0.113.0-203.0.113.255"},
		/* Side by side. */
		{{"192.0.2.8", "192.0.2.7"}, "192.0.2.7-192.0.2.8"},
		{{"192.0.2.128/25", "192.0.3.0/24", "192.0.2.0/25"}, "192.0.2.0-192.0.3.255"},
		{{"10.255.255.255", "11.0.0.0"}, "10.255.255.255-11.0.0.0"},
		{{"2001:db8:0:ffff::/64", "2001:db8:1::/48"},
		 "2001:db8:0:ffff::-2001:db8:1:ffff:ffff:ffff:ffff:ffff"},
		/* Inside one another. */
		{{"192.0.2.7", "192.0.2.0/24", "192.0.2.0/26", "192.0.2.7"},
		 "192.0.2.0-192.0.2.255"},
		{{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"}, "192.0.2.0-192.0.3.0"},
		{{"2001:db8::/32", "2001:db8:2::/48", "2001:db9::1"},
		 "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::1-2001:db9::1"},
		/* At the end of all addresses. */
		{{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::/1", "::1"},
		 "::1-::1 8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{{"255.255.255.255", "128.0.0.0/1"}, "128.0.0.0-255.255.255.255"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_prefix prefixes[PREFIXES];
		struct abi_range ranges[PREFIXES];
		char text[512];
		size_t count = 0;

		for (; rows[i].prefixes[count] != NULL; count++)
			assert_null(
				notation_read_prefix(rows[i].prefixes[count], &prefixes[count]));
		size_t kept = ranges_of_prefixes(prefixes, count, ranges);
		assert_string_equal(write_ranges(ranges, kept, text, sizeof(text)), rows[i].ranges);
	}
}

/* Against a map of the 65,536 addresses of a /16. */
static void ranges_hold_what_the_prefixes_hold(void **state)
{
	static bool in_prefixes[65536], in_ranges[65536];

	(void)state;
	srand(1);
	for (int round = 0; round < 200; round++) {
		struct config_prefix prefixes[PREFIXES];
		struct abi_range ranges[PREFIXES];

		memset(in_prefixes, 0, sizeof(in_prefixes));
		memset(in_ranges, 0, sizeof(in_ranges));
		for (size_t i = 0; i < PREFIXES; i++) {
			unsigned length = 18 + (unsigned)rand() % 15, host_bits = 32 - length;
			unsigned first = (unsigned)rand() % 65536 >> host_bits << host_bits;
			char text[NOTATION_SIZE];

			snprintf(text, sizeof(text), "10.1.%u.%u/%u", first >> 8, first & 255,
				 length);
			assert_null(notation_read_prefix(text, &prefixes[i]));
			memset(in_prefixes + first, true, 1u << host_bits);
		}
		size_t count = ranges_of_prefixes(prefixes, PREFIXES, ranges);
		unsigned behind = 0; /* the address after the last range, which no range may have */

		for (size_t i = 0; i < count; i++) {
			unsigned first = ranges[i].first[14] * 256u + ranges[i].first[15];
			unsigned last = ranges[i].last[14] * 256u + ranges[i].last[15];

			assert_true(first <= last && (i == 0 || first > behind));
			memset(in_ranges + first, true, last - first + 1);
			behind = last + 1;
		}
		assert_memory_equal(in_prefixes, in_ranges, sizeof(in_ranges));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_become_ranges),
		cmocka_unit_test(ranges_hold_what_the_prefixes_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
