/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which slot is a client's, and who comes next. */
#include "dataplane/abi/hash.h"
#include "dataplane/core/select.h"
#include "tests/unit/core/world.h"

#include <endian.h>
#include <string.h>

/* The reference: SipHash-2-4 of 00 01 .. 0e under key 00 .. 0f (its authors' test vector). */
static void siphash_is_siphash(void **state)
{
	const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	uint8_t input[15];

	(void)state;
	for (unsigned i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	assert_int_equal(abi_siphash(key, input, sizeof(input)), 0xa129ca6149be45e5);
}

static void the_slot_is_as_documented(void **state)
{
	struct world *world = world_new(10);
	const struct abi_settings *settings = world->snapshot->settings;
	struct abi_service service = *world->snapshot->services[SERVICE_DNAT_TCP];
	const struct abi_ring ring = {.size = 65537};
	uint8_t client[6] = {203, 0, 113, 7};

	(void)state;
	for (unsigned port = 1; port < 1000; port++) {
		client[4] = (uint8_t)(port >> 8);
		client[5] = (uint8_t)port;
		for (unsigned length = 4; length <= 6; length += 2) {
			uint64_t hash = abi_siphash(settings->ring_key, client, length);
			uint64_t slot = ((hash & 0xffffffff) * 65537) >> 32;

			service.hash_on = length == 4 ? ABI_HASH_ADDRESS : ABI_HASH_ADDRESS_PORT;
			assert_int_equal(select_slot(settings, &service, &ring, be_address(CLIENT),
						     htobe16((uint16_t)port)),
					 slot);
		}
	}
	world_free(world);
}

static void every_backend_once_then_nobody(void **state)
{
	struct world *world = world_new(10);
	const struct snapshot *snapshot = world->snapshot;
	const struct abi_service *service = snapshot->services[SERVICE_DNAT_TCP];
	const struct abi_ring *ring = snapshot->rings[RING_DNAT];

	(void)state;
	for (unsigned port = 1; port < 100; port++) {
		struct selection selection;
		unsigned seen = 0;
		uint32_t slot = select_slot(snapshot->settings, service, ring, be_address(CLIENT),
					    htobe16((uint16_t)port));

		assert_true(select_begin(snapshot, service, be_address(CLIENT),
					 htobe16((uint16_t)port), &selection));
		for (unsigned i = 0; i < 3; i++) {
			uint32_t backend = select_next(&selection);
			if (i == 0)
				assert_int_equal(backend, ring->slots[slot]);
			assert_true(backend < 3);
			assert_int_equal(seen & (1u << backend), 0);
			seen |= 1u << backend;
		}
		assert_int_equal(select_next(&selection), ABI_NONE);
	}
	world_free(world);
}

static void nobody_to_choose(void **state)
{
	struct world *world = world_new(10);
	struct abi_service service = *world->snapshot->services[SERVICE_DNAT_TCP];
	struct selection selection;

	(void)state;
	service.ring = RING_NOBODY;
	assert_false(select_begin(world->snapshot, &service, be_address(CLIENT), 1, &selection));
	service.ring = ABI_NONE;
	assert_false(select_begin(world->snapshot, &service, be_address(CLIENT), 1, &selection));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_siphash),
		cmocka_unit_test(the_slot_is_as_documented),
		cmocka_unit_test(every_backend_once_then_nobody),
		cmocka_unit_test(nobody_to_choose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
