/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/frames.h"

#include "dataplane/core/packet.h"
#include "tests/unit/core/snapshot_builder.h"

#include <string.h>

#define IP      14
#define ICMP_V4 1
#define ICMP_V6 58

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

/* Where the payload of an IP packet begins and what it is. */
struct payload {
	uint32_t offset;
	uint8_t protocol;
};

static bool is_ipv6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

static struct payload payload_of(const uint8_t *ip)
{
	struct payload payload = {(ip[0] & 15u) * 4, ip[9]};

	if (!is_ipv6(ip))
		return payload;
	payload = (struct payload){40, ip[6]};
	while (payload.protocol == HOP_BY_HOP || payload.protocol == ROUTING ||
	       payload.protocol == FRAGMENT || payload.protocol == DESTINATION_OPTIONS) {
		const uint8_t *header = ip + payload.offset;

		payload.offset += payload.protocol == FRAGMENT ? 8 : 8 + header[1] * 8u;
		payload.protocol = header[0];
	}
	return payload;
}

static uint32_t ip_length_of(const uint8_t *ip)
{
	return is_ipv6(ip) ? 40 + get16(ip + 4) : get16(ip + 2);
}

bool frame_is_ipv6(struct frame *frame)
{
	return is_ipv6(frame_data(frame) + IP);
}

uint8_t *frame_transport(struct frame *frame)
{
	return frame_data(frame) + IP + payload_of(frame_data(frame) + IP).offset;
}

uint8_t frame_protocol(struct frame *frame)
{
	return payload_of(frame_data(frame) + IP).protocol;
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

/* With the pseudo-header, which ICMP over IPv4 does not have. */
static uint32_t transport_sum(const uint8_t *ip)
{
	struct payload payload = payload_of(ip);
	uint32_t length = ip_length_of(ip) - payload.offset;
	uint32_t sum = 0;

	if (is_ipv6(ip))
		sum = sum_of(ip + 8, 32, payload.protocol + length);
	else if (payload.protocol != ICMP_V4)
		sum = sum_of(ip + 12, 8, payload.protocol + length);
	return sum_of(ip + payload.offset, length, sum);
}

void frame_fix_header(struct frame *frame)
{
	uint8_t *ip = frame_data(frame) + IP;

	put16(ip + 10, 0);
	put16(ip + 10, ~sum_of(ip, (ip[0] & 15u) * 4, 0));
}

void frame_fix_checksums(struct frame *frame)
{
	uint8_t *ip = frame_data(frame) + IP;
	uint8_t protocol = frame_protocol(frame);
	uint8_t *checksum = frame_transport(frame) + (protocol == 6 ? 16 : protocol == 17 ? 6 : 2);

	if (!is_ipv6(ip))
		frame_fix_header(frame);
	put16(checksum, 0);
	uint32_t value = ~transport_sum(ip) & 0xffff;
	put16(checksum, protocol == 17 && value == 0 ? 0xffff : value);
}

bool frame_is_right(struct frame *frame)
{
	uint8_t *ip = frame_data(frame) + IP;

	return (is_ipv6(ip) || sum_of(ip, (ip[0] & 15u) * 4, 0) == 0xffff) &&
	       transport_sum(ip) == 0xffff;
}

static uint32_t put_ipv4(uint8_t *ip, const struct frame_spec *spec, uint32_t length)
{
	uint32_t be_source = be_address(spec->source);
	uint32_t be_destination = be_address(spec->destination);

	ip[0] = 0x45;
	put16(ip + 2, 20 + length);
	put16(ip + 6, spec->fragment);
	ip[8] = spec->ttl == 0 ? 64 : spec->ttl;
	ip[9] = spec->protocol;
	memcpy(ip + 12, &be_source, 4);
	memcpy(ip + 16, &be_destination, 4);
	return 20;
}

static uint32_t put_ipv6(uint8_t *ip, const struct frame_spec *spec, uint32_t length)
{
	struct ip_address source = text_address(spec->source);
	struct ip_address destination = text_address(spec->destination);
	uint32_t extension = spec->fragment != 0 ? 8 : 0;

	ip[0] = 0x60;
	put16(ip + 4, extension + length);
	ip[6] = spec->protocol;
	ip[7] = spec->ttl == 0 ? 64 : spec->ttl;
	memcpy(ip + 8, &source, 16);
	memcpy(ip + 24, &destination, 16);
	if (spec->fragment != 0) {
		ip[6] = FRAGMENT;
		ip[40] = spec->protocol;
		put16(ip + 42, (spec->fragment & 0x1fffu) << 3 | (spec->fragment >> 13 & 1));
	}
	return 40 + extension;
}

/* Ethernet and IP headers; the transport is `length` bytes from where it says on. */
static uint8_t *put_head(struct frame *frame, const struct frame_spec *spec, uint32_t length)
{
	uint8_t *data = frame_data(frame);
	bool ipv6 = strchr(spec->source, ':') != NULL;

	memcpy(data, (uint8_t[6]){2, 0, 0, 0, 0, spec->mac_to}, 6);
	memcpy(data + 6, (uint8_t[6]){2, 0, 0, 0, 0, spec->mac_from}, 6);
	put16(data + 12, ipv6 ? 0x86dd : 0x0800);
	uint32_t header =
		ipv6 ? put_ipv6(data + IP, spec, length) : put_ipv4(data + IP, spec, length);
	frame->length = IP + header + length;
	return data + IP + header;
}

struct frame frame_make(const struct frame_spec *spec)
{
	struct frame frame = {0};
	struct frame_spec complete = *spec;

	if (complete.protocol == 0)
		complete.protocol = 6;
	uint32_t header = complete.protocol == 6 ? 20 : 8;
	uint8_t *transport = put_head(&frame, &complete, header + spec->payload);
	put16(transport, spec->source_port);
	put16(transport + 2, spec->destination_port);
	if (complete.protocol == 6) {
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
	uint32_t quoted = payload_of(frame_data(about) + IP).offset + 8;
	struct frame_spec spec = {.source = source, .destination = destination};

	spec.protocol = strchr(source, ':') != NULL ? ICMP_V6 : ICMP_V4;
	uint8_t *message = put_head(&frame, &spec, 8 + quoted);
	memcpy(frame_data(&frame), frame_data(about), 12);
	message[0] = type;
	memcpy(message + 8, frame_data(about) + IP, quoted);
	frame_fix_checksums(&frame);
	return frame;
}

struct frame frame_extended(struct frame *frame, uint8_t type, uint8_t eights)
{
	struct frame extended = *frame;
	uint8_t *ip = frame_data(&extended) + IP;
	uint32_t size = eights * 8u;

	memmove(ip + 40 + size, ip + 40, frame->length - IP - 40);
	memset(ip + 40, 0, size);
	ip[40] = ip[6];
	ip[41] = type == FRAGMENT ? 0 : (uint8_t)(eights - 1);
	ip[6] = type;
	put16(ip + 4, get16(ip + 4) + size);
	extended.length += size;
	return extended;
}
