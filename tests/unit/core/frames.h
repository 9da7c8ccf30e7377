/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Frames made by hand, and checksums computed over the whole packet. The
 * family is that of the addresses' text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_ROOM 2048

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

/* IPv6 extension headers. */
#define HOP_BY_HOP          0
#define ROUTING             43
#define FRAGMENT            44
#define DESTINATION_OPTIONS 60

struct frame {
	uint32_t length;
	uint8_t room[FRAME_ROOM]; /* the frame begins behind PACKET_HEADROOM bytes */
};

uint8_t *frame_data(struct frame *frame);

/* What a TCP or UDP frame says; zero fields take the defaults in frames.c. */
struct frame_spec {
	const char *source, *destination;
	uint16_t source_port, destination_port;
	uint8_t protocol; /* default TCP */
	uint8_t flags;    /* of TCP; default ACK */
	uint8_t ttl;      /* default 64 */
	uint8_t mac_from; /* last byte of 02:00:00:00:00:xx */
	uint8_t mac_to;
	uint16_t fragment; /* flags and offset, as IPv4 has them; of IPv6 in a header of its own */
	uint16_t payload;  /* bytes */
};

struct frame frame_make(const struct frame_spec *spec);
/* An ICMP message of this type about the packet in `about` (its IP headers and 8 bytes). */
struct frame frame_icmp(const char *source, const char *destination, uint8_t type,
			struct frame *about);
/* The frame with an extension header of 8 * `eights` bytes put first, all 0 but what it must say:
 * a fragment header is an atomic fragment's. */
struct frame frame_extended(struct frame *frame, uint8_t type, uint8_t eights);

bool frame_is_ipv6(struct frame *frame);
/* Behind the IP header and its extensions. */
uint8_t *frame_transport(struct frame *frame);
/* Of what lies there. */
uint8_t frame_protocol(struct frame *frame);

/* Writes the right sums into a frame that was changed. */
void frame_fix_checksums(struct frame *frame);
/* Writes the right sum into an IPv4 header; what lies behind it may be cut. */
void frame_fix_header(struct frame *frame);
/* True when the IP header's and the TCP, UDP or ICMP checksum are right. */
bool frame_is_right(struct frame *frame);
