/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The hash that network cards compute: Microsoft's vectors, and its definition, bit by bit. */
#include "dataplane/core/random.h"
#include "dataplane/core/toeplitz.h"
#include "tests/unit/core/toeplitz_key.h"
#include "tests/unit/core/world.h"

#include <string.h>

static void set_ends(struct flow_tuple *tuple, const char *source, uint16_t source_port,
		     const char *destination, uint16_t destination_port)
{
	struct ip_address from = text_address(source), to = text_address(destination);
	uint8_t bytes[2][16];

	memcpy(bytes[0], &from, 16);
	memcpy(bytes[1], &to, 16);
	tuple->head = flow_tuple_head(0, TCP, ip_address_is_ipv4(&from) ? 4 : 6);
	flow_tuple_set_source(tuple, bytes[0], htobe16(source_port));
	flow_tuple_set_destination(tuple, bytes[1], htobe16(destination_port));
}

/* "Verifying the RSS Hash Calculation". */
static void vectors_of_microsoft(void **state)
{
	static const struct {
		const char *source;
		uint16_t source_port;
		const char *destination;
		uint16_t destination_port;
		uint32_t of_addresses, of_all;
	} rows[] = {
		{"66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178},
		{"199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea},
		{"24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a},
		{"38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f},
		{"153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2},
		{"3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d},
		{"3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf},
		{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024,
		 0x4b61e985, 0x02d1feef},
	};
	static struct toeplitz toeplitz;

	(void)state;
	assert_true(toeplitz_init(&toeplitz, toeplitz_key, sizeof(toeplitz_key)));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_tuple tuple = {0};

		set_ends(&tuple, rows[i].source, rows[i].source_port, rows[i].destination,
			 rows[i].destination_port);
		assert_int_equal(toeplitz_hash_addresses(&toeplitz, &tuple), rows[i].of_addresses);
		assert_int_equal(toeplitz_hash(&toeplitz, &tuple), rows[i].of_all);
	}
}

/* As it is defined: the key shifts on with each bit of the input. */
static uint32_t by_bits(const uint8_t *key, const uint8_t *input, unsigned size)
{
	uint32_t hash = 0, window = 0;

	for (unsigned bit = 0; bit < 32; bit++)
		window = window << 1 | (key[bit / 8] >> (7 - bit % 8) & 1);
	for (unsigned bit = 0; bit < size * 8; bit++) {
		unsigned next = bit + 32;

		if (input[bit / 8] >> (7 - bit % 8) & 1)
			hash ^= window;
		window = window << 1 | (key[next / 8] >> (7 - next % 8) & 1);
	}
	return hash;
}

static void fill(void *bytes, size_t size, uint64_t random[2])
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)(random_next(random) >> 40);
}

static struct flow_tuple random_tuple(uint8_t family, uint64_t random[2])
{
	struct flow_tuple tuple;

	fill(&tuple, sizeof(tuple), random);
	tuple.protocol = TCP;
	tuple.family = family;
	tuple.zero = 0;
	return tuple;
}

/* Addresses, then ports; how many bytes. */
static unsigned write_input(const struct flow_tuple *tuple, uint8_t input[TOEPLITZ_INPUT])
{
	unsigned size = tuple->family == 4 ? 8 : 32;

	memcpy(input, &tuple->ipv6, size);
	memcpy(input + size, &tuple->ports, 4);
	return size + 4;
}

static unsigned write_end(const struct flow_tuple *tuple, bool destination,
			  uint8_t input[TOEPLITZ_INPUT])
{
	unsigned size = tuple->family == 4 ? 4 : 16;

	memcpy(input, (const uint8_t *)&tuple->ipv6 + (destination ? size : 0), size);
	memcpy(input + size, (const uint8_t *)&tuple->ports + (destination ? 2 : 0), 2);
	return size + 2;
}

static void is_what_the_definition_says(void **state)
{
	const struct half *half = *state;
	static struct toeplitz toeplitz;
	uint64_t random[2] = {half->family, 1};

	for (unsigned i = 0; i < 2000; i++) {
		/* One byte more: the key shifts on behind the last bit. */
		uint8_t key[TOEPLITZ_KEY_SIZE + 1], input[TOEPLITZ_INPUT];
		struct flow_tuple tuple = random_tuple(half->family, random);

		fill(key, sizeof(key), random);
		assert_true(toeplitz_init(&toeplitz, key, TOEPLITZ_KEY_SIZE));
		unsigned size = write_input(&tuple, input);
		assert_int_equal(toeplitz_hash(&toeplitz, &tuple), by_bits(key, input, size));
		assert_int_equal(toeplitz_hash_addresses(&toeplitz, &tuple),
				 by_bits(key, input, size - 4));
		for (unsigned end = 0; end < 2; end++) {
			size = write_end(&tuple, end == 1, input);
			assert_int_equal(toeplitz_hash_end(&toeplitz, &tuple, end == 1),
					 by_bits(key, input, size));
		}
	}
}

/* What is behind the first 40 bytes of a key does not count; fewer are none. */
static void keys_have_40_bytes_or_more(void **state)
{
	const struct half *half = *state;
	static struct toeplitz toeplitz, longer;
	uint64_t random[2] = {half->family, 2};
	struct flow_tuple tuple = random_tuple(half->family, random);
	uint8_t key[52];

	fill(key, sizeof(key), random);
	assert_true(toeplitz_init(&toeplitz, key, 40));
	assert_true(toeplitz_init(&longer, key, 52));
	assert_int_equal(toeplitz_hash(&toeplitz, &tuple), toeplitz_hash(&longer, &tuple));
	assert_false(toeplitz_init(&toeplitz, key, 39));
}

/* What toeplitz_ports.h rests on. */
static void a_port_adds_its_share(void **state)
{
	const struct half *half = *state;
	static struct toeplitz toeplitz;
	uint64_t random[2] = {half->family, 3};
	struct flow_tuple tuple = random_tuple(half->family, random);
	const unsigned at = TOEPLITZ_DESTINATION_PORT(half->family);

	assert_true(toeplitz_init(&toeplitz, toeplitz_key, sizeof(toeplitz_key)));
	tuple.ports.be_destination = 0;
	uint32_t without = toeplitz_hash(&toeplitz, &tuple);
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		tuple.ports.be_destination = htobe16((uint16_t)port);
		assert_int_equal(toeplitz_hash(&toeplitz, &tuple),
				 without ^ toeplitz_port_share(&toeplitz, at, (uint16_t)port));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_microsoft),
		OF_BOTH_FAMILIES(is_what_the_definition_says),
		OF_BOTH_FAMILIES(keys_have_40_bytes_or_more),
		OF_BOTH_FAMILIES(a_port_adds_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
