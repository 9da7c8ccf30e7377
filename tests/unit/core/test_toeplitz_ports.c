/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Ports that lead into wanted buckets: every one can be drawn, as likely as the others, and no
 * other. */
#include "dataplane/core/random.h"
#include "dataplane/core/toeplitz_ports.h"
#include "tests/unit/core/toeplitz_key.h"
#include "tests/unit/core/world.h"

#include <string.h>

static struct toeplitz toeplitz;
static struct toeplitz_ports ports;

/* Found by search; with it, of a redirection table of 128, only blocks of 8,192 ports are whole
 * with IPv4, of 4,096 with IPv6. */
static const uint64_t seed_of_bad_key = 1890;

static void use_key(const uint8_t *key, uint8_t family, unsigned bits)
{
	assert_true(toeplitz_init(&toeplitz, key, TOEPLITZ_KEY_SIZE));
	assert_true(toeplitz_ports_init(&ports, &toeplitz, family, bits));
}

static void make_key(uint64_t seed, uint8_t key[TOEPLITZ_KEY_SIZE])
{
	uint64_t random[2] = {seed, 99};

	for (unsigned i = 0; i < TOEPLITZ_KEY_SIZE; i++)
		key[i] = (uint8_t)(random_next(random) >> 32);
}

static bool is_wanted(const struct toeplitz_buckets *buckets, uint32_t hash, uint16_t port)
{
	uint32_t bucket =
		(hash ^
		 toeplitz_port_share(&toeplitz, TOEPLITZ_DESTINATION_PORT(ports.family), port)) &
		((1u << ports.bits) - 1);

	for (unsigned i = 0; i < buckets->count; i++)
		if (buckets->list[i] == bucket)
			return true;
	return false;
}

/* By trying each port: how many of the range are wanted. */
static uint32_t count_wanted(const struct toeplitz_buckets *buckets, uint32_t hash,
			     struct port_range range)
{
	uint32_t count = 0;

	for (uint32_t port = range.first; port <= range.last; port++)
		count += is_wanted(buckets, hash, (uint16_t)port);
	return count;
}

static void check_uniform(const struct toeplitz_buckets *buckets, uint32_t hash,
			  struct port_range range)
{
	static uint32_t counts[UINT16_MAX + 1];
	const uint32_t wanted = count_wanted(buckets, hash, range);
	const double each = 30;
	uint64_t random[2] = {hash | 1, range.first};
	double sum = 0;

	assert_true(wanted > 1);
	memset(counts, 0, sizeof(counts));
	for (uint32_t i = 0; i < wanted * (uint32_t)each; i++) {
		uint16_t port;

		assert_true(toeplitz_ports_draw(&ports, hash, buckets, range, random, &port));
		assert_in_range(port, range.first, range.last);
		assert_true(is_wanted(buckets, hash, port));
		counts[port]++;
	}
	for (uint32_t port = range.first; port <= range.last; port++)
		if (is_wanted(buckets, hash, (uint16_t)port))
			sum += (counts[port] - each) * (counts[port] - each) / each;
	if (!is_by_chance(sum, wanted - 1))
		fail_msg("%u ports of %u to %u: chi-square %f", wanted, range.first, range.last,
			 sum);
}

/* Whole blocks, blocks cut at either end, less than one, in one or over the edge of two. */
static const struct port_range ranges[] = {
	{1024, 65535}, {1025, 65534}, {1024, 33279}, {0, 65535},     {5000, 6500},
	{2000, 2599},  {1900, 2200},  {2048, 2147},  {65000, 65535},
};

static void every_wanted_port_is_as_likely(void **state)
{
	const struct half *half = *state;
	uint8_t bad_key[TOEPLITZ_KEY_SIZE];

	make_key(seed_of_bad_key, bad_key);
	for (unsigned bits = 5; bits <= TOEPLITZ_BITS_MAX; bits += 2) {
		/* A third of the redirection table. */
		uint16_t list[1u << TOEPLITZ_BITS_MAX];
		struct toeplitz_buckets buckets = {list, 0};

		for (unsigned i = 0; i < 1u << bits; i += 3)
			list[buckets.count++] = (uint16_t)i;
		for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
			use_key(toeplitz_key, half->family, bits);
			check_uniform(&buckets, 0xdeadbeef, ranges[i]);
			use_key(bad_key, half->family, bits);
			check_uniform(&buckets, 0x12345678, ranges[i]);
		}
	}
}

/* A table of one entry: every port will do. */
static void one_bucket_has_all_ports(void **state)
{
	const struct half *half = *state;
	const uint16_t list[] = {0};
	const struct toeplitz_buckets buckets = {list, 1};

	use_key(toeplitz_key, half->family, 0);
	check_uniform(&buckets, 0xdeadbeef, (struct port_range){1024, 2047});
}

/* The answer that there is none is exact. */
static void short_ranges_may_have_none(void **state)
{
	const struct half *half = *state;
	uint64_t random[2] = {half->family, 5};
	unsigned without = 0;

	use_key(toeplitz_key, half->family, 7);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t bits = random_next(random);
		const uint16_t list[] = {bits & 127, (bits >> 7 & 126) ^ (~bits & 1)};
		const struct toeplitz_buckets buckets = {list, list[0] == list[1] ? 1 : 2};
		const uint16_t first = (uint16_t)(1024 + (bits >> 16 & 0x7fff));
		const struct port_range range = {first, (uint16_t)(first + (bits >> 32 & 63))};
		const uint32_t hash = (uint32_t)(bits >> 32);
		uint32_t wanted = count_wanted(&buckets, hash, range);
		uint16_t port;

		assert_int_equal(toeplitz_ports_draw(&ports, hash, &buckets, range, random, &port),
				 wanted > 0);
		if (wanted == 0) {
			without++;
			continue;
		}
		assert_in_range(port, range.first, range.last);
		assert_true(is_wanted(&buckets, hash, port));
	}
	assert_true(without > 5000 && without < 15000);
}

static void no_bucket_has_no_port(void **state)
{
	const struct half *half = *state;
	const struct toeplitz_buckets none = {NULL, 0};
	uint64_t random[2] = {1, 2};
	uint16_t port;

	use_key(toeplitz_key, half->family, 7);
	assert_false(toeplitz_ports_draw(&ports, 0, &none, ranges[0], random, &port));
}

/* Keys with which ports do not reach all of the table: of all bits alike, and of two periods. */
static void keys_that_repeat_are_refused(void **state)
{
	const struct half *half = *state;
	uint8_t key[TOEPLITZ_KEY_SIZE];

	for (unsigned byte = 0; byte < 256; byte += 255) {
		memset(key, (int)byte, sizeof(key));
		assert_true(toeplitz_init(&toeplitz, key, sizeof(key)));
		assert_false(toeplitz_ports_init(&ports, &toeplitz, half->family, 7));
	}
	memset(key, 0x35, sizeof(key));
	assert_true(toeplitz_init(&toeplitz, key, sizeof(key)));
	assert_false(toeplitz_ports_init(&ports, &toeplitz, half->family, 9));
}

/* The list is what the draw looks into: sorted by bucket, each with as many. */
static void blocks_are_as_short_as_can_be(void **state)
{
	const struct half *half = *state;
	uint8_t key[TOEPLITZ_KEY_SIZE];
	unsigned long long sum = 0;

	use_key(toeplitz_key, half->family, 7);
	assert_int_equal(ports.block_bits, half->family == 4 ? 7 : 8);
	use_key(toeplitz_key, half->family, 9);
	assert_int_equal(ports.block_bits, half->family == 4 ? 9 : 10);
	make_key(seed_of_bad_key, key);
	use_key(key, half->family, 7);
	assert_int_equal(ports.block_bits, half->family == 4 ? 13 : 12);
	/* Of any key: little more than the bits that count. */
	for (uint64_t seed = 1000; seed < 1200; seed++) {
		make_key(seed, key);
		assert_true(toeplitz_init(&toeplitz, key, sizeof(key)));
		if (toeplitz_ports_init(&ports, &toeplitz, half->family, 7))
			sum += ports.block_bits;
	}
	assert_true(sum < 200 * 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(every_wanted_port_is_as_likely),
		OF_BOTH_FAMILIES(one_bucket_has_all_ports),
		OF_BOTH_FAMILIES(short_ranges_may_have_none),
		OF_BOTH_FAMILIES(no_bucket_has_no_port),
		OF_BOTH_FAMILIES(keys_that_repeat_are_refused),
		OF_BOTH_FAMILIES(blocks_are_as_short_as_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
