/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/advert.h"

#include <errno.h>
#include <string.h>

#define TYPE_ADVERTISEMENT 1
#define HEADER_SIZE        8
#define CHECKSUM_OFFSET    6
#define AUTHENTICATION     8 /* bytes at the end of version 2, unused since RFC 3768 */

static size_t address_size(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

int advert_open_ipv4(const uint8_t *bytes, size_t length, struct advert_packet *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t header = length > 0 ? (size_t)(bytes[0] & 15) * 4 : 0;

	if (length < 20 || bytes[0] >> 4 != 4 || header < 20 || header > length)
		return -EINVAL;
	*out = (struct advert_packet){.family = 4,
				      .hop_limit = bytes[8],
				      .payload = bytes + header,
				      .length = length - header};
	memcpy(out->source, mapped, sizeof(mapped));
	memcpy(out->source + 12, bytes + 12, 4);
	memcpy(out->destination, mapped, sizeof(mapped));
	memcpy(out->destination + 12, bytes + 16, 4);
	return 0;
}

static uint32_t sum_words(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return length % 2 == 0 ? sum : sum + ((uint32_t)bytes[length - 1] << 8);
}

static uint32_t sum_pseudo_header(uint8_t family, const uint8_t source[16],
				  const uint8_t destination[16], size_t length)
{
	size_t size = address_size(family);

	return sum_words(source + 16 - size, size) + sum_words(destination + 16 - size, size) +
	       ADVERT_PROTOCOL + (uint32_t)length;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static int has_good_checksum(const struct advert_packet *packet, uint8_t version)
{
	uint32_t sum = sum_words(packet->payload, packet->length);
	uint32_t whole = sum + sum_pseudo_header(packet->family, packet->source,
						 packet->destination, packet->length);

	if (version == 3 && fold(whole) == 0xffff)
		return 1;
	return packet->family == 4 && fold(sum) == 0xffff;
}

/* Bytes there must be, and may not be less. */
static size_t least_length(const struct advert_packet *packet, uint8_t version, uint8_t count)
{
	return HEADER_SIZE + count * address_size(packet->family) +
	       (version == 2 ? AUTHENTICATION : 0);
}

static uint32_t read_interval(const uint8_t *payload, uint8_t version)
{
	return version == 2 ? payload[5] * 1000u
			    : ((uint32_t)(payload[4] & 15) << 8 | payload[5]) * 10u;
}

enum report_fault advert_parse(const struct advert_packet *packet, struct advert *out)
{
	const uint8_t *payload = packet->payload;

	*out = (struct advert){0};
	if (packet->length < HEADER_SIZE)
		return REPORT_BAD_LENGTH;
	*out = (struct advert){.version = payload[0] >> 4,
			       .id = payload[1],
			       .priority = payload[2],
			       .count = payload[3],
			       .interval = read_interval(payload, payload[0] >> 4),
			       .addresses = payload + HEADER_SIZE};
	if (packet->hop_limit != ADVERT_HOP_LIMIT)
		return REPORT_BAD_TTL;
	if (out->version != 3 && (out->version != 2 || packet->family != 4))
		return REPORT_BAD_VERSION;
	if (out->count == 0 || packet->length < least_length(packet, out->version, out->count))
		return REPORT_BAD_LENGTH;
	if (!has_good_checksum(packet, out->version))
		return REPORT_BAD_CHECKSUM;
	if ((payload[0] & 15) != TYPE_ADVERTISEMENT)
		return REPORT_BAD_TYPE;
	if (out->version == 2 && payload[4] != 0)
		return REPORT_BAD_AUTH;
	return out->interval == 0 ? REPORT_BAD_INTERVAL : ADVERT_OK;
}

uint32_t advert_room(uint8_t family)
{
	return family == 4 ? UINT8_MAX : (ADVERT_MAX_SIZE - HEADER_SIZE) / 16;
}

size_t advert_make(const struct advert *advert, uint8_t family, const uint8_t source[16],
		   const uint8_t destination[16], uint8_t *out)
{
	size_t addresses = advert->count * address_size(family);
	size_t length = HEADER_SIZE + addresses + (advert->version == 2 ? AUTHENTICATION : 0);
	uint32_t unit = advert->version == 2 ? 1000 : 10;
	uint32_t interval = advert->interval / unit;
	uint16_t checksum;

	memset(out, 0, length);
	out[0] = (uint8_t)(advert->version << 4 | TYPE_ADVERTISEMENT);
	out[1] = advert->id;
	out[2] = advert->priority;
	out[3] = advert->count;
	out[4] = advert->version == 2 ? 0 : (uint8_t)(interval >> 8 & 15);
	out[5] = (uint8_t)interval;
	memcpy(out + HEADER_SIZE, advert->addresses, addresses);
	checksum = (uint16_t)~fold(
		sum_words(out, length) +
		(advert->version == 2 ? 0
				      : sum_pseudo_header(family, source, destination, length)));
	out[CHECKSUM_OFFSET] = (uint8_t)(checksum >> 8);
	out[CHECKSUM_OFFSET + 1] = (uint8_t)checksum;
	return length;
}
