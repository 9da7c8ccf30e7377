/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Whole checksums, and whether a card's word on them is heard. */
#include "dataplane/card_checksums.h"
#include "dataplane/core/checksum_check.h"
#include "dataplane/core/tags.h"
#include "tests/unit/core/world.h"

#include <string.h>

#define MORE_FRAGMENTS 0x2000

static struct frame make(const struct half *half, uint8_t protocol, uint16_t payload)
{
	return frame_make(&(struct frame_spec){.source = half->client,
					       .destination = half->dnat,
					       .source_port = 4000,
					       .destination_port = 80,
					       .protocol = protocol,
					       .payload = payload});
}

static enum checksum_found check_frame(struct frame *frame)
{
	return checksum_check(frame_data(frame), frame->length);
}

static uint32_t transport_of(const struct half *half)
{
	return ETHERNET_SIZE + (half->family == 4 ? IPV4_SIZE : IPV6_SIZE);
}

/* Of every length, odd ones too; and with a byte behind, which is padding. */
static void right_ones(void **state)
{
	for (uint16_t payload = 0; payload < 70; payload++) {
		struct frame tcp = make(*state, TCP, payload), udp = make(*state, UDP, payload);

		assert_int_equal(check_frame(&tcp), CHECKSUM_RIGHT);
		frame_data(&udp)[udp.length++] = 0x5a;
		assert_int_equal(check_frame(&udp), CHECKSUM_RIGHT);
	}
}

static void flip(struct frame *frame, uint32_t bit)
{
	frame_data(frame)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Any one bit of the segment, and of the addresses. Of UDP the length may not fit then. */
static void wrong_ones(void **state)
{
	const struct half *half = *state;
	const uint32_t transport = transport_of(half);

	for (unsigned i = 0; i < 2; i++) {
		struct frame frame = make(half, i == 0 ? TCP : UDP, 21);

		for (uint32_t bit = transport * 8; bit < frame.length * 8; bit++) {
			flip(&frame, bit);
			assert_int_not_equal(check_frame(&frame), CHECKSUM_RIGHT);
			flip(&frame, bit);
		}
		flip(&frame, (frame.length - 1) * 8);
		assert_int_equal(check_frame(&frame), CHECKSUM_WRONG);
		flip(&frame, (frame.length - 1) * 8);
		/* Two bits of an IPv4 address, so that the header's own sum stays. */
		flip(&frame, (transport - 1) * 8);
		flip(&frame, (transport - 5) * 8);
		assert_int_not_equal(check_frame(&frame), CHECKSUM_UNKNOWN);
	}
}

static void put_tag(struct frame *frame, uint16_t type)
{
	uint8_t *data = frame_data(frame);

	memmove(data + 16, data + 12, frame->length - 12);
	data[12] = (uint8_t)(type >> 8);
	data[13] = (uint8_t)type;
	data[14] = 0;
	data[15] = 20;
	frame->length += TAG_SIZE;
}

static void behind_tags(void **state)
{
	struct frame frame = make(*state, TCP, 11);

	put_tag(&frame, TAG_8021Q);
	assert_int_equal(check_frame(&frame), CHECKSUM_RIGHT);
	put_tag(&frame, TAG_8021AD);
	assert_int_equal(check_frame(&frame), CHECKSUM_RIGHT);
	flip(&frame, (frame.length - 1) * 8);
	assert_int_equal(check_frame(&frame), CHECKSUM_WRONG);
}

/* Over IPv4 it says that there is none; over IPv6 there must be one, and the engine says so. */
static void udp_without_one(void **state)
{
	const struct half *half = *state;
	struct frame frame = make(half, UDP, 11);

	memset(frame_data(&frame) + transport_of(half) + UDP_CHECKSUM, 0, 2);
	assert_int_equal(check_frame(&frame),
			 half->family == 4 ? CHECKSUM_RIGHT : CHECKSUM_UNKNOWN);
}

/* UDP's own length is summed up, which may be less than the packet's (RFC 9868: options). */
static void udp_with_bytes_behind(void **state)
{
	const struct half *half = *state;
	struct frame frame = make(half, UDP, 12);
	uint8_t *udp = frame_data(&frame) + transport_of(half);
	/* The datagram is four bytes shorter, and they are 0: twice four, in two words. */
	uint16_t checksum = wire_read16(udp + UDP_CHECKSUM);
	uint32_t sum = (uint16_t)~checksum;

	for (unsigned i = 0; i < 4; i += 2)
		sum += (uint16_t)~wire_read16(udp + UDP_SIZE + 8 + i);
	sum += 2u * (uint16_t)~4;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	udp[UDP_LENGTH + 1] = UDP_SIZE + 8;
	udp[UDP_CHECKSUM] = (uint8_t)(~sum >> 8);
	udp[UDP_CHECKSUM + 1] = (uint8_t)~sum;
	assert_int_equal(check_frame(&frame), CHECKSUM_RIGHT);
}

static void nothing_is_said_of_others(void **state)
{
	const struct half *half = *state;
	struct frame about = make(half, TCP, 0);
	struct frame error =
		frame_icmp(half->client, half->dnat, half->family == 4 ? 3 : 1, &about);
	struct frame first = frame_make(&(struct frame_spec){.source = half->client,
							     .destination = half->dnat,
							     .fragment = MORE_FRAGMENTS,
							     .payload = 12});

	assert_int_equal(check_frame(&error), CHECKSUM_UNKNOWN);
	assert_int_equal(check_frame(&first), CHECKSUM_UNKNOWN);
	for (uint32_t length = 0; length < about.length; length++) {
		struct frame cut = about;

		cut.length = length;
		assert_int_equal(check_frame(&cut), CHECKSUM_UNKNOWN);
	}
}

static void who_is_mostly_mistaken_is_not_heard(void **state)
{
	(void)state;
	assert_true(card_checksums_are_heard(&(struct card_word){0, 0}));
	assert_true(card_checksums_are_heard(&(struct card_word){0, CARD_CHECKSUMS_LEAST - 1}));
	assert_false(card_checksums_are_heard(&(struct card_word){0, CARD_CHECKSUMS_LEAST}));
	assert_true(card_checksums_are_heard(&(struct card_word){1000, 1000}));
	assert_false(card_checksums_are_heard(&(struct card_word){1000, 1001}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(right_ones),
		OF_BOTH_FAMILIES(wrong_ones),
		OF_BOTH_FAMILIES(behind_tags),
		OF_BOTH_FAMILIES(udp_without_one),
		OF_BOTH_FAMILIES(udp_with_bytes_behind),
		OF_BOTH_FAMILIES(nothing_is_said_of_others),
		cmocka_unit_test(who_is_mostly_mistaken_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
