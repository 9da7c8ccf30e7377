/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * flows_drill FLOWS FAMILY: so many connections with full NAT are made, used in both
 * directions, recovered as after a crash, used again, and expire, in a table that they
 * fill to 80 %. What it tells, a line each; exits with 1 when anything is left or lost.
 */
#include "dataplane/core/flow_recover.h"
#include "tests/bench/rows.h"
#include "tests/unit/core/check.h"

#include <stdio.h>
#include <stdlib.h>

#define PLACES_AN_ADDRESS (65535u - 1024 + 1)

static unsigned failures;

static void expect(bool holds, const char *what)
{
	printf("%-4s %s\n", holds ? "ok" : "FAIL", what);
	failures += !holds;
}

/* Both directions of every flow, in the order they were made. */
static uint64_t use_all(struct bench_world *world, void *tuples, uint32_t flows)
{
	uint8_t family = world->settings.family;
	uint64_t sent = 0;

	for (uint32_t i = 0; i < 2 * flows; i += PACKET_BURST) {
		unsigned count = 2 * flows - i < PACKET_BURST ? 2 * flows - i : PACKET_BURST;

		for (unsigned j = 0; j < count; j++)
			bench_write(world, j, bench_tuple_at(tuples, family, i + j));
		bench_run(world, count);
		for (unsigned j = 0; j < count; j++)
			sent += world->packets[j].verdict <= ABI_VERDICT_TO_CLIENT;
	}
	return sent;
}

/* One more connection, while the others end: the table is of use throughout. */
static bool is_usable(struct bench_world *world, uint32_t flow)
{
	struct bench_tuple client;

	bench_client(world, flow, &client);
	client.tcp_flags = TCP_FLAG_SYN;
	bench_write(world, 0, &client);
	bench_run(world, 1);
	return world->packets[0].verdict == ABI_VERDICT_TO_BACKEND;
}

/* Polls as a worker does, 20 in a tick, until no flow is left; the longest one in ns. */
static uint64_t expire(struct bench_world *world, struct flow_table *table, uint32_t flows,
		       bool *usable)
{
	uint64_t longest = 0, polls = 0;
	uint32_t probes = 0;

	world->now_ms += 7440000 - 1000;
	while (table->count > 0 && polls < 4000000000ull) {
		uint64_t begun = measure_now_ns();

		engine_age(&world->engine, world->now_ms);
		uint64_t took = measure_now_ns() - begun;
		if (took > longest)
			longest = took;
		if (++polls % 20 == 0)
			world->now_ms += 1;
		if (polls % 2000 == 0 && probes < 1000)
			*usable &= is_usable(world, flows + probes++);
	}
	return longest;
}

/* As a process does that finds the file: nothing but the records is used of what there was. */
static void recover(struct bench_world *world, uint32_t flows)
{
	struct abi_flows *file = world->flows_file;
	struct engine *engine = &world->engine;
	struct flow_recovery recovery = {
		.snapshot = world->snapshot,
		.engines = &engine,
		.workers = 1,
		.now_ms = world->now_ms,
	};

	file->secret[0]++;
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		engine->flows[i] = flow_table_open(world->working[i], file, 0, i, world->now_ms);
	uint64_t begun = measure_now_ns();
	flow_recover(&recovery);
	printf("     recovered in %.0f ms\n", (double)(measure_now_ns() - begun) / 1e6);
	expect(recovery.flows[FLOW_ACCEPTED] == flows, "all are there after a crash");
}

static bool is_empty(const struct flow_table *table)
{
	uint32_t free_records = 0;

	for (uint32_t i = 0; i < table->bucket_count; i++) {
		if (table->buckets[i].passed != 0 ||
		    flow_bucket_match(&table->buckets[i], 0) != (1u << FLOW_BUCKET_ENTRIES) - 1)
			return false;
	}
	for (uint32_t at = table->free_list; at != FLOW_NONE; at = table->links[at].next)
		free_records++;
	for (unsigned i = 0; i < ABI_FLOW_HOPS; i++)
		if (table->hop_users[i] != 0)
			return false;
	return free_records + table->capacity - table->untouched == table->capacity;
}

int main(int argc, char **argv)
{
	uint32_t flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000000;
	uint8_t family = argc > 2 ? (uint8_t)atoi(argv[2]) : 4;
	/* Half of the places towards each backend are left free. */
	uint32_t addresses = 1 + flows / BENCH_BACKENDS * 2 / PLACES_AN_ADDRESS;
	const struct bench_settings settings = {
		.family = family,
		.mode = BENCH_FULL_NAT,
		.protocol = PROTOCOL_TCP,
		.capacity = (uint32_t)((uint64_t)flows * 5 / 4),
		.local_addresses = addresses,
		.isa = engine_best_isa(),
	};
	struct bench_world *world = bench_world_new(&settings);
	struct flow_table *table = world->engine.flows[family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];
	void *tuples = bench_memory(2 * (size_t)flows * BENCH_TUPLE_SIZE(family));
	double bytes = (double)bench_world_flow_bytes(world) / flows;
	bool usable = true;

	struct measure measure = {0};
	measure_pin(&measure);
	uint64_t begun = measure_now_ns();
	bench_establish(world, 0, flows, tuples);
	printf("     %u flows of IPv%u, %u local addresses, %u backends: made in %.1f s\n", flows,
	       family, addresses, BENCH_BACKENDS, (double)(measure_now_ns() - begun) / 1e9);
	printf("     %.1f bytes mapped for a live flow\n", bytes);
	expect(bytes <= (family == 4 ? 128 : 192), "memory as promised");
	expect(table->count == flows, "all are there");
	expect(use_all(world, tuples, flows) == 2 * (uint64_t)flows, "each goes on, both ways");
	recover(world, flows);
	expect(table->count == flows, "and counted");
	expect(use_all(world, tuples, flows) == 2 * (uint64_t)flows, "each goes on, both ways");
	begun = measure_now_ns();
	uint64_t longest = expire(world, table, flows, &usable);
	printf("     expired in %.1f s of work; the longest poll took %.0f us\n",
	       (double)(measure_now_ns() - begun) / 1e9, (double)longest / 1e3);
	expect(usable, "new connections meanwhile");
	expect(is_empty(table), "records, index, hops and ports are back to none in use");
	bench_memory_free(tuples, 2 * (size_t)flows * BENCH_TUPLE_SIZE(family));
	bench_world_free(world);
	return failures > 0;
}
