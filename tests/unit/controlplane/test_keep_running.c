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

static void start_only_fields_stay_and_the_rest_goes_on(void **state)
{
	struct config *running = parse("", "\"flows_per_worker\": 5000,", "192.0.2.1");
	struct config *next =
		parse(", \"reply_path\": \"route\"", "\"idle\": \"poll\",", "192.0.2.2");
	struct restart_required required = {0};
	char pointer[256], text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(keep_running_fields(running, &next, &required), 0);
	assert_int_equal(required.count, 3);
	assert_false(config_needs_restart(running, next, pointer));
	assert_int_equal(next->dataplane.flows_per_worker, 5000);
	assert_int_equal(next->dataplane.idle, CONFIG_IDLE_SLEEP);
	assert_int_equal(next->dataplane.ports[0].reply_path, CONFIG_REPLY_LAST_HOP);
	assert_string_equal(address_format(&next->services[0].addresses[0], text), "192.0.2.2");
	config_free(running);
	config_free(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_start_only_changed),
		cmocka_unit_test(start_only_fields_stay_and_the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
