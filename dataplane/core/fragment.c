/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/fragment.h"

#include "dataplane/abi/verdicts.h"

/* Where the identification lies in the frame. The fragment header of IPv6 is the last one read. */
static uint32_t id_offset(const struct headers *headers)
{
	return headers->tuple.family == 4
		       ? ETHERNET_SIZE + IPV4_ID
		       : headers->transport - IPV6_FRAGMENT_SIZE + (uint32_t)IPV6_FRAGMENT_ID;
}

static void read_key(const uint8_t *frame, const struct headers *headers, struct fragment_key *key)
{
	const struct flow_tuple *tuple = &headers->tuple;

	*key = (struct fragment_key){
		.source = flow_tuple_source(tuple),
		.destination = flow_tuple_destination(tuple),
		.family = tuple->family,
	};
	if (tuple->family == 4) {
		key->be_id = wire_load16(frame + id_offset(headers));
		key->protocol = tuple->protocol;
	} else {
		key->be_id = wire_load32(frame + id_offset(headers));
	}
}

/*
 * That nobody is misled by what comes later: all that a filter looks at, with TCP's options, is
 * in the first fragment (RFC 1858, RFC 7112), and nothing after it writes there (RFC 3128).
 */
static uint8_t judge_transport(const uint8_t *transport, uint32_t length, uint32_t begin,
			       uint8_t protocol)
{
	uint32_t size = protocol == PROTOCOL_TCP ? TCP_SIZE : UDP_SIZE;

	if (begin > 0)
		return begin < size ? ABI_VERDICT_FRAGMENT_TINY : VERDICT_NONE;
	if (length < size)
		return ABI_VERDICT_FRAGMENT_TINY;
	if (protocol == PROTOCOL_TCP)
		size = (transport[TCP_DATA_OFFSET] >> 4) * 4u;
	else if (wire_read16(transport + UDP_LENGTH) < UDP_SIZE)
		return ABI_VERDICT_BAD_LENGTH;
	if (protocol == PROTOCOL_TCP && size < TCP_SIZE)
		return ABI_VERDICT_BAD_LENGTH;
	return length < size ? ABI_VERDICT_FRAGMENT_TINY : VERDICT_NONE;
}

uint8_t fragment_read(const uint8_t *frame, const struct headers *headers, struct fragment *out)
{
	const uint8_t *ip = frame + ETHERNET_SIZE, *transport = frame + headers->transport;
	uint32_t length = headers->ip_length + (uint32_t)ETHERNET_SIZE - headers->transport;
	uint32_t before = headers->transport - (uint32_t)ETHERNET_SIZE; /* counted with the whole */
	bool is_last;

	if (headers->tuple.family == 4) {
		uint16_t field = wire_read16(ip + IPV4_FRAGMENT);

		out->begin = field & IPV4_OFFSET_MASK;
		is_last = (field & IPV4_MORE_FRAGMENTS) == 0;
	} else {
		uint16_t field = wire_read16(transport - IPV6_FRAGMENT_SIZE + IPV6_FRAGMENT_OFFSET);

		out->begin = field >> 3;
		is_last = (field & IPV6_MORE_FRAGMENTS) == 0;
		before -= IPV6_SIZE + IPV6_FRAGMENT_SIZE;
	}
	if (length == 0 || (!is_last && length % 8 != 0) ||
	    before + out->begin * 8u + length > UINT16_MAX)
		return ABI_VERDICT_BAD_FRAGMENT;
	read_key(frame, headers, &out->key);
	out->end = (uint16_t)(out->begin + (length + 7) / 8);
	out->is_last = is_last;
	out->odd = (uint8_t)(-length & 7);
	out->opening = 0;
	if (out->begin == 0 && length >= sizeof(out->opening))
		memcpy(&out->opening, transport, sizeof(out->opening));
	return judge_transport(transport, length, out->begin * 8u, headers->tuple.protocol);
}

void fragment_set_id(uint8_t *frame, const struct headers *headers, uint32_t be_id)
{
	uint8_t *place = frame + id_offset(headers);
	uint8_t *checksum = frame + ETHERNET_SIZE + IPV4_CHECKSUM;

	if (headers->tuple.family == 6) {
		wire_store32(place, be_id);
		return;
	}
	uint64_t difference = checksum_replace16(0, wire_load16(place), (uint16_t)be_id);
	wire_store16(checksum, checksum_adjust(wire_load16(checksum), difference));
	wire_store16(place, (uint16_t)be_id);
}
