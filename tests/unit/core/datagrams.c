/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/datagrams.h"

#include "dataplane/core/ip_address.h"
#include "dataplane/core/packet.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/snapshot_builder.h"

#include <string.h>

#define IP  14
#define TCP 6
#define UDP 17

static void put16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t sum_of(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool is_ipv6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

/* With the pseudo-header, whose addresses are those of the header at `ip`. */
static uint32_t sum_with(const uint8_t *ip, uint8_t protocol, const uint8_t *bytes, uint32_t length)
{
	uint32_t sum = is_ipv6(ip) ? sum_of(ip + 8, 32, protocol + length)
				   : sum_of(ip + 12, 8, protocol + length);

	return sum_of(bytes, length, sum);
}

void whole_make(struct whole *whole, const struct frame_spec *spec, uint32_t length, uint8_t salt)
{
	whole->spec = *spec;
	whole->spec.payload = 0;
	struct frame frame = frame_make(&whole->spec);
	uint32_t header = spec->protocol == UDP ? 8 : 20;
	uint8_t *checksum = whole->bytes + (spec->protocol == UDP ? 6 : 16);

	whole->length = length;
	memcpy(whole->bytes, frame_transport(&frame), header);
	for (uint32_t i = header; i < length; i++)
		whole->bytes[i] = (uint8_t)(i * 31 + i / 251 + salt);
	if (spec->protocol == UDP)
		put16(whole->bytes + 4, length);
	put16(checksum, 0);
	put16(checksum, ~sum_with(frame_data(&frame) + IP, spec->protocol == UDP ? UDP : TCP,
				  whole->bytes, length));
}

static uint8_t *id_of(struct frame *frame)
{
	return frame_is_ipv6(frame) ? frame_transport(frame) - 4 : frame_data(frame) + IP + 4;
}

uint32_t frame_id(struct frame *frame)
{
	const uint8_t *id = id_of(frame);

	return frame_is_ipv6(frame) ? get16(id) << 16 | get16(id + 2) : get16(id);
}

struct frame whole_cut(const struct whole *whole, uint32_t id, uint32_t begin, uint32_t length)
{
	struct frame_spec spec = whole->spec;

	assert_in_range(length, 0, FRAME_ROOM - PACKET_HEADROOM - 100);
	/* A UDP header is made where the bytes come; the protocol is put right. */
	spec.protocol = UDP;
	spec.fragment = (uint16_t)(begin / 8 | (begin + length < whole->length ? 0x2000 : 0));
	spec.payload = (uint16_t)(length > 8 ? length - 8 : 0);
	struct frame frame = frame_make(&spec);
	uint8_t *ip = frame_data(&frame) + IP, *transport = frame_transport(&frame);
	uint8_t protocol = whole->spec.protocol == UDP ? UDP : TCP;

	memcpy(transport, whole->bytes + begin, length);
	frame.length = (uint32_t)(transport - frame_data(&frame)) + length;
	if (is_ipv6(ip) && spec.fragment == 0) {
		ip[6] = protocol;
		put16(ip + 4, length);
		return frame;
	}
	if (is_ipv6(ip)) {
		transport[-8] = protocol;
		put16(id_of(&frame), id >> 16);
		put16(id_of(&frame) + 2, id);
		put16(ip + 4, frame.length - IP - 40);
		return frame;
	}
	ip[9] = protocol;
	put16(id_of(&frame), id);
	put16(ip + 2, frame.length - IP);
	frame_fix_header(&frame);
	return frame;
}

static uint32_t offset_of(struct frame *frame, bool *more)
{
	const uint8_t *ip = frame_data(frame) + IP;
	uint32_t field = get16(is_ipv6(ip) ? frame_transport(frame) - 6 : ip + 6);

	*more = is_ipv6(ip) ? field & 1 : field >> 13 & 1;
	return is_ipv6(ip) ? field & 0xfff8 : (field & 0x1fff) * 8;
}

bool frame_is_fragment(struct frame *frame)
{
	bool more;

	if (frame_is_ipv6(frame) && frame_data(frame)[IP + 6] != FRAGMENT)
		return false;
	return offset_of(frame, &more) != 0 || more;
}

void assembly_add(struct assembly *assembly, struct frame *frame)
{
	const uint8_t *ip = frame_data(frame) + IP, *bytes = frame_transport(frame);
	uint32_t length = frame->length - (uint32_t)(bytes - frame_data(frame));
	bool more;
	uint32_t begin = offset_of(frame, &more);

	if (!assembly->is_begun) {
		memcpy(assembly->ip, ip, sizeof(assembly->ip));
		assembly->id = frame_id(frame);
		assembly->is_begun = true;
	}
	assert_int_equal(frame_id(frame), assembly->id);
	if (is_ipv6(ip)) {
		assert_memory_equal(ip + 8, assembly->ip + 8, 32);
		assert_int_equal(get16(ip + 4), frame->length - IP - 40);
	} else {
		assert_memory_equal(ip + 12, assembly->ip + 12, 8);
		assert_int_equal(get16(ip + 2), frame->length - IP);
		assert_int_equal(sum_of(ip, (ip[0] & 15u) * 4, 0), 0xffff);
	}
	for (uint32_t i = begin; i < begin + length; i++) {
		assert_false(assembly->has[i]);
		assembly->has[i] = true;
	}
	memcpy(assembly->bytes + begin, bytes, length);
	assembly->there += length;
	if (!more) {
		assert_false(assembly->has_last);
		assembly->has_last = true;
		assembly->length = begin + length;
	}
}

bool assembly_is_whole(const struct assembly *assembly)
{
	return assembly->has_last && assembly->there == assembly->length;
}

void assembly_check(const struct assembly *assembly, const struct whole *whole)
{
	uint8_t protocol = whole->spec.protocol == UDP ? UDP : TCP;
	uint32_t checksum = protocol == UDP ? 6 : 16;

	assert_true(assembly_is_whole(assembly));
	assert_int_equal(assembly->length, whole->length);
	assert_memory_equal(assembly->bytes + 4, whole->bytes + 4, checksum - 4);
	assert_memory_equal(assembly->bytes + checksum + 2, whole->bytes + checksum + 2,
			    whole->length - checksum - 2);
	assert_int_equal(sum_with(assembly->ip, protocol, assembly->bytes, assembly->length),
			 0xffff);
}
