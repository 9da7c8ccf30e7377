/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The one packet of VRRP, from and to bytes: version 3 of both families (RFC
 * 9568) and version 2 of IPv4 (RFC 3768). Pure.
 *
 * The checksum of version 3 over IPv4 is sent with a pseudo-header, as
 * keepalived and Wireshark have it, and taken with it or without: the RFCs left it open for long.
 */
#pragma once

#include "controlplane/vrrp/report.h"

#include <stddef.h>
#include <stdint.h>

#define ADVERT_PROTOCOL  112
#define ADVERT_HOP_LIMIT 255
#define ADVERT_MAX_SIZE  1448 /* what fits an MTU of 1,500 bytes in either family */

/* Beside enum report_fault. */
#define ADVERT_OK REPORT_FAULT_COUNT

/* A packet as it came: what is in its IP header, and what is behind it. */
struct advert_packet {
	uint8_t family; /* 4 or 6 */
	uint8_t hop_limit;
	uint8_t source[16], destination[16];
	const uint8_t *payload;
	size_t length;
};

struct advert {
	uint8_t version;
	uint8_t id;
	uint8_t priority;
	uint8_t count;     /* of its addresses */
	uint32_t interval; /* ms */
	const uint8_t
		*addresses; /* of 4 or 16 bytes each, in the packet or where it is made from */
};

/* An IPv4 packet with its header, as raw sockets give it; 0 or -EINVAL. */
int advert_open_ipv4(const uint8_t *bytes, size_t length, struct advert_packet *out);

/* ADVERT_OK, or what is wrong with it. `out->id` is set when the packet has one, else 0. */
enum report_fault advert_parse(const struct advert_packet *packet, struct advert *out);

/* How many addresses a packet holds. */
uint32_t advert_room(uint8_t family);

/* Writes the bytes behind the IP header to ADVERT_MAX_SIZE bytes; returns how many. */
size_t advert_make(const struct advert *advert, uint8_t family, const uint8_t source[16],
		   const uint8_t destination[16], uint8_t *out);
