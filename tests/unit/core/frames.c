/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/frames.h"

#include "dataplane/core/packet.h"
#include "tests/unit/core/snapshot_builder.h"

#include <string.h>

#define IP 14

uint8_t *frame_data(struct frame *frame)
{
	return frame->room + PACKET_HEADROOM;
}

static void put16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* RFC 1071, the plain way. */
static uint32_t sum_of(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t transport_sum(const uint8_t *ip)
{
	uint32_t header = (ip[0] & 15u) * 4;
	uint32_t length = get16(ip + 2) - header;
	uint32_t sum = sum_of(ip + 12, 8, ip[9] + length);

	return sum_of(ip + header, length, sum);
}

static uint8_t *transport_checksum(uint8_t *ip)
{
	return ip + (ip[0] & 15u) * 4 + (ip[9] == 6 ? 16 : ip[9] == 17 ? 6 : 2);
}

void frame_fix_checksums(struct frame *frame)
{
	uint8_t *ip = frame_data(frame) + IP;
	uint8_t *checksum = transport_checksum(ip);
	uint32_t header = (ip[0] & 15u) * 4;

	put16(ip + 10, 0);
	put16(ip + 10, ~sum_of(ip, header, 0));
	put16(checksum, 0);
	if (ip[9] == 1) {
		put16(checksum, ~sum_of(ip + header, get16(ip + 2) - header, 0));
		return;
	}
	uint32_t value = ~transport_sum(ip) & 0xffff;
	put16(checksum, ip[9] == 17 && value == 0 ? 0xffff : value);
}

bool frame_is_right(struct frame *frame)
{
	uint8_t *ip = frame_data(frame) + IP;

	return sum_of(ip, (ip[0] & 15u) * 4, 0) == 0xffff && transport_sum(ip) == 0xffff;
}

static void put_head(struct frame *frame, const char *source, const char *destination,
		     uint8_t protocol, uint8_t ttl, uint32_t ip_length)
{
	uint8_t *data = frame_data(frame);
	uint32_t be_source = be_address(source);
	uint32_t be_destination = be_address(destination);

	put16(data + 12, 0x0800);
	data[IP] = 0x45;
	put16(data + IP + 2, ip_length);
	data[IP + 8] = ttl;
	data[IP + 9] = protocol;
	memcpy(data + IP + 12, &be_source, 4);
	memcpy(data + IP + 16, &be_destination, 4);
	frame->length = IP + ip_length;
}

static void put_macs(struct frame *frame, uint8_t to, uint8_t from)
{
	uint8_t *data = frame_data(frame);

	memcpy(data, (uint8_t[6]){2, 0, 0, 0, 0, to}, 6);
	memcpy(data + 6, (uint8_t[6]){2, 0, 0, 0, 0, from}, 6);
}

struct frame frame_make(const struct frame_spec *spec)
{
	struct frame frame = {0};
	uint8_t *transport = frame_data(&frame) + IP + 20;
	uint8_t protocol = spec->protocol == 0 ? 6 : spec->protocol;
	uint32_t header = protocol == 6 ? 20 : 8;

	put_head(&frame, spec->source, spec->destination, protocol, spec->ttl == 0 ? 64 : spec->ttl,
		 20 + header + spec->payload);
	put_macs(&frame, spec->mac_to, spec->mac_from);
	put16(frame_data(&frame) + IP + 6, spec->fragment);
	put16(transport, spec->source_port);
	put16(transport + 2, spec->destination_port);
	if (protocol == 6) {
		transport[12] = 5 << 4;
		transport[13] = spec->flags == 0 ? ACK : spec->flags;
	} else {
		put16(transport + 4, header + spec->payload);
	}
	for (uint32_t i = 0; i < spec->payload; i++)
		transport[header + i] = (uint8_t)(i * 7 + 1);
	frame_fix_checksums(&frame);
	return frame;
}

struct frame frame_icmp(const char *source, const char *destination, uint8_t type,
			struct frame *about)
{
	struct frame frame = {0};
	uint8_t *message = frame_data(&frame) + IP + 20;

	put_head(&frame, source, destination, 1, 64, 20 + 8 + 28);
	memcpy(frame_data(&frame), frame_data(about), 12);
	message[0] = type;
	memcpy(message + 8, frame_data(about) + IP, 28);
	frame_fix_checksums(&frame);
	return frame;
}
