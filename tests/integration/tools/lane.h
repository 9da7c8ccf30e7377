/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One direction of the impairing hop: which frames go on, when, and how often. */
#pragma once

#include "tests/integration/tools/common.h"
#include "tests/integration/tools/frame.h"

#define LATER         3
#define PATIENCE      (5 * SECOND / 1000)
#define UNENDED       (SECOND / 2) /* a datagram whose last fragment does not come is forgotten then */
#define MAX_HELD      16
#define MAX_FRAGMENTS 128
#define MAX_DATAGRAMS 16 /* at once */

struct settings {
	double drop, drop_fragments, reorder, duplicate;
	uint64_t seed;
	bool reverse_fragments, duplicate_fragments;
};

struct frame {
	size_t length;
	uint8_t data[];
};

struct held {
	struct frame *frame;
	unsigned later; /* frames that are still to go before it */
	uint64_t until;
};

/* A datagram that is passing in fragments; none has been seen: free. */
struct datagram {
	struct fragment key;
	unsigned seen, waiting;
	bool torn;
	uint64_t until;
	struct frame *frames[MAX_FRAGMENTS];
};

struct counts {
	unsigned long received, sent, dropped, reordered, duplicated, fragments, whole, torn,
		reversed, fragments_duplicated;
};

/* One direction. */
struct lane {
	const char *name;
	int in, out;
	uint64_t random;
	struct held held[MAX_HELD];
	struct datagram datagrams[MAX_DATAGRAMS];
	struct counts counts;
};

/* Takes what has come, from memory that is free()d when it has gone. */
void lane_take(struct lane *lane, const struct settings *settings, struct frame *frame,
	       uint64_t now);

/* Lets go what has waited too long. */
void lane_expire(struct lane *lane, const struct settings *settings, uint64_t now);

/* How many frames wait. */
unsigned lane_waiting(const struct lane *lane);

/* Is there nothing that time will end? */
bool lane_is_idle(const struct lane *lane);
