/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * VLAN tags in a frame: one (802.1Q, or 802.1ad alone), or an outer one of
 * either kind with one of 802.1Q inside. More, or others, and the frame is
 * Linux's. The number 0 says a priority only, and is as good as no tag.
 *
 * The engine works on frames without: it takes tags off before it reads them,
 * and tells the numbers by struct packet, as a driver does that takes off one;
 * the caller puts on those of the way out. What is not sent is as it came.
 */
#pragma once

#include "dataplane/core/packet.h"
#include "dataplane/core/wire.h"

#define TAG_SIZE   4
#define TAGS_SIZE  (2 * TAG_SIZE) /* at most */
#define TAG_8021Q  0x8100
#define TAG_8021AD 0x88a8
#define TAG_VLAN   0x0fff

/* How many bytes of tags stand before the frame's type, TAGS_SIZE at most. */
static inline uint32_t tags_length(const uint8_t *frame, uint32_t length)
{
	uint32_t size = 0;

	while (size < TAGS_SIZE && length >= ETHERNET_SIZE + size + TAG_SIZE) {
		uint16_t type = wire_read16(frame + ETHERNET_TYPE + size);

		/* One of 802.1ad is the outer one. */
		if (type != TAG_8021Q && (type != TAG_8021AD || size > 0))
			break;
		size += TAG_SIZE;
	}
	return size;
}

void tags_take_off(struct packet *packet);
/* Makes the packet what it was before. */
void tags_put_back(struct packet *packet);
