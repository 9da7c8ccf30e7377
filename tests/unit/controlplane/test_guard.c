/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The guard's text, from a configuration. */
#include "config/config.h"
#include "controlplane/guard/ruleset.h"
#include "tests/unit/controlplane/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
	"{\"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"},"
	"                             {\"name\": \"mem\", \"device\": \"null:\"}]},"
	" \"local_pools\": [{\"name\": \"snat\", \"addresses\": [\"10.0.0.250\"],"
	"                    \"ports\": \"2000-3000\"}],"
	" \"services\": ["
	"  {\"name\": \"web\", \"addresses\": [\"198.51.100.10\"], \"ports\": [\"80\"],"
	"   \"forwarding\": \"full-nat\", \"local_pool\": \"snat\","
	"   \"backends\": [{\"name\": \"a\", \"address\": \"10.0.0.11\", \"port\": 8080}]},"
	"  {\"name\": \"dns\", \"addresses\": [\"198.51.100.10\"], \"ports\": [\"53\"],"
	"   \"protocol\": \"udp\", \"forwarding\": \"dnat\","
	"   \"backends\": [{\"name\": \"b\", \"address\": \"10.0.0.12\"}]}]}";

static struct config *parse(const char *text)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	if (config_parse(text, strlen(text), &config, &errors) < 0)
		config_errors_print("document", &errors, stderr);
	assert_non_null(config);
	config_errors_free(&errors);
	return config;
}

static char *make(struct guard_input *input)
{
	const struct network_port ports[2] = {{.interface = "eth1", .index = 5}, {.index = 0}};
	char *text = guard_ruleset_make("headrace", input, ports, 2);

	guard_input_free(input);
	assert_non_null(text);
	return text;
}

static void expect(const char *text, const char *piece)
{
	if (strstr(text, piece) == NULL) {
		fputs(text, stderr);
		fail_msg("\"%s\" is missing in the text above", piece);
	}
}

static void whole_table_is_replaced_in_one_transaction(void **state)
{
	struct config *config = parse(document);
	struct guard_input input = {0};

	(void)state;
	assert_int_equal(guard_input_add_config(&input, config), 0);

	char *text = make(&input);

	assert_ptr_equal(strstr(text, "add table netdev headrace\n"
				      "delete table netdev headrace\n"
				      "table netdev headrace {\n"),
			 text);
	expect(text, "198.51.100.10 . udp . 53");
	expect(text, "198.51.100.10 . tcp . 80");
	expect(text, "10.0.0.250 . 2000-3000");
	/* dnat's backend keeps the port: every port of the protocol. full-nat's is never matched.
	 */
	expect(text, "10.0.0.12 . udp . 0-65535");
	expect(text, "0xa00000c . 17 . 0-65535");
	assert_null(strstr(text, "10.0.0.11"));
	expect(text, "device \"eth1\"");
	assert_null(strstr(text, "device \"\""));
	free(text);
	config_free(config);
}

static void set_rows(struct guard_rows *rows, const struct guard_row *items, size_t count)
{
	rows->items = malloc(count * sizeof(*items));
	assert_non_null(rows->items);
	memcpy(rows->items, items, count * sizeof(*items));
	rows->count = count;
}

/* The kernel refuses ranges that overlap. */
static void overlapping_ranges_are_merged(void **state)
{
	const uint32_t address = inet_addr("192.0.2.1");
	const struct guard_row items[] = {
		{address, IPPROTO_TCP, 90, 99},   {address, IPPROTO_TCP, 80, 80},
		{address, IPPROTO_TCP, 81, 85},   {address, IPPROTO_TCP, 83, 84},
		{address, IPPROTO_UDP, 0, 65535}, {address, IPPROTO_UDP, 65535, 65535},
	};
	struct guard_input input = {0};

	(void)state;
	set_rows(&input.services, items, 6);

	char *text = make(&input);

	expect(text, "elements = { 192.0.2.1 . tcp . 80-85,\n"
		     "\t\t\t192.0.2.1 . tcp . 90-99,\n"
		     "\t\t\t192.0.2.1 . udp . 0-65535 }");
	free(text);
}

static void empty_sets_have_no_elements(void **state)
{
	struct guard_input input = {0};
	char *text = make(&input);

	(void)state;
	assert_null(strstr(text, "elements"));
	expect(text, "set services");
	free(text);
}

static void interface_made_anew_changes_the_text(void **state)
{
	struct guard_input input = {0};
	struct network_port port = {.interface = "eth1", .index = 5};
	char *before = guard_ruleset_make("headrace", &input, &port, 1);
	char *after;

	(void)state;
	port.index = 6;
	after = guard_ruleset_make("headrace", &input, &port, 1);
	assert_string_not_equal(before, after);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_table_is_replaced_in_one_transaction),
		cmocka_unit_test(overlapping_ranges_are_merged),
		cmocka_unit_test(empty_sets_have_no_elements),
		cmocka_unit_test(interface_made_anew_changes_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
