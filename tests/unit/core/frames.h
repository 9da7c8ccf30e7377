/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Frames made by hand, and checksums computed over the whole packet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_ROOM 2048

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

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
	uint16_t fragment; /* flags and offset */
	uint16_t payload;  /* bytes */
};

struct frame frame_make(const struct frame_spec *spec);
/* An ICMP message of this type about the packet in `about` (its IP header and 8 bytes). */
struct frame frame_icmp(const char *source, const char *destination, uint8_t type,
			struct frame *about);

/* Writes the right sums into a frame that was changed. */
void frame_fix_checksums(struct frame *frame);
/* True when the IP header's and the TCP or UDP checksum are right. */
bool frame_is_right(struct frame *frame);
