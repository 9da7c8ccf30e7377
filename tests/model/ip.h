/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* IP headers of both families. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40

uint32_t model_get16(const uint8_t *bytes);
void model_put16(uint8_t *bytes, uint32_t value);

/* An IP header with what follows it, up to the transport. */
struct model_ip {
	uint8_t family;
	uint8_t source[16], destination[16];
	uint8_t protocol;
	uint8_t hop_limit;
	bool is_fragment;
	bool is_first;        /* of the fragments of a datagram */
	bool leads_on;        /* a routing header of type 0 with hops left */
	bool is_cut;          /* its extension headers do not end within the packet */
	uint32_t header_size; /* with options or extension headers */
};

/* `bytes` holds a whole header without options. */
void model_read_ipv4(const uint8_t *bytes, struct model_ip *out);

/* `bytes` holds a whole header without extensions; `length` bytes are there. */
void model_read_ipv6(const uint8_t *bytes, uint32_t length, struct model_ip *out);

/* Not so is IPv6 from or to IPv4 in disguise (::ffff:0:0/96) or a link-local address. */
bool model_is_routable(const struct model_ip *ip);
