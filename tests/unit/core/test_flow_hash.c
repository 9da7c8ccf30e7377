/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The keyed hash against a sender who floods: tuples that meet in a few buckets
 * under one secret are like any others under the next.
 */
#include "dataplane/core/flow_table.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/world.h"

#include <stdlib.h>
#include <string.h>

#define TUPLES   1000000
#define BUCKETS  (1u << 17)
#define FEW_BITS 6 /* one of 64 tuples falls into the few buckets */

static const uint64_t secrets[][2] = {
	{0x243f6a8885a308d3, 0x13198a2e03707344}, {0xa4093822299f31d0, 0x082efa98ec4e6c89},
	{0x452821e638d01377, 0xbe5466cf34e90c6c}, {1, 0},
	{0x452821e638d01376, 0xbe5466cf34e90c6c}, {0x8000000000000000, 0x8000000000000000},
};

/* What a sender can choose: its address and port, one after another. */
static void set_number(struct flow_tuple *tuple, uint64_t number)
{
	uint64_t be_host = htobe64(number >> 16);

	tuple->ports.be_source = htobe16((uint16_t)number);
	if (tuple->family == 4)
		tuple->ipv4.be_source = htobe32(0x0a000000 + (uint32_t)(number >> 16));
	else
		memcpy(tuple->ipv6.be_source + 8, &be_host, 8);
}

static struct flow_tuple tuple_of(const struct half *half, uint64_t number)
{
	struct ip_address client = text_address(half->client);
	struct ip_address service = text_address(half->dnat);
	struct flow_tuple tuple = {
		.ports = {.be_destination = htobe16(80)},
		.protocol = TCP,
		.family = half->family,
	};

	if (half->family == 4) {
		memcpy(&tuple.ipv4.be_destination, (const uint8_t *)&service + 12, 4);
	} else {
		memcpy(tuple.ipv6.be_source, &client, 16);
		memcpy(tuple.ipv6.be_destination, &service, 16);
	}
	set_number(&tuple, number);
	return tuple;
}

static uint32_t bucket_of(const uint64_t secret[2], const struct flow_tuple *tuple)
{
	static const struct flow_table table = {.bucket_count = BUCKETS};

	return flow_table_bucket(&table, flow_hash(secret, tuple));
}

/* Tuples in the fullest bucket. */
static uint32_t longest(const uint64_t secret[2], const struct flow_tuple *tuples)
{
	uint32_t *counts = calloc(BUCKETS, sizeof(*counts));
	uint32_t most = 0;

	assert_non_null(counts);
	for (uint32_t i = 0; i < TUPLES; i++) {
		uint32_t count = ++counts[bucket_of(secret, &tuples[i])];

		most = count > most ? count : most;
	}
	free(counts);
	return most;
}

/* Of true chance. */
static uint32_t longest_at_random(void)
{
	uint32_t *counts = calloc(BUCKETS, sizeof(*counts));
	uint64_t random[2] = {5, 7};
	uint32_t most = 0;

	assert_non_null(counts);
	for (uint32_t i = 0; i < TUPLES; i++) {
		uint32_t count = ++counts[random_below((uint32_t)random_next(random), BUCKETS)];

		most = count > most ? count : most;
	}
	free(counts);
	return most;
}

/* One after another under the first secret, those that fall into the first buckets. */
static void choose(const struct half *half, struct flow_tuple *tuples)
{
	struct flow_tuple tuple = tuple_of(half, 0);
	uint32_t found = 0;

	for (uint64_t number = 0; found < TUPLES; number++) {
		set_number(&tuple, number);
		if (bucket_of(secrets[0], &tuple) < BUCKETS >> FEW_BITS)
			tuples[found++] = tuple;
	}
}

static void a_flood_knows_one_secret_only(void **state)
{
	const struct half *half = *state;
	struct flow_tuple *tuples = malloc(TUPLES * sizeof(*tuples));
	uint32_t fair = longest_at_random();

	assert_non_null(tuples);
	choose(half, tuples);
	/* Where they were made for they do harm. */
	assert_true(longest(secrets[0], tuples) > 4 * fair);
	for (unsigned i = 1; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		uint32_t most = longest(secrets[i], tuples);

		if (most > 2 * fair)
			fail_msg("secret %u: %u in one bucket, %u by chance", i, most, fair);
	}
	free(tuples);
}

/* Not chosen, but as like each other as can be. */
static void neighbours_spread(void **state)
{
	const struct half *half = *state;
	struct flow_tuple *tuples = malloc(TUPLES * sizeof(*tuples));
	struct flow_tuple tuple = tuple_of(half, 0);
	uint32_t fair = longest_at_random();

	assert_non_null(tuples);
	for (uint32_t i = 0; i < TUPLES; i++) {
		tuples[i] = tuple;
		set_number(&tuples[i], i);
	}
	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_true(longest(secrets[i], tuples) <= 2 * fair);
	/* From one port, of one address after another. */
	for (uint32_t i = 0; i < TUPLES; i++)
		set_number(&tuples[i], (uint64_t)i << 16 | 1024);
	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_true(longest(secrets[i], tuples) <= 2 * fair);
	free(tuples);
}

/* Each bit of what identifies a flow counts. */
static void every_bit_counts(void **state)
{
	const struct half *half = *state;
	struct flow_tuple tuple = tuple_of(half, 12345);
	uint64_t hash = flow_hash(secrets[0], &tuple);
	const size_t size = half->family == 4 ? 16 : 40;

	for (size_t bit = 0; bit < size * 8; bit++) {
		struct flow_tuple other = tuple;
		uint8_t bytes[sizeof(other)];

		/* The family says which hash it is, and what comes behind it is 0. */
		if (bit / 8 >= 5 && bit / 8 < 8)
			continue;
		memcpy(bytes, &other, sizeof(other));
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		memcpy(&other, bytes, sizeof(other));
		assert_true(flow_hash(secrets[0], &other) != hash);
	}
	/* Both directions of a tuple are two tuples. */
	struct flow_tuple reverse = flow_tuple_reverse(&tuple);
	assert_true(flow_hash(secrets[0], &reverse) != hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(a_flood_knows_one_secret_only),
		OF_BOTH_FAMILIES(neighbours_spread),
		OF_BOTH_FAMILIES(every_bit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
