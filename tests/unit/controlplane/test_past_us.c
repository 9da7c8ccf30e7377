/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which services have clients that their backends answer past us, as prefixes show it. */
#include "controlplane/neighbours/past_us.h"
#include "tests/unit/controlplane/check.h"

#include <string.h>

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static struct config_prefix prefix_of(const char *text, uint8_t length)
{
	return (struct config_prefix){address_of(text), length};
}

/* The balancer is 10.0.0.254/24 and 2001:db8:1::254/64 on interface 3. */
struct row {
	const char *what;
	const char *backend, *next_hop, *service;
	const char *allow, *deny; /* NULL: none */
	uint8_t allow_length, deny_length;
	enum config_forwarding forwarding;
	bool expected;
};

static const struct row rows[] = {
	{"a service on another link", "10.0.0.11", "10.0.0.11", "198.51.100.10", NULL, NULL, 0, 0,
	 CONFIG_DNAT, false},
	{"a service on the backends' link", "10.0.0.11", "10.0.0.11", "10.0.0.10", NULL, NULL, 0, 0,
	 CONFIG_DNAT, true},
	{"with full NAT", "10.0.0.11", "10.0.0.11", "10.0.0.10", NULL, NULL, 0, 0, CONFIG_FULL_NAT,
	 false},
	{"backends behind a router", "10.9.0.11", "10.0.0.1", "10.0.0.10", NULL, NULL, 0, 0,
	 CONFIG_DNAT, false},
	{"clients there allowed", "10.0.0.11", "10.0.0.11", "198.51.100.10", "10.0.0.128", NULL, 25,
	 0, CONFIG_DNAT, true},
	{"more than clients there allowed", "10.0.0.11", "10.0.0.11", "198.51.100.10", "10.0.0.0",
	 NULL, 8, 0, CONFIG_DNAT, true},
	{"others allowed", "10.0.0.11", "10.0.0.11", "10.0.0.10", "10.0.1.0", NULL, 24, 0,
	 CONFIG_DNAT, false},
	{"clients there denied", "10.0.0.11", "10.0.0.11", "10.0.0.10", NULL, "10.0.0.0", 0, 24,
	 CONFIG_DNAT, false},
	{"some of them denied", "10.0.0.11", "10.0.0.11", "10.0.0.10", NULL, "10.0.0.0", 0, 25,
	 CONFIG_DNAT, true},
	{"IPv6", "2001:db8:1::11", "2001:db8:1::11", "2001:db8:1::10", NULL, NULL, 0, 0,
	 CONFIG_DNAT, true},
	{"IPv6, elsewhere", "2001:db8:1::11", "2001:db8:1::11", "2001:db8:5::10", NULL, NULL, 0, 0,
	 CONFIG_DNAT, false},
	{"all of the other family allowed", "10.0.0.11", "10.0.0.11", "198.51.100.10", "::", NULL,
	 0, 0, CONFIG_DNAT, false},
};

static bool found(const struct row *row)
{
	struct network_address addresses[] = {
		{.interface = 2, .address = address_of("198.51.100.1"), .length = 24},
		{.interface = 3, .address = address_of("10.0.0.254"), .length = 24},
		{.interface = 3, .address = address_of("2001:db8:1::254"), .length = 64},
	};
	struct network network = {.addresses = addresses, .address_count = 3};
	struct network_path path = {
		.known = true, .interface = 3, .next_hop = address_of(row->next_hop)};
	struct config_backend of_pool = {.address = address_of(row->backend)};
	struct config_pool pool = {.backends = &of_pool, .backend_count = 1};
	struct address address = address_of(row->service);
	struct config_service service = {
		.addresses = &address, .address_count = 1, .forwarding = row->forwarding};
	struct config_prefix allow, deny;
	const struct config_backend *backend = NULL;

	if (row->allow != NULL) {
		allow = prefix_of(row->allow, row->allow_length);
		service.allow = &allow;
		service.allow_count = 1;
	}
	if (row->deny != NULL) {
		deny = prefix_of(row->deny, row->deny_length);
		service.deny = &deny;
		service.deny_count = 1;
	}
	bool shown = past_us_link(&network, &service, &pool, &path, &backend) != NULL;
	assert_true(!shown || backend == &of_pool);
	path.known = false;
	assert_null(past_us_link(&network, &service, &pool, &path, &backend));
	return shown;
}

static void what_prefixes_show(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (found(&rows[i]) != rows[i].expected)
			fail_msg("%s", rows[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_prefixes_show)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
