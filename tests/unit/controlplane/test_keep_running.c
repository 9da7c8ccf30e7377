/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A reload keeps what is read at start only, and says what that was. */
#include "controlplane/keep_running.h"
#include "tests/unit/controlplane/check.h"

#include <stdio.h>
#include <string.h>

static struct config *parse(const char *port_options, const char *dataplane, const char *address)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"dataplane\": {%s \"ports\": [{\"name\": \"wan\", \"device\": "
		 "\"af_xdp:eth1\"%s}]},"
		 " \"services\": [{\"name\": \"web\", \"addresses\": [\"%s\"], \"ports\": [\"80\"],"
		 " \"backends\": [{\"name\": \"a\", \"address\": \"10.0.0.11\"}]}]}",
		 dataplane, port_options, address);
	if (config_parse(text, strlen(text), &config, &errors) < 0)
		config_errors_print("document", &errors, stderr);
	assert_non_null(config);
	config_errors_free(&errors);
	return config;
}

static void nothing_start_only_changed(void **state)
{
	struct config *running = parse("", "", "192.0.2.1"), *next = parse("", "", "192.0.2.2");
	struct restart_required required = {.count = 3};
	const struct config *before = next;

	(void)state;
	assert_int_equal(keep_running_fields(running, &next, &required), 0);
	assert_int_equal(required.count, 0);
	assert_ptr_equal(next, before);
	config_free(running);
	config_free(next);
}

static void never(void *context, const char *field, const char *place)
{
	(void)context;
	fail_msg("%s differs, at %s", field, place);
}

static void start_only_fields_stay_and_the_rest_goes_on(void **state)
{
	struct config *running = parse("", "\"flows_per_worker\": 5000,", "192.0.2.1");
	struct config *next =
		parse(", \"reply_path\": \"route\"", "\"idle\": \"poll\",", "192.0.2.2");
	struct restart_required required = {0};
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(keep_running_fields(running, &next, &required), 0);
	assert_int_equal(required.count, 3);
	assert_false(config_needs_restart(running, next, never, NULL));
	assert_int_equal(next->dataplane.flows_per_worker, 5000);
	assert_int_equal(next->dataplane.idle, CONFIG_IDLE_SLEEP);
	assert_int_equal(next->dataplane.ports[0].reply_path, CONFIG_REPLY_LAST_HOP);
	assert_string_equal(address_format(&next->services[0].addresses[0], text), "192.0.2.2");
	config_free(running);
	config_free(next);
}

static struct config *parse_dataplane(const char *dataplane)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	char text[4096];

	snprintf(text, sizeof(text), "{\"dataplane\": {%s}}", dataplane);
	if (config_parse(text, strlen(text), &config, &errors) < 0)
		config_errors_print("document", &errors, stderr);
	assert_non_null(config);
	config_errors_free(&errors);
	return config;
}

/* One port at a time would be a configuration in which two have the same. */
static void two_ports_may_be_swapped(void **state)
{
	static const char before[] =
		"\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"},"
		"            {\"name\": \"lan\", \"device\": \"af_xdp:eth2\"}]";
	static const char *const swapped[] = {
		"\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth2\"},"
		"            {\"name\": \"lan\", \"device\": \"af_xdp:eth1\"}]",
		"\"ports\": [{\"name\": \"lan\", \"device\": \"af_xdp:eth1\"},"
		"            {\"name\": \"wan\", \"device\": \"af_xdp:eth2\"}]"};
	static const char *const places[][2] = {
		{"/dataplane/ports/0/device", "/dataplane/ports/1/device"},
		{"/dataplane/ports/0/name", "/dataplane/ports/1/name"}};
	struct config *running = parse_dataplane(before);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct config *next = parse_dataplane(swapped[i]);
		struct restart_required required;

		assert_int_equal(keep_running_fields(running, &next, &required), 0);
		assert_int_equal(required.count, 2);
		assert_string_equal(required.pointers[0], places[i][0]);
		assert_string_equal(required.pointers[1], places[i][1]);
		assert_false(config_needs_restart(running, next, never, NULL));
		config_free(next);
	}
	config_free(running);
}

/* Of a field with many places that differ, the field is named. */
static void any_number_of_places_may_differ(void **state)
{
	struct config *configs[2];
	struct restart_required required;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char text[2048] = "\"eal_args\": [";

		for (int j = 0; j < 40; j++) {
			size_t length = strlen(text);

			snprintf(text + length, sizeof(text) - length, "%s\"-%c%d\"",
				 j > 0 ? ", " : "", 'a' + i, j);
		}
		strcat(text, i == 0 ? "], \"idle\": \"poll\"" : "]");
		configs[i] = parse_dataplane(text);
	}
	assert_int_equal(keep_running_fields(configs[0], &configs[1], &required), 0);
	assert_int_equal(required.count, 2);
	assert_string_equal(required.pointers[0], "/dataplane/idle");
	assert_string_equal(required.pointers[1], "/dataplane/eal_args");
	assert_false(config_needs_restart(configs[0], configs[1], never, NULL));
	config_free(configs[0]);
	config_free(configs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_start_only_changed),
		cmocka_unit_test(start_only_fields_stay_and_the_rest_goes_on),
		cmocka_unit_test(two_ports_may_be_swapped),
		cmocka_unit_test(any_number_of_places_may_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
