/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The guard's text, from a configuration. */
#include "config/config.h"
#include "controlplane/guard/ruleset.h"
#include "tests/unit/controlplane/check.h"
#include "tests/unit/publish/world.h"

#include <netinet/in.h>
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

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

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
	const struct network_link links[2] = {{.name = "lo", .index = 1, .port = -1},
					      {.name = "eth1", .index = 5}};
	char *chains = guard_chains_make(links, 2);
	struct guard_sets sets;
	char *text;

	assert_int_equal(guard_sets_make(input, &sets), 0);
	text = guard_ruleset_make("headrace", &sets, chains);
	guard_input_free(input);
	guard_sets_free(&sets);
	free(chains);
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
	expect(text, "0x0a00000c . 17 . 0-65535");
	assert_null(strstr(text, "10.0.0.11"));
	expect(text, "device \"eth1\"");
	assert_null(strstr(text, "device \"\""));
	free(text);
	config_free(config);
}

static const char document_ipv6[] =
	"{\"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"}]},"
	" \"local_pools\": [{\"name\": \"snat\", \"addresses\": [\"2001:db8:2::250\"]}],"
	" \"services\": ["
	"  {\"name\": \"web\", \"addresses\": [\"2001:db8:1::10\"], \"ports\": [\"80\", "
	"\"8000-8099\"],"
	"   \"forwarding\": \"full-nat\", \"local_pool\": \"snat\","
	"   \"backends\": [{\"name\": \"a\", \"address\": \"2001:db8:2::11\", \"port\": 80}]},"
	"  {\"name\": \"all\", \"addresses\": [\"198.51.100.10\"], \"ports\": [\"*\"],"
	"   \"backends\": [{\"name\": \"b\", \"address\": \"10.0.0.12\", \"port\": 80}]},"
	"  {\"name\": \"dns\", \"addresses\": [\"2001:db8:1::10\"], \"ports\": [\"53\"],"
	"   \"protocol\": \"udp\","
	"   \"backends\": [{\"name\": \"b\", \"address\": \"2001:db8:2::12\", \"port\": 53}]}]}";

static void each_family_has_its_sets(void **state)
{
	struct config *config = parse(document_ipv6);
	struct guard_input input = {0};

	(void)state;
	assert_int_equal(guard_input_add_config(&input, config), 0);

	char *text = make(&input);

	expect(text,
	       "\tset service_ranges {\n\t\ttype ipv4_addr . inet_proto . inet_service; flags "
	       "interval;\n\t\telements = { 198.51.100.10 . tcp . 0-65535 }\n");
	expect(text, "\tset services_ipv6 {\n\t\ttype ipv6_addr . inet_proto . inet_service;\n"
		     "\t\telements = { 2001:db8:1::10 . tcp . 80,\n"
		     "\t\t\t2001:db8:1::10 . udp . 53 }\n");
	expect(text, "\t\telements = { 2001:db8:1::10 . tcp . 8000-8099 }\n");
	expect(text, "\t\telements = { 2001:db8:2::250 . 1024-65535 }\n");
	expect(text, "\tset endpoints_ipv6 {\n\t\ttype ipv6_addr . inet_proto . inet_service;\n"
		     "\t\telements = { 2001:db8:2::12 . udp . 53 }\n");
	expect(text, "\t\telements = { 0x20010db8000200000000000000000012 . 17 . 53 }\n");
	expect(text, "ip6 daddr . meta l4proto . th dport @services_ipv6 ");
	assert_null(strstr(text, "2001:db8:2::11")); /* full-nat's is never matched */
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
	const struct address address = address_of("192.0.2.1");
	const struct guard_row items[] = {
		{address, IPPROTO_TCP, 90, 99},   {address, IPPROTO_TCP, 80, 80},
		{address, IPPROTO_TCP, 81, 85},   {address, IPPROTO_TCP, 83, 84},
		{address, IPPROTO_UDP, 0, 65535}, {address, IPPROTO_UDP, 65535, 65535},
	};
	struct guard_input input = {0};

	(void)state;
	set_rows(&input.services, items, 6);

	char *text = make(&input);

	expect(text, "set services {\n\t\ttype ipv4_addr . inet_proto . inet_service;\n"
		     "\t\telements = { 192.0.2.1 . tcp . 80 }\n");
	expect(text, "elements = { 192.0.2.1 . tcp . 81-85,\n"
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

/* The service turns to another pool, and nothing of that is published yet. */
static void what_is_published_is_guarded_whatever_is_configured(void **state)
{
	struct world *world = world_open();
	struct guard_input input = {0};
	char *text;

	(void)state;
	world_fill(world);
	world->services[0].protocol = CONFIG_UDP;
	world_step(world);
	world->config.service_count = 0;
	assert_int_equal(guard_input_add_config(&input, &world->config), 0);
	assert_int_equal(guard_input_add_published(&input, world->publisher), 0);
	text = make(&input);
	expect(text, "10.0.0.11 . udp . 8080,\n\t\t\t10.0.0.12 . udp . 8080,\n"
		     "\t\t\t10.0.0.13 . udp . 8080 }");
	assert_null(strstr(text, "10.0.0.11 . tcp"));
	free(text);
	world_close(world);
}

static void interface_made_anew_changes_the_chains(void **state)
{
	struct network_link link = {.name = "eth1", .index = 5};
	char *before = guard_chains_make(&link, 1);
	char *after;

	(void)state;
	link.index = 6;
	after = guard_chains_make(&link, 1);
	assert_string_not_equal(before, after);
	free(before);
	free(after);
}

/* One tag is off where a port's chain looks; the second one only where it is taken off. */
static void vlan_interfaces_with_others_on_them_have_chains(void **state)
{
	const uint32_t ports[] = {0, 5};
	struct network_link links[] = {
		{.name = "lo", .index = 1},
		{.name = "eth1", .index = 5},
		{.name = "eth2", .index = 6},
		{.name = "eth1.100", .index = 7, .lower = 5, .vlan = 100},
		{.name = "eth1.100.20", .index = 8, .lower = 7, .vlan = 20},
		{.name = "eth1.200", .index = 9, .lower = 5, .vlan = 200},
		{.name = "eth2.100", .index = 10, .lower = 6, .vlan = 100},
		{.name = "eth2.100.20", .index = 11, .lower = 10, .vlan = 20},
	};
	char *text;

	(void)state;
	links_place(links, 8, ports, 2);
	text = guard_chains_make(links, 8);
	expect(text, "chain port_1 {\n\t\ttype filter hook ingress device \"eth1\" ");
	expect(text, "chain vlan_7 {\n\t\ttype filter hook ingress device \"eth1.100\" ");
	assert_null(strstr(text, "\"eth1.100.20\""));
	assert_null(strstr(text, "\"eth1.200\""));
	assert_null(strstr(text, "\"eth2"));
	assert_null(strstr(text, "\"lo\""));
	free(text);
}

static struct guard_sets make_sets(const struct guard_row *services, size_t service_count,
				   const struct guard_row *endpoints, size_t endpoint_count)
{
	struct guard_input input = {0};
	struct guard_sets sets;

	set_rows(&input.services, services, service_count);
	set_rows(&input.endpoints, endpoints, endpoint_count);
	assert_int_equal(guard_sets_make(&input, &sets), 0);
	guard_input_free(&input);
	return sets;
}

static void a_change_names_what_differs_alone(void **state)
{
	const struct address one = address_of("192.0.2.1"), two = address_of("192.0.2.2");
	const struct address six = address_of("2001:db8::1");
	const struct guard_row rows[] = {
		{one, IPPROTO_TCP, 80, 80},   {one, IPPROTO_TCP, 81, 81},
		{two, IPPROTO_TCP, 80, 80},   {six, IPPROTO_TCP, 443, 443},
		{two, IPPROTO_UDP, 0, 65535},
	};
	struct guard_sets before = make_sets(rows, 2, rows, 1);
	struct guard_sets now = make_sets(rows + 1, 2, rows, 4);
	struct guard_sets wide = make_sets(rows + 1, 2, rows, 5);
	char *text = guard_ruleset_change("t", &before, &now);

	(void)state;
	assert_string_equal(text,
			    "delete element netdev t services { 192.0.2.1 . tcp . 80 }\n"
			    "add element netdev t services { 192.0.2.2 . tcp . 80 }\n"
			    "add element netdev t endpoints { 192.0.2.1 . tcp . 81, "
			    "192.0.2.2 . tcp . 80 }\n"
			    "add element netdev t endpoints_quoted { 0xc0000201 . 6 . 81, "
			    "0xc0000202 . 6 . 80 }\n"
			    "add element netdev t our_addresses { 192.0.2.2 }\n"
			    "add element netdev t endpoint_addresses { 192.0.2.2 }\n"
			    "add element netdev t endpoints_ipv6 { 2001:db8::1 . tcp . 443 }\n"
			    "add element netdev t endpoints_quoted_ipv6 "
			    "{ 0x20010db8000000000000000000000001 . 6 . 443 }\n"
			    "add element netdev t endpoint_addresses_ipv6 { 2001:db8::1 }\n");
	free(text);
	text = guard_ruleset_change("t", &now, &now);
	assert_string_equal(text, "");
	free(text);
	assert_true(guard_ranges_equal(&before, &now));
	assert_false(guard_ranges_equal(&now, &wide));
	guard_sets_free(&before);
	guard_sets_free(&now);
	guard_sets_free(&wide);
}

/* What a change leaves as it was asks for the same rows, and these for nothing of the kernel. */
static void a_change_of_no_rows_adds_none(void **state)
{
	struct config *config = parse(document), *other = parse(document_ipv6);
	struct guard_input alone = {0}, same = {0}, changed = {0};

	(void)state;
	assert_int_equal(guard_input_add_config(&alone, config), 0);
	assert_int_equal(guard_input_add_config(&same, config), 0);
	assert_int_equal(guard_input_add_change(&same, config), 0);
	assert_true(guard_input_equal(&alone, &same));
	assert_int_equal(guard_input_add_config(&changed, config), 0);
	assert_int_equal(guard_input_add_change(&changed, other), 0);
	assert_false(guard_input_equal(&alone, &changed));

	char *text = make(&changed);

	expect(text, "10.0.0.250 . 2000-3000");
	expect(text, "2001:db8:1::10 . udp . 53");
	free(text);
	guard_input_free(&alone);
	guard_input_free(&same);
	config_free(config);
	config_free(other);
}

/* The addresses of instances without accept mode, and neighbour discovery before all else is
 * dropped. */
static void addresses_without_accept_mode_are_closed(void **state)
{
	static const char groups[] =
		"{\"vrrp_groups\": [{\"name\": \"main\", \"instances\": ["
		"  {\"id\": 51, \"interface\": \"eth1\", \"accept\": false,"
		"   \"addresses\": [\"198.51.100.10/32\", \"198.51.100.11/32\"]},"
		"  {\"id\": 52, \"interface\": \"eth2\", \"addresses\": [\"10.0.0.1/32\"]},"
		"  {\"id\": 61, \"interface\": \"eth1\", \"accept\": false,"
		"   \"addresses\": [\"2001:db8:1::10/128\"]}]}]}";
	struct config *config = parse(groups), *open = parse("{}");
	struct guard_input input = {0}, change = {0};

	(void)state;
	assert_int_equal(guard_input_add_config(&input, config), 0);
	/* Opened by a change: closed until it is made. */
	assert_int_equal(guard_input_add_config(&change, open), 0);
	assert_int_equal(guard_input_add_change(&change, config), 0);
	assert_true(guard_input_equal(&input, &change));
	guard_input_free(&change);
	assert_int_equal(guard_input_add_config(&change, open), 0);
	assert_false(guard_input_equal(&input, &change));
	guard_input_free(&change);

	char *text = make(&input);

	expect(text, "\tset closed {\n\t\ttype ipv4_addr;\n"
		     "\t\telements = { 198.51.100.10,\n\t\t\t198.51.100.11 }\n");
	expect(text, "\tset closed_ipv6 {\n\t\ttype ipv6_addr;\n"
		     "\t\telements = { 2001:db8:1::10 }\n");
	assert_null(strstr(text, "10.0.0.1"));
	expect(text, "\t\tip6 daddr @closed_ipv6 icmpv6 type { nd-neighbor-solicit, "
		     "nd-neighbor-advert } accept\n\t\tip6 daddr @closed_ipv6  counter drop ");
	expect(text, "\t\tip daddr @closed  counter drop ");
	free(text);
	config_free(config);
	config_free(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_table_is_replaced_in_one_transaction),
		cmocka_unit_test(each_family_has_its_sets),
		cmocka_unit_test(overlapping_ranges_are_merged),
		cmocka_unit_test(empty_sets_have_no_elements),
		cmocka_unit_test(what_is_published_is_guarded_whatever_is_configured),
		cmocka_unit_test(interface_made_anew_changes_the_chains),
		cmocka_unit_test(vlan_interfaces_with_others_on_them_have_chains),
		cmocka_unit_test(a_change_names_what_differs_alone),
		cmocka_unit_test(a_change_of_no_rows_adds_none),
		cmocka_unit_test(addresses_without_accept_mode_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
