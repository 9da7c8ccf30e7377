/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How backends are reached after another configuration. */
#include "controlplane/neighbours/paths.h"

#include "config/config.h"
#include "controlplane/netlink/netlink.h"
#include "tests/unit/controlplane/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

/* Two ports without an interface; the router is the last resort towards the backend. */
static struct config *parse(const char *router, const char *port)
{
	static const char format[] =
		"{\"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"null:\"},"
		"                             {\"name\": \"lan\", \"device\": \"null:\"}],"
		"  \"next_hops\": [{\"address\": \"%s\", \"mac\": \"02:00:00:00:00:99\","
		"                   \"port\": \"%s\"}]},"
		" \"services\": [{\"name\": \"web\", \"addresses\": [\"198.51.100.10\"],"
		"  \"ports\": [\"80\"],"
		"  \"backends\": [{\"name\": \"a\", \"address\": \"192.0.2.11\"}]}]}";
	struct config_errors errors = {0};
	struct config *config;
	char document[1024];

	snprintf(document, sizeof(document), format, router, port);
	assert_int_equal(config_parse(document, strlen(document), &config, &errors), 0);
	return config;
}

/* Without links of ours, so that Linux's answer, whatever it is, leads through none. */
static void set_up_network(struct network *network, const struct config *config)
{
	network->config = config;
	network->paths = calloc(1, sizeof(network->paths[0]));
	assert_non_null(network->paths);
	network->path_count = 1;
	network->paths[0] = (struct network_path){.known = true,
						  .is_configured = true,
						  .next_hop = address_of("203.0.113.1"),
						  .source = address_of("192.0.2.1")};
	assert_int_equal(netlink_open(&network->netlink), 0);
}

static void another_router_in_the_configuration_is_taken_at_once(void **state)
{
	struct config *before = parse("203.0.113.1", "wan");
	struct config *after = parse("203.0.113.2", "lan");
	struct network network = {0};
	struct address router = address_of("203.0.113.2");

	(void)state;
	set_up_network(&network, before);
	network.config = after;
	assert_int_equal(paths_follow(&network, before), 0);
	assert_true(network.paths[0].is_configured);
	assert_true(address_equal(&network.paths[0].next_hop, &router));
	assert_int_equal(network.paths[0].place.port, 1);
	netlink_close(network.netlink);
	free(network.paths);
	config_free(before);
	config_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_router_in_the_configuration_is_taken_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
