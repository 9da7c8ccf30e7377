/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What tells a link where an address is, and when it is told. */
#include "controlplane/vrrp/announcement.h"
#include "tests/unit/controlplane/check.h"

#include <string.h>

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};

static void an_ipv4_address_is_told_by_arp(void **state)
{
	static const uint8_t address[16] = {[10] = 0xff, 0xff, 192, 0, 2, 100};
	/* RFC 5227, 2.3 and 3: a request, from the address, for the address */
	static const uint8_t expected[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0, 0,  0,   0,
					     7,    8,    6,    0,    1,    8,    0,   6, 4,  0,   1,
					     2,    0,    0,    0,    0,    7,    192, 0, 2,  100, 0,
					     0,    0,    0,    0,    0,    192,  0,   2, 100};
	uint8_t frame[ANNOUNCEMENT_MAX_SIZE];

	(void)state;
	assert_int_equal(announcement_make(address, mac, false, frame), sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
}

static void an_ipv6_address_is_told_by_an_advertisement(void **state)
{
	static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, [15] = 100};
	uint8_t frame[ANNOUNCEMENT_MAX_SIZE];
	uint32_t sum = 58 + 32;

	(void)state;
	assert_int_equal(announcement_make(address, mac, true, frame), 86);
	assert_memory_equal(frame, "\x33\x33\0\0\0\1", 6);
	assert_int_equal(frame[14 + 7], 255); /* RFC 4861, 7.1.2: else it is not taken */
	assert_memory_equal(frame + 22, address, 16);
	assert_int_equal(frame[54], 136);
	assert_int_equal(frame[58], 0xa0); /* a router, not solicited, override */
	assert_memory_equal(frame + 62, address, 16);
	assert_memory_equal(frame + 78, "\2\1\2\0\0\0\0\7", 8);
	for (size_t i = 22; i < 86; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	announcement_make(address, mac, false, frame);
	assert_int_equal(frame[58], 0x20);
}

/* Plays the pace over `span`, all of `count` addresses ready; returns the frames sent, and how
 * many at most in a millisecond. */
static unsigned play(struct announce_pace *pace, uint64_t *now, uint64_t span, uint32_t count,
		     unsigned *most)
{
	unsigned sent = 0;

	for (uint64_t end = *now + span; *now < end; *now += MS) {
		uint32_t first, burst = announce_pace_take(pace, *now, count, count, &first);

		assert_true(first + burst <= count || burst == 0);
		sent += burst;
		if (burst > *most)
			*most = burst;
	}
	return sent;
}

static void two_hundred_are_paced_and_repeated(void **state)
{
	struct announce_pace pace;
	uint64_t now = 5 * SECOND;
	unsigned most = 0;

	(void)state;
	announce_pace_start(&pace, now);
	assert_int_equal(play(&pace, &now, 10 * MS, 200, &most), 200);
	assert_int_equal(play(&pace, &now, 980 * MS, 200, &most), 0);
	assert_int_equal(play(&pace, &now, SECOND, 200, &most), 200);
	assert_int_equal(play(&pace, &now, SECOND, 200, &most), 200);
	assert_int_equal(play(&pace, &now, 58 * SECOND, 200, &most), 0);
	assert_int_equal(play(&pace, &now, 3 * SECOND, 200, &most), 200);
	assert_int_equal(most, ANNOUNCE_BURST);
	announce_pace_stop(&pace);
	assert_int_equal(play(&pace, &now, 61 * SECOND, 200, &most), 0);
}

static void what_is_not_there_yet_waits(void **state)
{
	struct announce_pace pace;
	uint32_t first;

	(void)state;
	announce_pace_start(&pace, SECOND);
	assert_int_equal(announce_pace_take(&pace, SECOND, 10, 0, &first), 0);
	assert_int_equal(announce_pace_take(&pace, SECOND, 10, 4, &first), 0); /* too soon */
	assert_int_equal(announce_pace_take(&pace, SECOND + MS, 10, 4, &first), 4);
	assert_int_equal(first, 0);
	assert_int_equal(announce_pace_take(&pace, SECOND + 2 * MS, 10, 10, &first), 6);
	assert_int_equal(first, 4);
	assert_true(pace.due > SECOND + 900 * MS);
}

/* Each of many rivals heard would else be answered by 200 frames. */
static void a_rival_is_answered_once_a_second(void **state)
{
	struct announce_pace pace;
	uint64_t now = SECOND;
	unsigned most = 0, sent = 0;

	(void)state;
	announce_pace_start(&pace, now);
	play(&pace, &now, 10 * SECOND, 5, &most);
	announce_pace_again(&pace, now);
	assert_int_equal(pace.due, now);
	for (int i = 0; i < 3500; i++) {
		announce_pace_again(&pace, now);
		sent += play(&pace, &now, MS, 5, &most);
	}
	assert_int_equal(sent, 4 * 5);
	announce_pace_stop(&pace);
	announce_pace_again(&pace, now);
	assert_true(pace.due == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address_is_told_by_arp),
		cmocka_unit_test(an_ipv6_address_is_told_by_an_advertisement),
		cmocka_unit_test(two_hundred_are_paced_and_repeated),
		cmocka_unit_test(what_is_not_there_yet_waits),
		cmocka_unit_test(a_rival_is_answered_once_a_second),
	};

	return cmocka_run_group_tests_name("vrrp announcement", tests, NULL, NULL);
}
