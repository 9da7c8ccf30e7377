/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Frames of both families, written by hand. */
#pragma once

#include "tests/model/parse.h"

struct frame_plan {
	struct model_tuple tuple; /* TCP or UDP */
	uint8_t tcp_flags;
	uint8_t tcp_options[40];
	uint32_t tcp_option_words; /* of 32 bits, of the former */
	uint8_t hop_limit;
	uint8_t mac_to[6], mac_from[6];
	uint32_t payload;
	uint32_t padding;           /* bytes behind the packet */
	uint32_t options;           /* 32-bit words of IPv4; extension headers of IPv6 */
	uint32_t fragment;          /* offset field of the fragment header; 0: none */
	bool atomic;                /* IPv6: a fragment header without fragmentation */
	bool hops_left;             /* IPv6: in its routing header */
	bool without_checksum;      /* of UDP */
	uint16_t checksum_wrong_by; /* of TCP or UDP */
};

void frame_make_flow(const struct frame_plan *plan, struct model_packet *packet);

/* An ICMP error about an IP packet of which it holds `length` bytes. */
void frame_make_error(const struct frame_plan *plan, uint8_t type, const uint8_t *about,
		      uint32_t length, struct model_packet *packet);

/* Puts the right sum into an IPv4 header, whatever else it says. */
void frame_fix_ipv4(struct model_packet *packet);
