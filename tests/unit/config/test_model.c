/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a document becomes: defaults, what follows from other fields, and the way back. */
#include "config/memif.h"
#include "tests/unit/config/document.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config *parse_with(const struct edit *edits)
{
	char *text = document_edit(edits);
	struct config *config = document_parse(text);

	free(text);
	return config;
}

static struct config *parse_edited(const char *pointer, const char *value)
{
	const struct edit edits[] = {{pointer, value}, {NULL, NULL}};

	return parse_with(edits);
}

static void test_an_empty_document_has_all_defaults(void **state)
{
	struct config *config = document_parse("{}");

	(void)state;
	assert_int_equal(config->revision, 0);
	assert_false(config->manage_sysctls);
	assert_int_equal(config->dataplane.workers, 1);
	assert_int_equal(config->dataplane.flows_per_worker, 1000000);
	assert_int_equal(config->dataplane.flows_per_worker_ipv6, 262144);
	assert_int_equal(config->dataplane.idle, CONFIG_IDLE_SLEEP);
	assert_int_equal(config->defaults.drain_timeout, 300000);
	assert_int_equal(config->defaults.maglev_size, 65537);
	assert_int_equal(config->defaults.timeouts.tcp_half_open, 30000);
	assert_int_equal(config->defaults.timeouts.tcp_established, 7440000);
	assert_int_equal(config->defaults.timeouts.tcp_closing, 60000);
	assert_int_equal(config->defaults.timeouts.udp, 300000);
	assert_int_equal(config->service_count + config->pool_count, 0);
	config_free(config);
}

static void test_the_base_is_read(void **state)
{
	const struct edit none = {NULL, NULL};
	struct config *config = parse_with(&none);
	const struct config_pool *pool = config_find_pool(config, "web");
	const struct config_local_pool *local = config_find_local_pool(config, "snat");
	const struct config_next_hop *hop = &config->dataplane.next_hops[0];

	(void)state;
	assert_int_equal(config->dataplane.port_count, 2);
	assert_int_equal(config->dataplane.ports[0].kind, CONFIG_DEVICE_AF_XDP);
	assert_string_equal(config->dataplane.ports[0].device_argument, "eth1");
	assert_int_equal(config->dataplane.ports[1].kind, CONFIG_DEVICE_MEMIF);
	assert_string_equal(config->dataplane.ports[1].device_argument, "/run/lan.sock");
	assert_memory_equal(hop->mac, "\x02\x00\x5e\x00\x53\x01", 6);
	assert_int_equal(address_to_ipv4(&hop->address), inet_addr("192.0.2.11"));
	assert_int_equal(hop->vlan, 0);
	assert_non_null(local);
	assert_int_equal(local->port_first, 1024);
	assert_int_equal(local->port_last, 65535);
	assert_non_null(pool);
	assert_int_equal(pool->backend_count, 2);
	assert_int_equal(pool->backends[1].port, 8080);
	assert_int_equal(pool->backends[1].weight, 100);
	assert_int_equal(pool->backends[1].admin, CONFIG_READY);
	assert_int_equal(config->service_count, 3);
	assert_int_equal(config->services[0].hash_on, CONFIG_HASH_ADDRESS_PORT);
	assert_int_equal(config->services[0].when_down, CONFIG_WHEN_DOWN_RESET);
	assert_int_equal(config->services[1].forwarding, CONFIG_FULL_NAT);
	assert_string_equal(config->services[1].local_pool, "snat");
	assert_int_equal(config->services[1].ports[0].first, 80);
	assert_int_equal(config->services[1].ports[0].last, 80);
	assert_null(config_find_pool(config, "mail"));
	assert_null(config_find_local_pool(config, "mail"));
	config_free(config);
}

static void test_backends_in_a_service_become_a_pool_behind_the_named(void **state)
{
	const struct edit none = {NULL, NULL};
	struct config *config = parse_with(&none);

	(void)state;
	assert_int_equal(config->pool_count, 2);
	assert_false(config->pools[0].is_inline);
	assert_true(config->pools[1].is_inline);
	assert_string_equal(config->pools[1].name, "inline");
	assert_string_equal(config->services[2].pool, "inline");
	assert_int_equal(config->pools[1].backend_count, 1);
	config_free(config);
}

static void test_a_check_follows_from_who_uses_the_pool(void **state)
{
	const struct edit none = {NULL, NULL};
	const struct edit all_udp[] = {
		{"/services/0/protocol", "'udp'"}, {"/services/1/protocol", "'udp'"}, {NULL, NULL}};
	struct config *config = parse_with(&none);

	(void)state;
	assert_int_equal(config->pools[0].health_check.type, CONFIG_CHECK_TCP);
	assert_int_equal(config->pools[0].health_check.interval, 1000);
	assert_int_equal(config->pools[0].health_check.timeout, 500);
	assert_int_equal(config->pools[0].health_check.rise, 2);
	assert_int_equal(config->pools[0].health_check.fall, 3);
	assert_int_equal(config->pools[0].health_check.port, 0);
	assert_string_equal(config->pools[0].health_check.path, "/");
	/* Its backend keeps the destination's port, which is always 80. */
	assert_int_equal(config->pools[1].backends[0].port, 0);
	assert_int_equal(config->pools[1].health_check.port, 80);
	config_free(config);

	config = parse_edited("/services/0/protocol", "'udp'");
	assert_int_equal(config->pools[0].health_check.type, CONFIG_CHECK_TCP);
	config_free(config);

	config = parse_with(all_udp);
	assert_int_equal(config->pools[0].health_check.type, CONFIG_CHECK_NONE);
	assert_int_equal(config->pools[1].health_check.type, CONFIG_CHECK_TCP);
	config_free(config);
}

static void test_a_check_takes_the_defaults_field_by_field(void **state)
{
	const struct edit edits[] = {
		{"/defaults",
		 "{'health_check': {'type': 'http', 'interval': '2s', 'fast_interval': '300ms',"
		 " 'port': 99, 'statuses': ['204'], 'headers': [{'name': 'A', 'value': 'b'}]}}"},
		{"/pools/0/health_check",
		 "{'interval': '200ms', 'timeout': '100ms', 'statuses': [], 'path': '/x'}"},
		{NULL, NULL}};
	struct config *config = parse_with(edits);
	const struct config_health_check *own = &config->pools[0].health_check;
	const struct config_health_check *usual = &config->pools[1].health_check;

	(void)state;
	assert_int_equal(own->type, CONFIG_CHECK_HTTP);
	assert_int_equal(own->interval, 200);
	assert_int_equal(own->fast_interval, 200); /* never longer than the interval */
	assert_int_equal(own->status_count, 0);
	assert_string_equal(own->path, "/x");
	assert_int_equal(own->header_count, 1);
	assert_int_equal(own->port, 99);
	assert_true(own->tls_verify);
	assert_int_equal(usual->type, CONFIG_CHECK_HTTP);
	assert_int_equal(usual->interval, 2000);
	assert_int_equal(usual->fast_interval, 300);
	assert_int_equal(usual->timeout, 500);
	assert_int_equal(usual->status_count, 1);
	assert_int_equal(usual->statuses[0].first, 204);
	assert_int_equal(usual->statuses[0].last, 204);
	assert_string_equal(usual->path, "/");
	assert_string_equal(usual->headers[0].value, "b");
	/* each has a list of its own */
	assert_ptr_not_equal(usual->headers, own->headers);

	json_t *json = config_render(config);
	const json_t *check =
		json_object_get(json_array_get(json_object_get(json, "pools"), 0), "health_check");

	/* an empty list that is no default is written, what is the default is not */
	assert_int_equal(json_object_size(check), 4);
	assert_int_equal(json_array_size(json_object_get(check, "statuses")), 0);
	assert_true(json_is_array(json_object_get(check, "statuses")));
	assert_null(json_object_get(json_array_get(json_object_get(json, "services"), 2),
				    "health_check"));
	json_decref(json);
	config_free(config);
}

static void test_what_a_check_by_https_asks_and_wants_is_read(void **state)
{
	struct config *config = parse_edited(
		"/pools/0/health_check",
		"{'type': 'https', 'method': 'HEAD', 'path': '/a?b=%20', 'host': 'a.example:8443',"
		" 'headers': [{'name': 'X-A', 'value': 'b: c'}, {'name': 'X-A', 'value': ' '}],"
		" 'statuses': ['100', '599', '200-200', '301-302'], 'tls_verify': false,"
		" 'tls_ca_file': '/etc/ca.pem', 'tls_server_name': 'b.example'}");
	const struct config_health_check *check = &config->pools[0].health_check;
	static const struct config_status_range statuses[] = {
		{100, 100}, {599, 599}, {200, 200}, {301, 302}};

	(void)state;
	assert_int_equal(check->type, CONFIG_CHECK_HTTPS);
	assert_int_equal(check->method, CONFIG_CHECK_HEAD);
	assert_string_equal(check->path, "/a?b=%20");
	assert_string_equal(check->host, "a.example:8443");
	assert_int_equal(check->header_count, 2);
	assert_string_equal(check->headers[0].name, "X-A");
	assert_string_equal(check->headers[0].value, "b: c");
	assert_string_equal(check->headers[1].value, " ");
	assert_int_equal(check->status_count, 4);
	assert_memory_equal(check->statuses, statuses, sizeof(statuses));
	assert_string_equal(check->body, "");
	assert_false(check->tls_verify);
	assert_string_equal(check->tls_ca_file, "/etc/ca.pem");
	assert_string_equal(check->tls_server_name, "b.example");
	config_free(config);
}

static void test_timeouts_follow_from_the_defaults(void **state)
{
	const struct edit edits[] = {
		{"/defaults", "{'timeouts': {'udp': '10s', 'tcp_closing': '5s'}}"},
		{"/services/0/timeouts", "{'udp': '20s'}"},
		{NULL, NULL}};
	struct config *config = parse_with(edits);

	(void)state;
	assert_int_equal(config->services[0].timeouts.udp, 20000);
	assert_int_equal(config->services[0].timeouts.tcp_closing, 5000);
	assert_int_equal(config->services[0].timeouts.tcp_established, 7440000);
	assert_int_equal(config->services[1].timeouts.udp, 10000);
	config_free(config);
}

static void test_last_hops_follow_from_the_device(void **state)
{
	const struct edit none = {NULL, NULL};
	struct config *config = parse_with(&none);

	(void)state;
	assert_int_equal(config->dataplane.ports[0].reply_path, CONFIG_REPLY_LAST_HOP);
	assert_int_equal(config->dataplane.ports[0].last_hop_from, CONFIG_FROM_NEIGHBOURS);
	assert_int_equal(config->dataplane.ports[1].last_hop_from, CONFIG_FROM_ANYONE);
	config_free(config);
	config = parse_edited("/dataplane/ports/0/last_hop_from", "'anyone'");
	assert_int_equal(config->dataplane.ports[0].last_hop_from, CONFIG_FROM_ANYONE);
	config_free(config);
}

static void test_every_kind_of_device_is_read(void **state)
{
	static const struct {
		const char *text;
		enum config_device_kind kind;
		const char *argument;
	} devices[] = {
		{"'pci:0000:3b:00.0'", CONFIG_DEVICE_PCI, "0000:3b:00.0"},
		{"'pci:enp59s0'", CONFIG_DEVICE_PCI, "enp59s0"},
		{"'memif:/run/m.sock,server'", CONFIG_DEVICE_MEMIF, "/run/m.sock,server"},
		{"'ring:'", CONFIG_DEVICE_RING, ""},
		{"'pcap:in.pcap,out.pcap'", CONFIG_DEVICE_PCAP, "in.pcap,out.pcap"},
		{"'null:'", CONFIG_DEVICE_NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct config *config = parse_edited("/dataplane/ports/0/device", devices[i].text);
		assert_int_equal(config->dataplane.ports[0].kind, devices[i].kind);
		assert_string_equal(config->dataplane.ports[0].device_argument,
				    devices[i].argument);
		config_free(config);
	}
}

static void test_memif_options_are_read(void **state)
{
	static const struct {
		const char *text;
		struct memif memif;
	} good[] = {
		{"/m", {2, false, 1}},
		{"/m,server", {2, true, 1}},
		{"/m,queues=3", {2, false, 3}},
		{"/run/m,server,queues=64", {6, true, 64}},
		{"/m,queues=1,server", {2, true, 1}},
	};
	static const char *const bad[] = {
		"",
		",server",
		"/m,",
		"/m,server,",
		"/m,client",
		"/m,queues",
		"/m,queues=",
		"/m,queues=0",
		"/m,queues=65",
		"/m,queues=4294967297",
		"/m,queues=-1",
		"/m,queues=2x",
		"/m,queues= 2",
		"/m,serverqueues=2",
	};
	struct memif memif;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(memif_parse(good[i].text, &memif));
		assert_int_equal(memif.socket_length, good[i].memif.socket_length);
		assert_int_equal(memif.server, good[i].memif.server);
		assert_int_equal(memif.queues, good[i].memif.queues);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(memif_parse(bad[i], &memif));
}

static void test_durations_have_units(void **state)
{
	static const struct {
		const char *text;
		uint32_t ms;
	} durations[] = {{"'250ms'", 250}, {"'90s'", 90000}, {"'2m'", 120000}, {"'1h'", 3600000}};

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		char value[64];
		snprintf(value, sizeof(value), "{'udp': %s}", durations[i].text);
		struct config *config = parse_edited("/services/0/timeouts", value);
		assert_int_equal(config->services[0].timeouts.udp, durations[i].ms);
		config_free(config);
	}
}

/* Documents whose way there and back must lead to the same place. */
static const struct edit round_trips[] = {
	{"/revision", "9007199254740993"},
	{"/manage_sysctls", "true"},
	{"/node", "{'id': 1, 'name': 'lb2'}"},
	{"/dataplane/cores", "[3]"},
	{"/dataplane/eal_args", "['--log-level', 'pmd.*:debug']"},
	{"/dataplane/next_hops/0/vlan", "100"},
	{"/dataplane/ports/1/last_hop_from", "'neighbours'"},
	{"/dataplane/ports/1/mtu", "9000"},
	{"/defaults", "{'drain_timeout': '0s', 'timeouts': {'udp': '1500ms'}}"},
	{"/local_pools/0/ports", "'2000-2999'"},
	{"/pools/0/health_check", "{'type': 'none'}"},
	{"/pools/0/health_check", "{'type': 'http', 'host': 'www.example.com', 'port': 81}"},
	{"/pools/0/health_check",
	 "{'type': 'https', 'statuses': ['200-299', '304'], 'tls_verify': false}"},
	{"/pools/0/health_check", "{'type': 'http', 'headers': [{'name': 'X-A', 'value': 'b'}]}"},
	{"/pools/0/health_check", "{'fast_interval': '100ms'}"},
	{"/defaults", "{'health_check': {'type': 'http', 'statuses': ['204'], 'rise': 5}}"},
	{"/pools/0/backends/0/weight", "0"},
	{"/pools/0/backends/0/admin", "'drain'"},
	{"/services/2/backends", "[]"},
	{"/services/2/health_check", "{'fall': 5}"},
	{"/services/0/hash_on", "'address'"},
	{"/services/0/when_down", "'drop'"},
	{"/services/0/mss_clamp", "1220"},
	{"/services/0/timeouts", "{'tcp_half_open': '5s', 'udp': '300s'}"},
};

static json_t *render_text(const char *text)
{
	struct config *config = document_parse(text);
	json_t *json = config_render(config);

	config_free(config);
	assert_non_null(json);
	return json;
}

static void test_the_way_back_leads_to_the_same_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(round_trips) / sizeof(round_trips[0]); i++) {
		const struct edit edits[] = {round_trips[i], {NULL, NULL}};
		const struct edit *none = &edits[1];
		char *edited = document_edit(edits), *base = document_edit(none);
		json_t *first = render_text(edited), *plain = render_text(base);
		char *text = json_dumps(first, 0);
		json_t *second = render_text(text);

		if (!json_equal(first, second)) {
			print_error("%s = %s\n", edits[0].pointer, edits[0].value);
			fail();
		}
		/* The edit is no default: it must have been written. */
		assert_false(json_equal(first, plain));
		json_decref(first);
		json_decref(second);
		json_decref(plain);
		free(edited);
		free(base);
		free(text);
	}
}

static void test_defaults_are_left_out(void **state)
{
	const struct edit edits[] = {
		{"/services/0/protocol", "'tcp'"},
		{"/pools/0/health_check", "{'type': 'tcp', 'interval': '1000ms'}"},
		{"/dataplane/ports/0/last_hop_from", "'neighbours'"},
		{"/services/0/timeouts", "{'tcp_established': '124m'}"},
		{NULL, NULL}};
	char *text = document_edit(edits);
	json_t *json = render_text(text);
	char *expected_text = document_quote(document_base);
	json_t *expected = json_loads(expected_text, 0, NULL);

	(void)state;
	/* So is dnat, the default, which the base names. */
	json_object_del(json_array_get(json_object_get(expected, "services"), 0), "forwarding");
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
	free(text);
	free(expected_text);
}

static void note_place(void *context, const char *field, const char *place)
{
	assert_int_equal(strncmp(place, field, strlen(field)), 0);
	strcpy(context, place);
}

static void test_what_is_read_at_start_needs_a_restart(void **state)
{
	static const struct {
		const char *pointer, *value;
		const char *restart; /* NULL: takes effect at once */
	} changes[] = {
		{"/services/0/ports", "['81']", NULL},
		{"/pools/0/backends/0/weight", "50", NULL},
		{"/pools/0/backends/1", NULL, NULL},
		{"/dataplane/next_hops/0/vlan", "5", NULL},
		{"/dataplane/idle", "'sleep'", NULL}, /* the default already */
		{"/dataplane/idle", "'poll'", "/dataplane/idle"},
		{"/dataplane/flows_per_worker", "2048", "/dataplane/flows_per_worker"},
		{"/dataplane/flows_per_worker_ipv6", "2048", "/dataplane/flows_per_worker_ipv6"},
		{"/dataplane/ports/1/device", "'memif:/run/other.sock'",
		 "/dataplane/ports/1/device"},
		{"/dataplane/ports/1/reply_path", "'route'", "/dataplane/ports/1/reply_path"},
		{"/dataplane/ports/-", "{'name': 'x', 'device': 'null:'}", "/dataplane/ports"},
		{"/node", "{'id': 1}", "/node/id"},
		{"/node", "{'name': 'lb2'}", NULL},
		{"/api", "{'listen': ['unix:/run/x.sock']}", "/api/listen"},
	};
	const struct edit none = {NULL, NULL};
	struct config *running = parse_with(&none);
	char pointer[256];

	(void)state;
	assert_false(config_needs_restart(running, running, note_place, pointer));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct config *next = parse_edited(changes[i].pointer, changes[i].value);
		bool restart = config_needs_restart(running, next, note_place, pointer);
		assert_int_equal(restart, changes[i].restart != NULL);
		if (restart)
			assert_string_equal(pointer, changes[i].restart);
		config_free(next);
	}
	config_free(running);
}

/* A group as large as one may be; so many of them are more than headrace-vrrp has room for. */
static json_t *large_group(int number)
{
	json_t *instances = json_array(), *tracked = json_array();

	for (int i = 0; i < 32; i++) {
		json_t *addresses = json_array();

		for (int j = 0; j < 15; j++)
			json_array_append_new(addresses,
					      json_sprintf("10.%d.%d.%d/32", number + 1, i, j + 1));
		json_array_append_new(instances,
				      json_pack("{s:i, s:o, s:o}", "id", i + 1, "interface",
						json_sprintf("eth%d", number), "addresses",
						addresses));
		json_array_append_new(tracked, json_sprintf("t%d", i));
	}
	return json_pack("{s:o, s:o, s:o}", "name", json_sprintf("g%d", number), "instances",
			 instances, "track_interfaces", tracked);
}

static void test_groups_have_room_together(void **state)
{
	static const char *const sentences[] = {"288 instances", "288 tracked", "4320 addresses"};
	json_t *groups = json_array();
	struct config_errors errors = {0};
	struct config *config;

	(void)state;
	for (int i = 0; i < 9; i++)
		json_array_append_new(groups, large_group(i));
	json_t *document = json_pack("{s:o}", "vrrp_groups", groups);
	assert_int_equal(config_from_document(document, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 3);
	for (size_t i = 0; i < errors.count; i++)
		assert_non_null(strstr(errors.items[i].detail, sentences[i]));
	config_errors_free(&errors);
	json_array_remove(groups, 8);
	errors = (struct config_errors){0};
	assert_int_equal(config_from_document(document, &config, &errors), 0);
	config_free(config);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_have_room_together),
		cmocka_unit_test(test_an_empty_document_has_all_defaults),
		cmocka_unit_test(test_the_base_is_read),
		cmocka_unit_test(test_backends_in_a_service_become_a_pool_behind_the_named),
		cmocka_unit_test(test_a_check_follows_from_who_uses_the_pool),
		cmocka_unit_test(test_a_check_takes_the_defaults_field_by_field),
		cmocka_unit_test(test_what_a_check_by_https_asks_and_wants_is_read),
		cmocka_unit_test(test_timeouts_follow_from_the_defaults),
		cmocka_unit_test(test_last_hops_follow_from_the_device),
		cmocka_unit_test(test_every_kind_of_device_is_read),
		cmocka_unit_test(test_memif_options_are_read),
		cmocka_unit_test(test_durations_have_units),
		cmocka_unit_test(test_the_way_back_leads_to_the_same_document),
		cmocka_unit_test(test_defaults_are_left_out),
		cmocka_unit_test(test_what_is_read_at_start_needs_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
