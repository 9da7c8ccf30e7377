/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/checksum_check.h"

#include "dataplane/core/parse.h"
#include "dataplane/core/tags.h"

static uint64_t add_bytes(uint64_t sum, const uint8_t *bytes, uint32_t length)
{
	uint64_t last = 0;

	for (; length >= sizeof(last); bytes += sizeof(last), length -= sizeof(last))
		sum = checksum_add(sum, wire_load64(bytes));
	memcpy(&last, bytes, length);
	return checksum_add(sum, last);
}

/* RFC 9293, 3.1; RFC 768; RFC 8200, 8.1: addresses, length and protocol, all in network order. */
static uint64_t add_pseudo_header(const uint8_t *ip, uint32_t length, uint8_t protocol)
{
	bool is_ipv4 = ip[0] >> 4 == 4;
	uint64_t sum = add_bytes(0, ip + (is_ipv4 ? IPV4_SOURCE : IPV6_SOURCE), is_ipv4 ? 8 : 32);

	return checksum_add(sum, (uint64_t)htobe32(length) + htobe16(protocol));
}

enum checksum_found checksum_check(const uint8_t *frame, uint32_t length)
{
	const uint32_t tags = tags_length(frame, length);
	const uint8_t *untagged = frame + tags;
	struct headers headers;

	if (parse_headers(untagged, length - tags, &headers) != VERDICT_NONE ||
	    headers.kind != HEADERS_FLOW)
		return CHECKSUM_UNKNOWN;

	const uint8_t protocol = headers.tuple.protocol;
	const uint8_t *transport = untagged + headers.transport;
	uint32_t size = headers.ip_length - (headers.transport - ETHERNET_SIZE);
	if (protocol == PROTOCOL_UDP) {
		if (wire_load16(transport + UDP_CHECKSUM) == 0)
			return CHECKSUM_RIGHT;
		size = wire_read16(transport + UDP_LENGTH); /* options may follow */
	}
	uint64_t sum = add_pseudo_header(untagged + ETHERNET_SIZE, size, protocol);
	sum = add_bytes(sum, transport, size);
	return checksum_fold(sum) == 0xffff ? CHECKSUM_RIGHT : CHECKSUM_WRONG;
}
