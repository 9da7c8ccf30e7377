/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which address goes where, and which goes away. Interface 1 is lo. */
#include "controlplane/addresses/placement.h"
#include "tests/unit/controlplane/check.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MAX 6

/* "2 192.0.2.1/24": an address on interface 2; with a '*' behind it, it is ours. */
struct row {
	const char *what;
	const char *present[ROWS_MAX];
	const char *wanted[ROWS_MAX];
	const char *steps; /* "+2 192.0.2.10 -1 192.0.2.10" */
};

static const struct row rows[] = {
	{"on the interface whose prefix holds it",
	 {"1 127.0.0.1/8", "2 192.0.2.1/24", "3 10.0.0.1/24"},
	 {"192.0.2.10"},
	 "+2 192.0.2.10 "},
	{"of two prefixes the longer one",
	 {"2 10.0.0.1/8", "3 10.0.0.1/24"},
	 {"10.0.0.9"},
	 "+3 10.0.0.9 "},
	{"no prefix holds it: lo", {"2 192.0.2.1/24"}, {"198.51.100.10"}, "+1 198.51.100.10 "},
	{"a /32 is nobody's link", {"2 192.0.2.10/32"}, {"192.0.2.10"}, ""},
	{"lo's own prefix does not count", {"1 127.0.0.1/8"}, {"127.0.0.9"}, "+1 127.0.0.9 "},
	{"there already, by somebody else: left alone", {"2 192.0.2.10/24"}, {"192.0.2.10"}, ""},
	{"left behind by a crash and wanted: taken over",
	 {"2 192.0.2.1/24", "2 192.0.2.10/32*"},
	 {"192.0.2.10"},
	 ""},
	{"left behind by a crash and not wanted: removed",
	 {"2 192.0.2.1/24", "2 192.0.2.10/32*"},
	 {NULL},
	 "-2 192.0.2.10 "},
	{"somebody else's, not wanted: none of our business",
	 {"2 192.0.2.10/32", "2 192.0.2.11/24*"},
	 {NULL},
	 ""},
	{"on the wrong interface: moved, there before it is away here",
	 {"1 192.0.2.10/32*", "2 192.0.2.1/24"},
	 {"192.0.2.10"},
	 "+2 192.0.2.10 -1 192.0.2.10 "},
	{"somebody else put it there too: ours goes",
	 {"1 192.0.2.10/32*", "2 192.0.2.10/24"},
	 {"192.0.2.10"},
	 "-1 192.0.2.10 "},
	{"IPv6: on the interface whose prefix holds it, not the link-local one",
	 {"2 fe80::1/64", "2 2001:db8:1::1/64", "3 fe80::2/64", "3 2001:db8:2::1/64"},
	 {"2001:db8:2::10"},
	 "+3 2001:db8:2::10 "},
	{"a prefix of the other family holds nothing",
	 {"2 192.0.2.1/0", "3 2001:db8::1/0"},
	 {"192.0.2.10", "2001:db8::10"},
	 "+2 192.0.2.10 +3 2001:db8::10 "},
	{"a /128 is nobody's link, a /32 of IPv6 is one",
	 {"2 2001:db8::1/128", "3 2001:db8:ffff::1/32"},
	 {"2001:db8::10"},
	 "+3 2001:db8::10 "},
	{"no prefix holds it: lo", {"2 2001:db8::1/64"}, {"2001:db8:1::10"}, "+1 2001:db8:1::10 "},
	{"left behind by a crash, of IPv6",
	 {"2 2001:db8::1/64", "2 2001:db8::10/128*", "2 2001:db8::11/128*", "2 2001:db8::12/128"},
	 {"2001:db8::10"},
	 "-2 2001:db8::11 "},
};

static size_t read_present(const struct row *row, struct network_address *out)
{
	size_t count = 0;

	for (; count < ROWS_MAX && row->present[count] != NULL; count++) {
		unsigned interface, length;
		char address[ADDRESS_TEXT_SIZE], mark = ' ';

		assert_true(sscanf(row->present[count], "%u %45[0-9a-f.:]/%u%c", &interface,
				   address, &length, &mark) >= 3);
		out[count] =
			(struct network_address){.interface = interface,
						 .length = (uint8_t)length,
						 .protocol = mark == '*' ? PLACEMENT_PROTOCOL : 0};
		assert_int_equal(address_parse(address, &out[count].address), 0);
	}
	return count;
}

static void format_steps(const struct placement_plan *plan, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < plan->count; i++) {
		char address[ADDRESS_TEXT_SIZE];

		address_format(&plan->steps[i].address, address);
		length += (size_t)snprintf(text + length, size - length, "%c%u %s ",
					   plan->steps[i].add ? '+' : '-', plan->steps[i].interface,
					   address);
	}
}

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct network_address present[ROWS_MAX];
		size_t present_count = read_present(&rows[i], present);
		struct address addresses[ROWS_MAX];
		struct owned_addresses wanted = {.rows = addresses};
		struct placement_plan plan;
		char steps[256];

		while (wanted.count < ROWS_MAX && rows[i].wanted[wanted.count] != NULL) {
			assert_int_equal(address_parse(rows[i].wanted[wanted.count],
						       &addresses[wanted.count]),
					 0);
			wanted.count++;
		}
		assert_int_equal(placement_plan_make(present, present_count, &wanted, 1, &plan), 0);
		format_steps(&plan, steps, sizeof(steps));
		if (strcmp(steps, rows[i].steps) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].what, steps,
				 rows[i].steps);
		placement_plan_free(&plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_hold)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
