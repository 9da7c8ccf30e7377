/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace-vrrp's plan, made of a configuration, and the numbers of groups. */
#include "config/config.h"
#include "controlplane/failover/plan_file.h"
#include "controlplane/failover/plan_make.h"
#include "controlplane/vrrp/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char document[] =
	"{\"revision\": 7, \"node\": {\"id\": 1},"
	" \"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"}]},"
	" \"local_pools\": [{\"name\": \"snat\", \"addresses\": [\"10.0.0.250\", \"10.0.0.251\"]}],"
	" \"services\": [{\"name\": \"web\", \"addresses\": [\"198.51.100.10\"], \"ports\": "
	"[\"80\"],"
	"   \"protocol\": \"tcp\", \"forwarding\": \"full-nat\", \"local_pool\": \"snat\","
	"   \"backends\": [{\"name\": \"a\", \"address\": \"10.0.0.11\"}]}],"
	" \"vrrp_groups\": [{\"name\": \"main\", \"priority\": 150, \"standby_priority\": 90,"
	"   \"preempt_delay\": \"5s\", \"notify\": \"/bin/true\", \"local_pools\": [\"snat\"],"
	"   \"track_interfaces\": [\"eth9\"],"
	"   \"track_services\": [{\"service\": \"web\", \"min_backends\": 2, \"lower_by\": 40}],"
	"   \"instances\": [{\"id\": 51, \"interface\": \"eth1\", \"advert_interval\": \"100ms\","
	"     \"peers\": [\"198.51.100.1\", \"198.51.100.2\"],"
	"     \"addresses\": [\"198.51.100.10/32\"]},"
	"    {\"id\": 52, \"interface\": \"eth2\","
	"     \"addresses\": [\"2001:db8::1/64\"]}]}]}";

static struct config *read_config(const char *text)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	if (config_parse(text, strlen(text), &config, &errors) < 0)
		config_errors_print("document", &errors, stderr);
	assert_non_null(config);
	return config;
}

static void find_interface(void *context, const struct address *address, char *name)
{
	(void)context;
	snprintf(name, PLAN_INTERFACE_SIZE, "eth%u", address->bytes[15] - 248u);
}

static struct plan *make(const struct config *config, size_t healthy, size_t *size)
{
	struct group_numbers numbers = {0};
	struct plan_input input = {.config = config,
				   .numbers = &numbers,
				   .healthy = &healthy,
				   .find_interface = find_interface};
	struct plan *plan;

	group_numbers_assign(&numbers, config);
	plan = plan_make(&input, size);
	assert_non_null(plan);
	return plan;
}

static void a_plan_says_what_the_configuration_does(void **state)
{
	struct config *config = read_config(document);
	size_t size;
	struct plan *plan = make(config, 1, &size);
	const struct plan_group *group = (const void *)(plan + 1);
	const struct plan_instance *instances = (const void *)(group + 1);
	const struct plan_peer *peers = (const void *)(instances + 2);
	const struct plan_address *addresses = (const void *)(peers + 2);
	const struct plan_interface *tracked = (const void *)(addresses + 4);

	(void)state;
	assert_int_equal((const char *)(tracked + 1) - (const char *)plan, size);
	assert_int_equal(plan->revision, 7);
	assert_int_equal(plan->node_id, 1);
	assert_string_equal(group->name, "main");
	assert_int_equal(group->number, 1);
	assert_int_equal(group->priority, 90); /* node 1 is not the preferred one */
	assert_int_equal(group->lowered, 40);
	assert_int_equal(group->preempt_delay, 5000);
	assert_int_equal(group->flags, PLAN_PREEMPT | PLAN_NEEDS_DATAPLANE);
	assert_string_equal(group->notify, "/bin/true");
	assert_int_equal(instances[0].id, 51);
	assert_int_equal(instances[0].family, 4);
	assert_int_equal(instances[0].advert_interval, 100);
	assert_int_equal(instances[0].peers.count, 2);
	assert_int_equal(peers[1].address[15], 2);
	assert_int_equal(instances[1].family, 6);
	assert_int_equal(instances[1].addresses.first, 1);
	assert_string_equal(addresses[1].interface, "eth2");
	assert_int_equal(group->addresses.first, 2);
	assert_int_equal(group->addresses.count, 2);
	assert_string_equal(addresses[3].interface, "eth3");
	assert_string_equal(tracked->name, "eth9");
	free(plan);
	config_free(config);
}

static void enough_backends_lower_nothing(void **state)
{
	struct config *config = read_config(document);
	size_t size, other_size;
	struct plan *few = make(config, 1, &size), *enough = make(config, 2, &other_size);
	const struct plan_group *group = (const void *)(enough + 1);

	(void)state;
	assert_int_equal(group->lowered, 0);
	assert_false(plan_is_same(few, size, enough, other_size));
	few->revision++;
	assert_true(plan_is_same(few, size, few, size));
	free(few);
	free(enough);
	config_free(config);
}

static void a_group_keeps_its_number(void **state)
{
	struct config_vrrp_group groups[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
	struct config config = {.vrrp_groups = groups, .vrrp_group_count = 3};
	struct group_numbers numbers = {0};

	(void)state;
	group_numbers_assign(&numbers, &config);
	assert_int_equal(numbers.of_group[2], 3);
	groups[0] = groups[1];
	groups[1] = groups[2];
	config.vrrp_group_count = 2;
	group_numbers_assign(&numbers, &config);
	assert_int_equal(numbers.of_group[0], 2);
	assert_int_equal(numbers.of_group[1], 3);
	groups[2] = (struct config_vrrp_group){.name = "d"};
	config.vrrp_group_count = 3;
	group_numbers_assign(&numbers, &config);
	assert_int_equal(numbers.of_group[2], 1);
}

static void a_plan_that_is_found_gives_its_numbers(void **state)
{
	struct config *config = read_config(document);
	struct group_numbers numbers = {0}, found = {0};
	char folder[] = "/tmp/headrace-plan-XXXXXX";
	size_t size, read_size;
	struct plan *plan, *again;

	(void)state;
	assert_non_null(mkdtemp(folder));
	plan = make(config, 1, &size);
	((struct plan_group *)(void *)(plan + 1))->number = 5;
	assert_int_equal(plan_file_write(folder, plan, size), 0);
	assert_null(plan_file_read(folder, &read_size)); /* its sum is wrong now */
	((struct plan_group *)(void *)(plan + 1))->number = 1;
	assert_int_equal(plan_file_write(folder, plan, size), 0);
	again = plan_file_read(folder, &read_size);
	assert_non_null(again);
	assert_true(plan_is_same(plan, size, again, read_size));
	plan_file_names(again, &found);
	group_numbers_assign(&numbers, config);
	assert_memory_equal(found.names, numbers.names, sizeof(found.names));
	plan_file_remove(folder);
	assert_int_equal(rmdir(folder), 0);
	free(plan);
	free(again);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_says_what_the_configuration_does),
		cmocka_unit_test(enough_backends_lower_nothing),
		cmocka_unit_test(a_group_keeps_its_number),
		cmocka_unit_test(a_plan_that_is_found_gives_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
