/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/fuzz/pieces.h"

#include "tests/model/frame.h"

#include <string.h>

#define FRAGMENT_HEADER 8
#define IDS             256

/* Where what is cut lies, from the frame's start. */
struct payload {
	bool is_ipv4;
	uint32_t begin, end;
};

/* TCP or UDP, not a fragment; of IPv6 without extensions. */
static bool find_payload(const struct model_packet *whole, struct payload *out)
{
	const uint8_t *ip = whole->frame + ETHERNET;
	struct model_headers headers;

	if (model_parse(ENGINE_FEATURES, whole->frame, whole->length, &headers) !=
		    MODEL_NO_VERDICT ||
	    headers.kind != MODEL_FLOW)
		return false;
	*out = (struct payload){headers.family == 4, headers.transport,
				ETHERNET + headers.ip_length};
	return out->is_ipv4 || ip[6] == headers.tuple.protocol;
}

static void put_ipv4(uint8_t *ip, uint32_t size, uint32_t id, uint32_t begin, uint32_t length,
		     bool more)
{
	model_put16(ip + 2, size + length);
	model_put16(ip + 4, id);
	model_put16(ip + 6, (more ? 0x2000u : 0) | begin / 8);
}

static void put_ipv6(uint8_t *ip, uint32_t id, uint32_t begin, uint32_t length, bool more)
{
	uint8_t *header = ip + 40;

	memset(header, 0, FRAGMENT_HEADER);
	header[0] = ip[6];
	model_put16(header + 2, begin | more);
	model_put16(header + 6, id);
	ip[6] = 44;
	model_put16(ip + 4, FRAGMENT_HEADER + length);
}

static void cut(const struct model_packet *whole, const struct payload *payload, uint32_t id,
		uint32_t begin, uint32_t end, struct model_packet *piece)
{
	uint32_t size = payload->begin + (payload->is_ipv4 ? 0 : FRAGMENT_HEADER);
	bool more = end < payload->end - payload->begin;

	*piece = *whole;
	if (payload->is_ipv4)
		put_ipv4(piece->frame + ETHERNET, payload->begin - ETHERNET, id, begin, end - begin,
			 more);
	else
		put_ipv6(piece->frame + ETHERNET, id, begin, end - begin, more);
	memcpy(piece->frame + size, whole->frame + payload->begin + begin, end - begin);
	piece->length = size + end - begin;
	frame_fix_ipv4(piece);
}

unsigned pieces_cut(struct choices *choices, const struct model_packet *whole,
		    struct model_packet pieces[PIECES_MOST])
{
	struct payload payload;
	unsigned count = 0;

	if (!find_payload(whole, &payload))
		return 0;
	uint32_t id = choose_below(choices, IDS), length = payload.end - payload.begin;
	uint32_t begin = 0;
	while (begin < length) {
		uint32_t end = begin + 8 + 8 * choose_below(choices, (length - begin) / 8 + 1);

		if (end > length || count == PIECES_MOST - 1)
			end = length;
		cut(whole, &payload, id, begin, end, &pieces[count++]);
		begin = end;
	}
	return count;
}
