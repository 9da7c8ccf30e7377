/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Two balancers, each of which is the other's only backend: no packet goes
 * round for ever. What ends it is the hop limit, one less at each.
 */
#include "tests/unit/core/world.h"

#include <string.h>

struct pair {
	struct world *worlds[2];
	struct snapshot *snapshots[2];
};

static const char *service_of(const struct half *half, unsigned number)
{
	return number == 0 ? half->dnat : half->dnat_too;
}

static struct snapshot *tables_for(const struct world *world, const struct half *half,
				   unsigned number, bool full_nat)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	const char *other = service_of(half, 1 - number);

	snapshot_builder_next_hop(builder, 0, other, 1, MAC_PORT_1);
	snapshot_builder_backend(builder, 0, other, 80, 0)->flags =
		full_nat ? ABI_BACKEND_FULL_NAT
			 : ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	snapshot_builder_ring(builder, 0, 3, (uint16_t[]){0}, 1);
	if (full_nat)
		snapshot_builder_local_pool(builder, 0, number == 0 ? half->local : half->local_too,
					    1, 1024, 65535);
	snapshot_builder_service(builder, 0, service_of(half, number), 80, TCP, 0,
				 full_nat ? 0 : ABI_NONE);
	struct snapshot *snapshot =
		snapshot_builder_take_for(builder, world->engine.ports, world->engine.port_count);
	snapshot_builder_free(builder);
	return snapshot;
}

static struct pair pair_new(const struct half *half, bool full_nat)
{
	struct pair pair;

	for (unsigned i = 0; i < 2; i++) {
		pair.worlds[i] = world_new(300);
		pair.snapshots[i] = tables_for(pair.worlds[i], half, i, full_nat);
		engine_use(&pair.worlds[i]->engine, pair.snapshots[i]);
	}
	return pair;
}

static void pair_free(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		world_check_law(pair->worlds[i]);
		engine_use(&pair->worlds[i]->engine, pair->worlds[i]->snapshot);
		snapshot_release(pair->snapshots[i]);
		world_free(pair->worlds[i]);
	}
}

/* How often it was sent on. */
static unsigned circle(struct pair *pair, const struct half *half, uint8_t hop_limit)
{
	struct frame frame = frame_make(&(struct frame_spec){
		.source = half->client,
		.destination = half->dnat,
		.source_port = 4000,
		.destination_port = 80,
		.flags = SYN,
		.ttl = hop_limit,
	});

	for (unsigned sent = 0; sent < 300; sent++) {
		uint8_t verdict = world_run(pair->worlds[sent % 2], &frame, sent % 2, NULL);

		if (verdict != ABI_VERDICT_TO_BACKEND) {
			assert_int_equal(verdict, ABI_VERDICT_TTL_EXPIRED_TOLD);
			return sent;
		}
		assert_true(frame_is_right(&frame));
		assert_true(frame_data(&frame)[14 + (half->family == 4 ? 8 : 7)] >= 1);
	}
	return 300;
}

static void nothing_goes_round_for_ever(void **state)
{
	const struct half *half = *state;

	for (unsigned full_nat = 0; full_nat < 2; full_nat++) {
		struct pair pair = pair_new(half, full_nat);

		assert_int_equal(circle(&pair, half, 255), 254);
		assert_int_equal(circle(&pair, half, 64), 63);
		assert_int_equal(circle(&pair, half, 2), 1);
		assert_int_equal(circle(&pair, half, 1), 0);
		pair_free(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(nothing_goes_round_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
