/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What Linux knows of its neighbours on our ports, sorted by interface and
 * address. A MAC once known is believed until Linux says that the neighbour
 * fails to answer: an entry that Linux only forgot, or asks for anew, keeps it.
 */
#pragma once

#include "config/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct neighbour {
	uint32_t interface;
	struct address address;
	uint16_t state; /* NUD_*; 0: Linux has no entry (any more) */
	bool has_mac;
	uint8_t mac[6];
	uint32_t round; /* of the last reading that saw it */
};

struct neighbour_table {
	struct neighbour *rows;
	size_t count, room;
	uint32_t round;
};

/* One piece of news from the kernel; mac may be NULL. */
struct neighbour_news {
	uint32_t interface;
	struct address address;
	uint16_t state;
	const uint8_t *mac;
	bool is_sent_to; /* then it finds room in a full table */
};

void neighbour_table_free(struct neighbour_table *table);

const struct neighbour *neighbour_table_find(const struct neighbour_table *table,
					     uint32_t interface, const struct address *address);

/* True when MAC or reachability changed, so that it is worth publishing. */
bool neighbour_table_update(struct neighbour_table *table, const struct neighbour_news *news);

/*
 * Linux forgot the neighbour. With `keep` (something is sent to it) its MAC is
 * believed further. True when something changed for others.
 */
bool neighbour_table_forget(struct neighbour_table *table, uint32_t interface,
			    const struct address *address, bool keep);

/*
 * Around a whole reading: what was not seen between the two is forgotten,
 * unless `keep` says that it is sent to.
 */
void neighbour_table_begin(struct neighbour_table *table);
void neighbour_table_end(struct neighbour_table *table,
			 bool (*keep)(void *context, const struct neighbour *row), void *context);

/* The interface went, or its link went down: nothing on it is believed. */
bool neighbour_table_flush(struct neighbour_table *table, uint32_t interface);
