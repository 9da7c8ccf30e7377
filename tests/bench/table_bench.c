/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * table_bench [--runs N]: finding flows by our table and by rte_hash's bulk
 * look-up, in bursts of 32 tuples drawn at random; the record found is touched, as
 * the engine does it. What decision 18 rests on. Needs DPDK; no huge pages of its own.
 */
#include "dataplane/core/flow_file.h"
#include "tests/bench/measure.h"
#include "tests/bench/world.h"
#include "tests/unit/core/check.h"

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST   32
#define LOOKUPS (4u << 20)

struct compare {
	uint32_t flows;
	struct flow_tuple *tuples; /* LOOKUPS of them, in the order they are asked for */
	struct flow_table *table;
	struct rte_hash *hash;
	uint64_t found;
};

static struct flow_tuple tuple_of(uint32_t flow, unsigned direction)
{
	struct flow_tuple tuple;

	memset(&tuple, 0, sizeof(tuple));
	tuple.head = flow_tuple_head(htobe32(0x50000000 | (flow & 0xffff)), 6, 4);
	tuple.ipv4.be_source = htobe32(0x0a000000 + (flow >> 16) * 7919 + direction * 0x01000000);
	tuple.ipv4.be_destination = htobe32(0xc6336401 + direction);
	return tuple;
}

static void fill(struct compare *compare)
{
	uint64_t random = 7;

	for (uint32_t i = 0; i < compare->flows; i++) {
		struct abi_flow6 flow;

		memset(&flow, 0, sizeof(flow));
		flow.flow.state = ABI_FLOW_UDP;
		flow.flow.protocol = 6;
		flow.flow.family = 4;
		for (unsigned direction = 0; direction < 2; direction++) {
			struct flow_tuple tuple = tuple_of(i, direction);

			flow_set_tuple(&flow, (enum abi_flow_direction)direction, &tuple);
			assert_int_equal(
				rte_hash_add_key_data(compare->hash, &tuple, (void *)(uintptr_t)i),
				0);
		}
		assert_int_equal(flow_table_insert(compare->table, &flow), i);
	}
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		compare->tuples[i] = tuple_of((uint32_t)(((random >> 32) * compare->flows) >> 32),
					      random >> 20 & 1);
	}
}

static void run_own(void *context, double *value, double *beside)
{
	struct compare *compare = context;
	struct flow_table *table = compare->table;
	uint64_t begun = measure_now_ns();

	for (uint32_t i = 0; i < LOOKUPS; i += BURST) {
		const struct flow_tuple *tuples = &compare->tuples[i];
		uint64_t hashes[BURST];
		uint32_t refs[BURST];

		for (unsigned j = 0; j < BURST; j++) {
			hashes[j] = flow_hash_ipv4(table->secret, &tuples[j]);
			flow_table_prefetch_bucket(table, hashes[j]);
		}
		for (unsigned j = 0; j < BURST; j++) {
			const struct flow_bucket *bucket =
				&table->buckets[flow_table_bucket(table, hashes[j])];
			uint32_t matches = flow_bucket_match(bucket, flow_table_tag(hashes[j]));

			refs[j] = matches == 0 ? 0 : bucket->refs[__builtin_ctz(matches)];
			__builtin_prefetch(flow_table_record(table, flow_ref_record(refs[j])), 1);
		}
		for (unsigned j = 0; j < BURST; j++) {
			const struct abi_flow *flow =
				flow_table_record(table, flow_ref_record(refs[j]));
			unsigned direction = flow_ref_direction(refs[j]);

			if (memcmp(&flow->addresses[direction], &tuples[j].ipv4, 8) != 0 ||
			    memcmp(&flow->ports[direction], &tuples[j].ports, 4) != 0)
				refs[j] = flow_table_find(table, &tuples[j], hashes[j]);
			flow_table_record(table, flow_ref_record(refs[j]))->last_seen = i;
		}
		compare->found += refs[0] >> 1;
	}
	*value = (double)(measure_now_ns() - begun) / LOOKUPS;
	*beside = 0;
}

static void run_rte_hash(void *context, double *value, double *beside)
{
	struct compare *compare = context;
	uint64_t begun = measure_now_ns();

	for (uint32_t i = 0; i < LOOKUPS; i += BURST) {
		hash_sig_t sums[BURST];
		const void *keys[BURST];
		void *data[BURST];
		uint64_t hits = 0;

		for (unsigned j = 0; j < BURST; j++) {
			keys[j] = &compare->tuples[i + j];
			sums[j] = rte_hash_hash(compare->hash, keys[j]);
		}
		rte_hash_lookup_with_hash_bulk_data(compare->hash, keys, sums, BURST, &hits, data);
		for (unsigned j = 0; j < BURST; j++)
			__builtin_prefetch(
				flow_table_record(compare->table, (uint32_t)(uintptr_t)data[j]), 1);
		for (unsigned j = 0; j < BURST; j++)
			flow_table_record(compare->table, (uint32_t)(uintptr_t)data[j])->last_seen =
				i;
		compare->found += hits & 1;
	}
	*value = (double)(measure_now_ns() - begun) / LOOKUPS;
	*beside = 0;
}

static void compare_at(struct measure *measure, uint32_t flows, const char *name)
{
	const uint32_t capacities[FAMILY_COUNT] = {flows + flows / 4, 0};
	const uint64_t secret[2] = {1, 2};
	size_t file_size = flow_file_size(1, capacities);
	size_t working_size = flow_table_working_size(capacities[0]);
	void *file = bench_memory(file_size), *working = bench_memory(working_size);
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = 2 * (flows + flows / 4),
		.key_len = 16,
		.hash_func = rte_hash_crc,
		.hash_func_init_val = 1,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct compare compare = {
		.flows = flows,
		.tuples = bench_memory(LOOKUPS * sizeof(struct flow_tuple)),
		.hash = rte_hash_create(&parameters),
	};
	char row[64];

	assert_non_null(compare.hash);
	compare.table = flow_table_open(working, flow_file_format(file, 1, capacities, secret), 0,
					FAMILY_IPV4, 0);
	fill(&compare);
	snprintf(row, sizeof(row), "find.own.%s", name);
	measure_row(measure,
		    &(struct measure_row){.name = row, .unit = "ns_per_tuple", .flows = flows},
		    run_own, &compare);
	snprintf(row, sizeof(row), "find.rte-hash.%s", name);
	measure_row(measure,
		    &(struct measure_row){.name = row, .unit = "ns_per_tuple", .flows = flows},
		    run_rte_hash, &compare);
	rte_hash_free(compare.hash);
	bench_memory_free(compare.tuples, LOOKUPS * sizeof(struct flow_tuple));
	bench_memory_free(file, file_size);
	bench_memory_free(working, working_size);
}

int main(int argc, char **argv)
{
	static char options[][24] = {"table_bench",    "--no-huge", "--no-pci",
				     "--iova-mode=va", "-m4096",    "--no-telemetry"};
	char *eal[sizeof(options) / sizeof(options[0])];
	struct measure measure = {.runs = argc > 2 ? (unsigned)atoi(argv[2]) : 5};

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		eal[i] = options[i];
	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0)
		return 1;
	measure_pin(&measure);
	compare_at(&measure, 1000, "1k");
	compare_at(&measure, 65536, "64k");
	compare_at(&measure, 1000000, "1m");
	compare_at(&measure, 10000000, "10m");
	rte_eal_cleanup();
	return 0;
}
