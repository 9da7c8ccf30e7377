/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Datagrams cut into fragments, and fragments put together again, the plain way. */
#pragma once

#include "tests/unit/core/frames.h"

#define DATAGRAM_ROOM 65536

/* What an IP packet would hold, were it not cut: a TCP or UDP header and bytes behind it. */
struct whole {
	struct frame_spec spec;
	uint32_t length;
	uint8_t bytes[DATAGRAM_ROOM];
};

/* `length` with the header; the bytes differ from one `salt` to the next. */
void whole_make(struct whole *whole, const struct frame_spec *spec, uint32_t length, uint8_t salt);
/* The fragment with these bytes; the last one, when they are. */
struct frame whole_cut(const struct whole *whole, uint32_t id, uint32_t begin, uint32_t length);

struct assembly {
	uint8_t ip[40]; /* the header of its first fragment to come */
	uint32_t id;
	bool is_begun, has_last;
	uint32_t length, there;
	uint8_t bytes[DATAGRAM_ROOM];
	bool has[DATAGRAM_ROOM];
};

/* Fails when it is of another datagram, overlaps others, or has a wrong header checksum. */
void assembly_add(struct assembly *assembly, struct frame *frame);
bool assembly_is_whole(const struct assembly *assembly);
/* Fails unless what was put together is `whole`, but for ports and checksum, which is right. */
void assembly_check(const struct assembly *assembly, const struct whole *whole);

/* Of IPv6: when the fragment header is the first one. */
bool frame_is_fragment(struct frame *frame);
uint32_t frame_id(struct frame *frame);
