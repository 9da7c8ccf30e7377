/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Addresses of VRRP groups, with and without their lease. */
#include "dataplane/core/fence.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define GROUP  7
#define FENCED (1ull << GROUP)

/* The dnat service and the full-NAT one, with its local addresses, are of the group; of the other
 * dnat service there is none. */
static struct world *world_with_group(const struct half *half)
{
	struct world *world = world_new(100);
	const uint32_t services[] = {SERVICE_DNAT_TCP, SERVICE_DNAT_UDP, SERVICE_FULL_TCP,
				     SERVICE_FULL_UDP};
	const char *addresses[] = {half->dnat, half->full_nat, half->local, half->local_too};

	for (unsigned i = 0; i < 4; i++) {
		struct abi_service *service = snapshot_builder_get(world->builder, ABI_SERVICE,
								   half->service + services[i]);

		service->group = GROUP;
		snapshot_builder_group(world->builder, addresses[i], GROUP);
	}
	world_publish(world);
	assert_int_equal(world->snapshot->groups, FENCED);
	return world;
}

static uint8_t syn(struct world *world, const char *client, const char *service,
		   struct frame *frame)
{
	struct frame_spec spec = syn_to(service);

	spec.source = client;
	return world_client(world, &spec, frame);
}

static void nothing_begins_without_a_lease(void **state)
{
	const struct half *half = *state;
	struct world *world = world_with_group(half);
	struct frame_spec other = syn_to(half->dnat);

	world->engine.fenced = FENCED;
	assert_int_equal(syn(world, half->client, half->dnat, NULL), ABI_VERDICT_NOT_IN_SERVICE);
	assert_int_equal(syn(world, half->client, half->full_nat, NULL),
			 ABI_VERDICT_NOT_IN_SERVICE);
	other.destination_port = 22; /* no service's */
	other.source = half->client;
	assert_int_equal(world_client(world, &other, NULL), ABI_VERDICT_NOT_IN_SERVICE);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(syn(world, half->client, half->dnat_too, NULL), ABI_VERDICT_TO_BACKEND);
	world->engine.fenced = 0;
	assert_int_equal(syn(world, half->client, half->dnat, NULL), ABI_VERDICT_TO_BACKEND);
	world_free(world);
}

/* The flow is there still, for when this node has the lease again. */
static void flows_stand_still_without_a_lease(void **state)
{
	const struct half *half = *state;
	const char *services[] = {half->dnat, half->full_nat};

	for (unsigned i = 0; i < 2; i++) {
		struct world *world = world_with_group(half);
		struct frame request, again, reply;

		assert_int_equal(syn(world, half->client, services[i], &request),
				 ABI_VERDICT_TO_BACKEND);
		world->engine.fenced = FENCED;
		again = request;
		assert_int_equal(world_answer(world, &again, SYN | ACK, &reply),
				 ABI_VERDICT_NOT_IN_SERVICE);
		assert_int_equal(syn(world, half->client, services[i], NULL),
				 ABI_VERDICT_NOT_IN_SERVICE);
		assert_int_equal(world_flow_count(world), 1);
		world->engine.fenced = 0;
		assert_int_equal(world_answer(world, &request, SYN | ACK, &reply),
				 ABI_VERDICT_TO_CLIENT);
		world_free(world);
	}
}

static void established_flows_stand_still_too(void **state)
{
	const struct half *half = *state;
	struct world *world = world_with_group(half);
	struct frame request, reply;
	struct frame_spec data = syn_to(half->dnat);

	data.source = half->client;
	data.flags = ACK;
	assert_int_equal(syn(world, half->client, half->dnat, &request), ABI_VERDICT_TO_BACKEND);
	assert_int_equal(world_answer(world, &request, SYN | ACK, &reply), ABI_VERDICT_TO_CLIENT);
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	world->engine.fenced = FENCED;
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_NOT_IN_SERVICE);
	world->engine.fenced = 0;
	assert_int_equal(world_client(world, &data, NULL), ABI_VERDICT_TO_BACKEND);
	world_free(world);
}

static void a_lease_ends_when_it_says(void **state)
{
	struct abi_lease lease = {.until = {[1] = 1000, [2] = 0, [63] = UINT64_MAX}};
	const uint64_t groups = 1ull << 1 | 1ull << 2 | 1ull << 63;
	uint64_t first_end;

	(void)state;
	assert_int_equal(fence_groups(&lease, groups, 999, &first_end), 1ull << 2);
	assert_int_equal(first_end, 1000);
	assert_int_equal(fence_groups(&lease, groups, 1000, &first_end), 1ull << 1 | 1ull << 2);
	assert_true(first_end == UINT64_MAX);
	assert_int_equal(fence_groups(NULL, groups, 0, &first_end), groups);
	assert_int_equal(fence_groups(&lease, 0, 0, &first_end), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(nothing_begins_without_a_lease),
		OF_BOTH_FAMILIES(flows_stand_still_without_a_lease),
		OF_BOTH_FAMILIES(established_flows_stand_still_too),
		cmocka_unit_test(a_lease_ends_when_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
