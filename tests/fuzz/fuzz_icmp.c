/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * ICMP errors about flows that are there: of both modes, families and protocols, from either side.
 * The bytes decide what is quoted and how much of it, what it says of its length (RFC 4884), what
 * follows, which bytes of the message are spoilt, and the tags before all. However that is:
 * what is sent on is as icmp_check.h says, what is not is as it came, and no flow notices.
 *
 * The frame lies in memory of just its size: a look beyond it is found.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/icmp_check.h"
#include "tests/model/choices.h"
#include "tests/unit/core/datagrams.h"

#include <stdlib.h>

#define IP           14
#define ICMP_HEADER  8
#define MESSAGE_MOST 1700

struct play {
	struct choices choices;
	const struct icmp_flow *flow;
	bool to_client; /* where an error that is right goes */
};

static uint32_t draw(struct play *play, uint32_t bound)
{
	return choose_below(&play->choices, bound);
}

static bool rarely(struct play *play, uint32_t times)
{
	return choose_rarely(&play->choices, times);
}

static void put16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* Makes room for bytes behind the fixed IPv4 header: options, all "no operation". */
static void put_options(struct frame *frame, uint32_t words)
{
	uint8_t *ip = frame_data(frame) + IP;

	memmove(ip + 20 + 4 * words, ip + 20, frame->length - IP - 20);
	memset(ip + 20, 1, 4 * words);
	ip[0] = (uint8_t)(0x45 + words);
	frame->length += 4 * words;
	put16(ip + 2, frame->length - IP);
	frame_fix_header(frame);
}

/* What makes headers longer than they need be. */
static void lengthen(struct play *play, struct frame *frame)
{
	static const uint8_t kinds[] = {DESTINATION_OPTIONS, HOP_BY_HOP, ROUTING, FRAGMENT};

	if (!frame_is_ipv6(frame)) {
		put_options(frame, 1 + draw(play, 10));
		return;
	}
	for (uint32_t count = 1 + draw(play, 3); count > 0; count--) {
		uint8_t kind = kinds[draw(play, 4)];

		*frame = frame_extended(frame, kind,
					kind == FRAGMENT ? 1 : (uint8_t)(1 + draw(play, 4)));
	}
}

/* A packet of the flow as we sent it on, whose sender, by its looks, the error is for. */
static struct frame draw_about(struct play *play)
{
	static const uint16_t fragments[] = {0x2000, 1, 0x2007, 0};
	const struct icmp_ends *ends = &play->flow->backend_side;
	char source[ADDRESS_TEXT_SIZE], destination[ADDRESS_TEXT_SIZE];
	struct icmp_ends turned = icmp_ends_turned(&play->flow->client_side);

	if (!play->to_client)
		ends = &turned;
	address_text(&ends->source, source);
	address_text(&ends->destination, destination);
	struct frame about = frame_make(&(struct frame_spec){
		.source = source,
		.destination = destination,
		.source_port = ends->source_port,
		.destination_port = ends->destination_port,
		.protocol = play->flow->protocol,
		.fragment = rarely(play, 8) ? fragments[draw(play, 4)] : 0,
		.payload = (uint16_t)(rarely(play, 8) ? draw(play, 1400) : draw(play, 64)),
	});
	if (rarely(play, 8) && play->flow->protocol == UDP)
		put16(frame_transport(&about) + 6, 0);
	if (rarely(play, 4))
		lengthen(play, &about);
	return about;
}

static uint32_t draw_quoted(struct play *play, struct frame *about)
{
	uint32_t whole = about->length - IP;
	uint32_t least = (uint32_t)(frame_transport(about) - frame_data(about)) - IP + 8;

	switch (draw(play, 4)) {
	case 0:
		return whole;
	case 1:
		return least;
	case 2:
		return least < whole ? least + draw(play, whole - least + 1) : whole;
	default:
		return draw(play, whole + 1);
	}
}

/* Puts `length` bytes into the message behind its header, in place of those there. */
static void set_body(struct frame *error, const uint8_t *body, uint32_t length)
{
	uint8_t *message = frame_transport(error), *ip = frame_data(error) + IP;

	memcpy(message + ICMP_HEADER, body, length);
	error->length = (uint32_t)(message - frame_data(error)) + ICMP_HEADER + length;
	if (frame_is_ipv6(error))
		put16(ip + 4, error->length - IP - 40);
	else
		put16(ip + 2, error->length - IP);
}

/* The quoted packet, its length in words where that is said, and what follows it. */
static void draw_body(struct play *play, struct frame *error, struct frame *about)
{
	static uint8_t body[MESSAGE_MOST + 256];
	uint32_t unit = frame_is_ipv6(error) ? 8 : 4, length = draw_quoted(play, about);

	memcpy(body, frame_data(about) + IP, length);
	uint8_t *words = frame_transport(error) + (unit == 8 ? 4 : 5);
	if (rarely(play, 3)) {
		uint32_t padded = (length + unit - 1) / unit * unit;

		memset(body + length, 0, padded - length);
		length = padded;
		*words = (uint8_t)(rarely(play, 4) ? draw(play, 256) : length / unit);
		for (uint32_t more = draw(play, 64); more > 0; more--)
			body[length++] = (uint8_t)(more * 37);
	}
	set_body(error, body, length);
}

/* Who tells, and whom: mostly right. */
static struct frame draw_error(struct play *play)
{
	static const uint8_t types[2][6] = {{3, 11, 12, 3, 5, 8}, {1, 2, 3, 4, 128, 137}};
	const struct half *half = play->flow->half;
	const char *sources[] = {half_twin(half, "192.0.2.1"), half->client, half->backends[0],
				 half->dnat, half->self};
	struct frame about = draw_about(play);
	struct ip_address sender = frame_source(&about);
	char receiver[ADDRESS_TEXT_SIZE];

	address_text(&sender, receiver);
	const char *source = sources[draw(play, 5)];
	if (rarely(play, 32))
		source = half->family == 6 ? "fe80::1" : "0.0.0.0";
	struct frame error = frame_icmp(source, rarely(play, 16) ? half->self : receiver,
					types[half->family == 6][draw(play, 6)], &about);
	frame_data(&error)[5] = play->to_client ? MAC_PORT_1 : MAC_PORT_0;
	draw_body(play, &error, &about);
	if (rarely(play, 8))
		lengthen(play, &error);
	return error;
}

/* Of the message any bytes; of what is around it the hop limit and the lengths. */
static void spoil(struct play *play, struct frame *error)
{
	uint8_t *ip = frame_data(error) + IP, *message = frame_transport(error);
	uint32_t length = error->length - (uint32_t)(message - frame_data(error));

	for (uint32_t changes = rarely(play, 2) ? draw(play, 6) : 0; changes > 0; changes--)
		message[draw(play, rarely(play, 2) ? length
				   : length < 80   ? length
						   : 80)] = (uint8_t)draw(play, 256);
	if (draw(play, 8) != 7)
		frame_fix_checksums(error);
	if (rarely(play, 16))
		ip[frame_is_ipv6(error) ? 7 : 8] = (uint8_t)draw(play, 3);
	if (rarely(play, 16))
		ip[frame_is_ipv6(error) ? 5 : 3] = (uint8_t)draw(play, 256);
	if (!frame_is_ipv6(error))
		frame_fix_header(error);
	if (rarely(play, 16))
		error->length = draw(play, error->length + 1);
}

static uint32_t draw_tags(struct play *play, uint8_t tags[8])
{
	uint32_t count = rarely(play, 4) ? draw(play, 3) : 0;

	for (uint32_t i = 0; i < count; i++) {
		put16(tags + 4 * i, draw(play, 4) == 3 ? 0x88a8 : 0x8100);
		put16(tags + 4 * i + 2, draw(play, 65536));
	}
	return 4 * count;
}

/* What comes in, in memory of its own, the tags where tags are. */
static uint8_t *lay_down(struct frame *error, const uint8_t *tags, uint32_t tags_size)
{
	uint8_t *memory = malloc(error->length + tags_size);
	uint32_t macs = error->length < 12 ? error->length : 12;

	assert_non_null(memory);
	memcpy(memory, frame_data(error), macs);
	memcpy(memory + macs, tags, tags_size);
	memcpy(memory + macs + tags_size, frame_data(error) + macs, error->length - macs);
	return memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct icmp_site *site;
	struct play play = {.choices = choices_of(data, size)};
	uint8_t tags[8];

	if (site == NULL)
		site = icmp_site_open();
	play.flow = &site->flows[draw(&play, ICMP_FLOWS)];
	play.to_client = draw(&play, 2) == 0;
	struct frame error = draw_error(&play);
	spoil(&play, &error);
	uint32_t tags_size = draw_tags(&play, tags);
	uint8_t *memory = lay_down(&error, tags, tags_size);
	struct packet packet = {
		.data = memory,
		.length = error.length + tags_size,
		.vlan = (uint16_t)(rarely(&play, 8) ? draw(&play, 4096) : 0),
		.in_port = play.to_client,
	};
	icmp_site_run(site, &error, &packet);
	free(memory);
	return 0;
}
