/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Adverts, from and to bytes. */
#include "controlplane/vrrp/advert.h"
#include "tests/unit/controlplane/check.h"

#include <string.h>

#define IPV4(a, b, c, d)                                             \
	{                                                            \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d \
	}

static const uint8_t source_ipv4[16] = IPV4(192, 0, 2, 1);
static const uint8_t group_ipv4[16] = IPV4(224, 0, 0, 18);
static const uint8_t source_ipv6[16] = {0xfe, 0x80, [15] = 1};
static const uint8_t group_ipv6[16] = {0xff, 0x02, [15] = 0x12};

struct packet_case {
	const char *name;
	uint8_t version, family;
	uint32_t interval;
	uint8_t count;
};

static const struct packet_case cases[] = {
	{"version 2", 2, 4, 1000, 1},        {"version 2, longest", 2, 4, 255000, 255},
	{"version 3", 3, 4, 10, 1},          {"version 3, longest", 3, 4, 40950, 255},
	{"version 3 of IPv6", 3, 6, 100, 2}, {"version 3 of IPv6, as many as fit", 3, 6, 1000, 90},
};

static uint8_t buffer[ADVERT_MAX_SIZE];
static uint8_t addresses[255 * 16];

static struct advert_packet make(const struct packet_case *row)
{
	struct advert advert = {.version = row->version,
				.id = 51,
				.priority = 150,
				.count = row->count,
				.interval = row->interval,
				.addresses = addresses};
	struct advert_packet packet = {.family = row->family, .hop_limit = 255, .payload = buffer};

	for (size_t i = 0; i < sizeof(addresses); i++)
		addresses[i] = (uint8_t)(i * 7);
	memcpy(packet.source, row->family == 4 ? source_ipv4 : source_ipv6, 16);
	memcpy(packet.destination, row->family == 4 ? group_ipv4 : group_ipv6, 16);
	packet.length =
		advert_make(&advert, row->family, packet.source, packet.destination, buffer);
	return packet;
}

static void what_is_made_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct packet_case *row = &cases[i];
		struct advert_packet packet = make(row);
		struct advert advert;

		assert_true(packet.length <= ADVERT_MAX_SIZE);
		assert_int_equal(advert_parse(&packet, &advert), ADVERT_OK);
		assert_int_equal(advert.version, row->version);
		assert_int_equal(advert.id, 51);
		assert_int_equal(advert.priority, 150);
		assert_int_equal(advert.count, row->count);
		assert_int_equal(advert.interval, row->interval);
		assert_memory_equal(advert.addresses, addresses,
				    row->count * (row->family == 4 ? 4u : 16u));
	}
}

static enum report_fault parse(const struct advert_packet *packet)
{
	struct advert advert;

	return advert_parse(packet, &advert);
}

/* Whatever byte is wrong in it, a packet is not taken. */
static void a_changed_byte_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advert_packet packet = make(&cases[i]);

		for (size_t at = 0; at < packet.length; at++) {
			buffer[at] ^= 0x11;
			assert_int_not_equal(parse(&packet), ADVERT_OK);
			buffer[at] ^= 0x11;
		}
		for (packet.length--; packet.length > 0; packet.length--)
			assert_int_not_equal(parse(&packet), ADVERT_OK);
	}
}

/* Puts the checksum right, so that only what was changed is wrong. */
static void mend(const struct advert_packet *packet)
{
	uint32_t sum = 0;

	buffer[6] = buffer[7] = 0;
	for (size_t i = 0; i < packet->length; i += 2)
		sum += (uint32_t)buffer[i] << 8 | buffer[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	buffer[6] = (uint8_t)(~sum >> 8);
	buffer[7] = (uint8_t)~sum;
}

static void each_fault_has_its_name(void **state)
{
	static const struct {
		uint8_t at, value;
		enum report_fault fault;
	} rows[] = {
		{0, 0x31, ADVERT_OK},          /* mend() sums without the pseudo-header: taken */
		{0, 0x41, REPORT_BAD_VERSION}, /* version 4 */
		{0, 0x11, REPORT_BAD_VERSION}, /* version 1 */
		{0, 0x32, REPORT_BAD_TYPE},  /* RFC 9568, 5.2.2: "unknown type MUST be discarded" */
		{3, 0, REPORT_BAD_LENGTH},   /* no address */
		{3, 2, REPORT_BAD_LENGTH},   /* two said, one there */
		{5, 0, REPORT_BAD_INTERVAL}, /* of 0 */
	};
	static const struct packet_case version_3 = {"", 3, 4, 1000, 1};
	static const struct packet_case version_2 = {"", 2, 4, 1000, 1};
	struct advert_packet packet;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		packet = make(&version_3);
		buffer[4] = 0;
		buffer[rows[i].at] = rows[i].value;
		mend(&packet);
		assert_int_equal(parse(&packet), rows[i].fault);
	}
	packet = make(&version_3);
	packet.hop_limit = 254;
	assert_int_equal(parse(&packet), REPORT_BAD_TTL);
	packet = make(&version_3);
	packet.source[15]++;
	assert_int_equal(parse(&packet), REPORT_BAD_CHECKSUM);
	packet = make(&version_2);
	buffer[4] = 1; /* a password, as RFC 2338 had it */
	mend(&packet);
	assert_int_equal(parse(&packet), REPORT_BAD_AUTH);
	packet = make(&cases[4]); /* of IPv6 there is no version 2, nor a sum without its head */
	buffer[0] = 0x21;
	assert_int_equal(parse(&packet), REPORT_BAD_VERSION);
	packet = make(&cases[4]);
	mend(&packet);
	assert_int_equal(parse(&packet), REPORT_BAD_CHECKSUM);
}

static void the_ipv4_header_is_taken_off(void **state)
{
	uint8_t bytes[64] = {0x46, [8] = 255, 0, 0, 0, 192, 0, 2, 1, 224, 0, 0, 18, [24] = 0x31};
	struct advert_packet packet;

	(void)state;
	assert_int_equal(advert_open_ipv4(bytes, 40, &packet), 0);
	assert_ptr_equal(packet.payload, bytes + 24);
	assert_int_equal(packet.length, 16);
	assert_int_equal(packet.hop_limit, 255);
	assert_memory_equal(packet.source, source_ipv4, 16);
	assert_memory_equal(packet.destination, group_ipv4, 16);
	assert_true(advert_open_ipv4(bytes, 19, &packet) < 0);
	assert_true(advert_open_ipv4(bytes, 23, &packet) < 0); /* shorter than it says */
	bytes[0] = 0x44;
	assert_true(advert_open_ipv4(bytes, 40, &packet) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_read),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(each_fault_has_its_name),
		cmocka_unit_test(the_ipv4_header_is_taken_off),
	};

	return cmocka_run_group_tests_name("vrrp advert", tests, NULL, NULL);
}
