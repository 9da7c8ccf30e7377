/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Checksums by difference against checksums over everything. */
#include "dataplane/core/checksum.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/check.h"

struct row {
	const char *rule;
	uint16_t checksum, old, new, expected;
};

static void known_values(void **state)
{
	static const struct row rows[] = {
		{"RFC 1624, section 4: the case where equation 2 fails", 0xdd2f, 0x5555, 0x3285,
		 0x0000},
		{"nothing changes", 0x1234, 0xabcd, 0xabcd, 0x1234},
		{"one more", 0x1234, 0x0001, 0x0002, 0x1233},
		{"the sum wraps", 0x0001, 0x0000, 0x0002, 0xfffe},
		{"minus zero for plus zero", 0x1234, 0x0000, 0xffff, 0x1234},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t difference = checksum_replace16(0, rows[i].old, rows[i].new);
		if (checksum_adjust(rows[i].checksum, difference) != rows[i].expected)
			fail_msg("%s", rows[i].rule);
	}
}

static void udp_zero(void **state)
{
	uint32_t difference = checksum_replace16(0, 0x5555, 0x3285);

	(void)state;
	assert_int_equal(checksum_adjust_udp(0, difference), 0);
	assert_int_equal(checksum_adjust_udp(0xdd2f, difference), 0xffff);
}

/* Of every old checksum, right or wrong: it stays off by as much, modulo 0xffff. */
static void stays_off_by_as_much(void **state)
{
	const uint32_t old = 0xc0a80001, new = 0x0afffe02;
	uint32_t difference = checksum_replace32(0, old, new);
	uint32_t change =
		((old >> 16) + (old & 0xffff) + 2 * 0xffff - (new >> 16) - (new & 0xffff));

	(void)state;
	for (uint32_t checksum = 0; checksum <= 0xffff; checksum++)
		assert_int_equal(checksum_adjust((uint16_t)checksum, difference) % 0xffff,
				 (checksum + change) % 0xffff);
}

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* By RFC 1071, 16 bits at a time. */
static uint16_t sum_of(const uint8_t *bytes, unsigned count)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < count; i += 2) {
		uint16_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Words of 64 bits, with carries at every place, against words of 16. */
static void long_words(void **state)
{
	uint64_t random[2] = {3, 5};

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t old[16], new[16];

		for (unsigned byte = 0; byte < 16; byte += 8) {
			uint64_t words[2] = {random_next(random), random_next(random)};

			/* Often all ones or zeros, where carries run through. */
			for (unsigned word = 0; word < 2; word++)
				words[word] = i % 3 == 0   ? words[word] | 0xffffffff00000000ull
					      : i % 5 == 0 ? words[word] & 0x000000000000ffffull
							   : words[word];
			memcpy(old + byte, &words[0], 8);
			memcpy(new + byte, &words[1], 8);
		}
		uint64_t difference = checksum_replace64(0, load64(old), load64(new));
		difference = checksum_replace64(difference, load64(old + 8), load64(new + 8));
		uint16_t adjusted = checksum_adjust((uint16_t)~sum_of(old, 16), difference);
		assert_int_equal((uint16_t)~adjusted % 0xffff, sum_of(new, 16) % 0xffff);
		assert_int_equal(checksum_fold(checksum_add(load64(old), load64(old + 8))),
				 sum_of(old, 16));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(udp_zero),
		cmocka_unit_test(stays_off_by_as_much),
		cmocka_unit_test(long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
