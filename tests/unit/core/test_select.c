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

/* What a client's packet says of its sender. */
static struct flow_tuple tuple_from(const struct half *half, uint16_t port)
{
	struct ip_address client = text_address(half->client);
	struct flow_tuple tuple = {.family = half->family, .ports = {.be_source = htobe16(port)}};

	if (half->family == 4)
		memcpy(&tuple.ipv4.be_source, (const uint8_t *)&client + 12, 4);
	else
		memcpy(tuple.ipv6.be_source, &client, 16);
	return tuple;
}

static void the_slot_is_as_documented(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const struct abi_settings *settings = world->snapshot->settings;
	struct abi_service service = *world->snapshot->services[SERVICE_DNAT_TCP];
	const struct abi_ring ring = {.size = 65537};
	struct ip_address address = text_address(half->client);
	const unsigned size = half->family == 4 ? 4 : 16;
	uint8_t client[18];

	memcpy(client, (const uint8_t *)&address + 16 - size, size);
	for (uint16_t port = 1; port < 1000; port++) {
		struct flow_tuple tuple = tuple_from(half, port);

		client[size] = (uint8_t)(port >> 8);
		client[size + 1] = (uint8_t)port;
		for (unsigned length = size; length <= size + 2; length += 2) {
			uint64_t hash = abi_siphash(settings->ring_key, client, length);
			uint64_t slot = ((hash & 0xffffffff) * 65537) >> 32;

			service.hash_on = length == size ? ABI_HASH_ADDRESS : ABI_HASH_ADDRESS_PORT;
			assert_int_equal(select_slot(settings, &service, &ring, &tuple), slot);
		}
	}
	world_free(world);
}

static void every_backend_once_then_nobody(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const struct snapshot *snapshot = world->snapshot;
	const struct abi_service *service = snapshot->services[half->service + SERVICE_DNAT_TCP];
	const struct abi_ring *ring = snapshot->rings[half->ring + RING_DNAT];

	for (uint16_t port = 1; port < 100; port++) {
		struct selection selection;
		struct flow_tuple tuple = tuple_from(half, port);
		unsigned seen = 0;
		uint32_t slot = select_slot(snapshot->settings, service, ring, &tuple);

		assert_true(select_begin(snapshot, service, &tuple, &selection));
		for (unsigned i = 0; i < 3; i++) {
			uint32_t backend = select_next(&selection);
			if (i == 0)
				assert_int_equal(backend, ring->slots[slot]);
			assert_in_range(backend, half->backend, half->backend + 2);
			assert_int_equal(seen & (1u << backend), 0);
			seen |= 1u << backend;
		}
		assert_int_equal(select_next(&selection), ABI_NONE);
	}
	world_free(world);
}

static void nobody_to_choose(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	struct abi_service service = *world->snapshot->services[SERVICE_DNAT_TCP];
	struct flow_tuple tuple = tuple_from(half, 1);
	struct selection selection;

	service.ring = RING_NOBODY;
	assert_false(select_begin(world->snapshot, &service, &tuple, &selection));
	service.ring = ABI_NONE;
	assert_false(select_begin(world->snapshot, &service, &tuple, &selection));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_siphash),
		OF_BOTH_FAMILIES(the_slot_is_as_documented),
		OF_BOTH_FAMILIES(every_backend_once_then_nobody),
		OF_BOTH_FAMILIES(nobody_to_choose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
