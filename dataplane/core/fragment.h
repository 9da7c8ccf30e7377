/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One fragment: what its headers say, and where it lies in its datagram. */
#pragma once

#include "dataplane/core/parse.h"

/* What all fragments of a datagram have in common; of IPv4 the protocol too (RFC 791, RFC 8200). */
struct fragment_key {
	struct ip_address source, destination;
	uint32_t be_id;
	uint8_t family;
	uint8_t protocol; /* 0 of IPv6 */
	uint8_t round; /* how often it was handed over since its fragments met; caller's to set */
	uint8_t zero;
};

struct fragment {
	struct fragment_key key;
	uint16_t begin, end; /* in eights; end: where the next one begins */
	bool is_last;
	uint8_t odd; /* of the last one: how many bytes are missing to whole eights */
	/* A first one's first eight bytes: ports, and UDP's length and checksum or TCP's sequence
	 * number. They tell datagrams of one identification from each other. */
	uint64_t opening;
};

/*
 * Reads a frame that parse_headers() took for a fragment of TCP or UDP: VERDICT_NONE, or why there
 * cannot be such a one. A first one has the whole TCP or UDP header.
 */
uint8_t fragment_read(const uint8_t *frame, const struct headers *headers, struct fragment *out);

/* Gives a fragment another identification. */
void fragment_set_id(uint8_t *frame, const struct headers *headers, uint32_t be_id);
