/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A plan is looked at before anyone goes by it. */
#include "controlplane/vrrp/plan_view.h"
#include "dataplane/abi/hash.h"
#include "tests/unit/controlplane/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	struct plan head;
	struct plan_group groups[2];
	struct plan_instance instances[2];
	struct plan_peer peers[1];
	struct plan_address addresses[3];
	struct plan_interface interfaces[1];
};

static struct sample sample;

static void seal(void)
{
	sample.head.checksum = abi_checksum(&sample.head + 1, sizeof(sample) - sizeof(sample.head));
}

static void fill(void)
{
	static const uint8_t ipv4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	static const uint8_t ipv6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};

	memset(&sample, 0, sizeof(sample));
	sample.head = (struct plan){.magic = PLAN_MAGIC,
				    .version = PLAN_VERSION,
				    .size = sizeof(sample),
				    .group_count = 2,
				    .instance_count = 2,
				    .peer_count = 1,
				    .address_count = 3,
				    .interface_count = 1};
	for (uint32_t i = 0; i < 2; i++) {
		sample.groups[i] = (struct plan_group){.name = "main",
						       .number = i + 1,
						       .version = 3,
						       .priority = 100,
						       .instances = {i, 1}};
		sample.instances[i] = (struct plan_instance){.id = 51,
							     .family = i == 0 ? 4 : 6,
							     .interface = "eth1",
							     .advert_interval = 100,
							     .addresses = {i, 1}};
	}
	sample.groups[0].interfaces.count = 1;
	sample.groups[0].addresses = (struct plan_span){2, 1};
	sample.instances[0].peers.count = 1;
	memcpy(sample.peers[0].address, ipv4, 16);
	memcpy(sample.addresses[0].address, ipv4, 16);
	memcpy(sample.addresses[1].address, ipv6, 16);
	for (int i = 0; i < 3; i++)
		strcpy(sample.addresses[i].interface, "eth1");
	strcpy(sample.interfaces[0].name, "eth2");
	seal();
}

static int check(size_t size)
{
	struct plan_view view;
	char trouble[PLAN_TROUBLE_SIZE] = "";
	int error = plan_check(&sample, size, &view, trouble);

	assert_true(error == 0 || (error == -EINVAL && trouble[0] != '\0'));
	return error;
}

static void a_good_one_is_taken(void **state)
{
	struct plan_view view;
	char trouble[PLAN_TROUBLE_SIZE];

	(void)state;
	fill();
	assert_int_equal(plan_check(&sample, sizeof(sample), &view, trouble), 0);
	assert_ptr_equal(view.groups, sample.groups);
	assert_ptr_equal(view.instances, sample.instances);
	assert_ptr_equal(view.peers, sample.peers);
	assert_ptr_equal(view.addresses, sample.addresses);
	assert_ptr_equal(view.interfaces, sample.interfaces);
}

static void one_that_is_cut_or_torn_is_not(void **state)
{
	(void)state;
	fill();
	for (size_t size = 0; size < sizeof(sample); size++)
		assert_int_equal(check(size), -EINVAL);
	for (size_t at = sizeof(sample.head); at < sizeof(sample); at++) {
		((uint8_t *)&sample)[at] ^= 1;
		assert_int_equal(check(sizeof(sample)), -EINVAL);
		((uint8_t *)&sample)[at] ^= 1;
	}
}

/* Each is one thing that is wrong in a plan whose checksum is right. */
#define WRONG(change)                                             \
	do {                                                      \
		fill();                                           \
		change;                                           \
		seal();                                           \
		assert_int_equal(check(sizeof(sample)), -EINVAL); \
	} while (0)

static void what_is_wrong_is_found(void **state)
{
	(void)state;
	WRONG(sample.head.magic++);
	WRONG(sample.head.version++);
	WRONG(sample.head.group_count = ABI_MAX_GROUPS + 1);
	WRONG(sample.head.instance_count = UINT32_MAX);
	WRONG(sample.head.peer_count = 0);
	WRONG(sample.groups[0].number = 0);
	WRONG(sample.groups[0].number = 64);
	WRONG(sample.groups[1].number = 1);
	WRONG(sample.groups[0].version = 4);
	WRONG(sample.groups[0].priority = 0);
	WRONG(sample.groups[0].priority = 255);
	WRONG(sample.groups[0].name[0] = '\0');
	WRONG(memset(sample.groups[0].name, 'x', ABI_NAME_SIZE));
	WRONG(memset(sample.groups[0].notify, 'x', PLAN_PATH_SIZE));
	WRONG(sample.groups[0].instances.count = 0);
	WRONG(sample.groups[0].instances.first = 2);
	WRONG((sample.groups[0].instances = (struct plan_span){UINT32_MAX, 2}));
	WRONG(sample.groups[0].addresses.count = 2);
	WRONG(sample.groups[0].interfaces.first = 1);
	WRONG(sample.instances[0].id = 0);
	WRONG(sample.instances[0].family = 5);
	WRONG(sample.instances[0].interface[0] = '\0');
	WRONG(sample.instances[0].advert_interval = 9);
	WRONG(sample.instances[0].advert_interval = 40951);
	WRONG(sample.groups[0].version = 2); /* of 100 ms */
	WRONG((sample.groups[1].version = 2,
	       sample.instances[1].advert_interval = 1000)); /* IPv6 */
	WRONG(sample.instances[0].addresses.count = 0);
	WRONG(sample.instances[0].addresses.first = 1); /* of IPv6 */
	WRONG(sample.instances[0].peers.count = 2);
	WRONG(sample.peers[0].address[0] = 0x20);
	WRONG(sample.instances[1].family = 4);
	WRONG(sample.addresses[2].interface[0] = '\0');
	WRONG(memset(sample.interfaces[0].name, 'x', PLAN_INTERFACE_SIZE));
	WRONG((sample.instances[1] = sample.instances[0], sample.instances[1].peers.count = 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_taken),
		cmocka_unit_test(one_that_is_cut_or_torn_is_not),
		cmocka_unit_test(what_is_wrong_is_found),
	};

	return cmocka_run_group_tests_name("vrrp plan", tests, NULL, NULL);
}
