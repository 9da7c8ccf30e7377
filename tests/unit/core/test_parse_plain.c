/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * parse_plain() against parse_headers(): what the one reads the other reads
 * alike, and it reads all that has neither options nor extensions. Frames lie
 * in memory of just their size; run under the sanitizers.
 */
#include "dataplane/abi/verdicts.h"
#include "dataplane/core/parse.h"
#include "dataplane/core/random.h"
#include "tests/unit/core/world.h"

#include <stdlib.h>
#include <string.h>

#define CASES     1000000
#define TEMPLATES 32
#define IP        14

static uint32_t draw(uint64_t random[2], uint32_t bound)
{
	return random_below((uint32_t)(random_next(random) >> 32), bound);
}

static struct frame make_template(uint64_t random[2])
{
	const struct half *half = &halves[draw(random, FAMILY_COUNT)];
	struct frame_spec spec = {
		.source = half->client,
		.destination = half->dnat,
		.source_port = (uint16_t)draw(random, 65536),
		.destination_port = 80,
		.protocol = draw(random, 2) ? TCP : UDP,
		.flags = (uint8_t)draw(random, 256),
		.ttl = (uint8_t)draw(random, 256),
		.payload = (uint16_t)draw(random, 40),
		.fragment = (uint16_t)(draw(random, 8) == 0 ? draw(random, 0x4000) : 0),
	};
	struct frame frame = frame_make(&spec);

	if (half->family == 6 && draw(random, 8) == 0)
		return frame_extended(&frame, DESTINATION_OPTIONS, 1);
	if (draw(random, 16) == 0)
		return frame_icmp(half->client, half->dnat, (uint8_t)draw(random, 16), &frame);
	return frame;
}

/* Changes where it matters most: headers, and lengths by little. */
static void mutate(uint64_t random[2], struct frame *frame)
{
	uint8_t *data = frame_data(frame);

	for (uint32_t changes = draw(random, 3); changes > 0; changes--) {
		uint8_t *byte = &data[12 + draw(random, 62)];

		*byte = (uint8_t)(draw(random, 2) ? draw(random, 256)
						  : *byte + draw(random, 5) - 2);
	}
	/* Checksums, lengths, ports that are 0. */
	if (draw(random, 8) == 0)
		memset(&data[12 + draw(random, 60)], 0, 2);
	if (draw(random, 8) == 0)
		data[IP] = (uint8_t)(draw(random, 2) ? 0x45 : 0x60);
	if (!frame_is_ipv6(frame) && draw(random, 2))
		frame_fix_header(frame);
	if (draw(random, 4) == 0)
		frame->length = draw(random, frame->length + 1);
	else if (draw(random, 4) == 0)
		frame->length += draw(random, 20);
}

static bool same_tuple(const struct flow_tuple *a, const struct flow_tuple *b)
{
	if (memcmp(&a->ports, &b->ports, sizeof(a->ports)) != 0 || a->protocol != b->protocol ||
	    a->family != b->family || a->zero != 0 || b->zero != 0)
		return false;
	return a->family == 4 ? memcmp(&a->ipv4, &b->ipv4, sizeof(a->ipv4)) == 0
			      : memcmp(&a->ipv6, &b->ipv6, sizeof(a->ipv6)) == 0;
}

/* Whether a frame was plain. */
static bool compare(const uint8_t *bytes, uint32_t length)
{
	struct headers plain, headers;
	uint8_t family = parse_plain(bytes, length, &plain);
	bool is_plain = family != 0;
	uint8_t verdict = parse_headers(bytes, length, &headers);
	bool may_be_plain = verdict == VERDICT_NONE && headers.kind == HEADERS_FLOW &&
			    headers.transport == IP + (headers.tuple.family == 4 ? 20 : 40);

	if (is_plain != may_be_plain)
		fail_msg("%u bytes: plain %d, but %s", length, is_plain, abi_verdict_text(verdict));
	if (!is_plain)
		return false;
	assert_int_equal(family, headers.tuple.family);
	assert_int_equal(plain.kind, headers.kind);
	assert_int_equal(plain.hop_limit, headers.hop_limit);
	assert_int_equal(plain.tcp_flags, headers.tcp_flags);
	assert_true(plain.has_ports && headers.has_ports);
	assert_int_equal(plain.transport, headers.transport);
	assert_int_equal(plain.ip_length, headers.ip_length);
	assert_true(same_tuple(&plain.tuple, &headers.tuple));
	return true;
}

static void plain_says_the_same(void **state)
{
	uint64_t random[2] = {27, 18281};
	struct frame *templates = calloc(TEMPLATES, sizeof(*templates));
	struct frame frame;
	uint32_t plain[FAMILY_COUNT] = {0};

	(void)state;
	assert_non_null(templates);
	for (uint32_t i = 0; i < CASES; i++) {
		struct frame *template = &templates[i % TEMPLATES];

		if (i % 1024 < TEMPLATES)
			*template = make_template(random);
		frame.length = template->length;
		memcpy(frame_data(&frame), frame_data(template), frame.length + 20);
		mutate(random, &frame);
		uint8_t *bytes = malloc(frame.length == 0 ? 1 : frame.length);
		memcpy(bytes, frame_data(&frame), frame.length);
		if (compare(bytes, frame.length))
			plain[bytes[12] == 0x08 ? FAMILY_IPV4 : FAMILY_IPV6]++;
		free(bytes);
	}
	/* Enough of either kind for this to mean something. */
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		assert_in_range(plain[i], CASES / 20, CASES / 2);
	free(templates);
}

/* Every value of every byte of the headers, one at a time. */
static void plain_says_the_same_of_every_byte(void **state)
{
	const struct half *half = *state;
	const uint32_t header = half->family == 4 ? 20 : 40;

	for (unsigned protocol = TCP; protocol <= UDP; protocol += UDP - TCP) {
		struct frame good = frame_make(&(struct frame_spec){.source = half->client,
								    .destination = half->dnat,
								    .protocol = (uint8_t)protocol,
								    .payload = 4});

		for (uint32_t at = 12; at < IP + header + 20 && at < good.length; at++)
			for (unsigned value = 0; value < 256; value++) {
				struct frame frame = good;

				frame_data(&frame)[at] = (uint8_t)value;
				if (half->family == 4)
					frame_fix_header(&frame);
				compare(frame_data(&frame), frame.length);
			}
		assert_true(compare(frame_data(&good), good.length));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_says_the_same),
		OF_BOTH_FAMILIES(plain_says_the_same_of_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
