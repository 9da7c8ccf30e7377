/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Datagrams in fragments, as far as a worker has seen them.
 *
 * Until the first fragment, the one with the ports, says what becomes of its
 * datagram, the others wait here, and afterwards follow it: nothing is put together. When all
 * have come the datagram is kept a little longer, so that those that come twice are known. Each of
 * these stages has its time, counted from its beginning, and its list by age.
 *
 * Memory is bounded. Where it is full the oldest datagram gives way that is whole, then one that
 * waits; one that is under way, only where there are none of those, and only to a first fragment.
 *
 * A worker's own. Nothing allocates.
 */
#pragma once

#include "dataplane/core/fragment_ids.h"
#include "dataplane/core/pieces.h"

#define FRAGMENTS_DATAGRAMS   512
#define FRAGMENTS_HELD        256 /* packets that wait at most */
#define FRAGMENTS_HELD_OF_ONE 128 /* of one datagram: 65,535 bytes in packets of 576 are 119 */

/*
 * In ticks. Fragments are sent back to back: what is out of order is so by less than a
 * second, and keeps a buffer. What is under way costs only its place: 64 KB take a
 * line of 128 kbit/s four seconds.
 */
#define FRAGMENTS_WAIT  (1024u >> ABI_FLOW_TICK_SHIFT)
#define FRAGMENTS_UNTIL (5120u >> ABI_FLOW_TICK_SHIFT)
/* Of what is whole. Who counts its identifications does not use one again within so many
 * datagrams as there are places; who draws them by lot may, within this time. */
#define FRAGMENTS_WHOLE (256u >> ABI_FLOW_TICK_SHIFT)

/* DATAGRAM_TOLD: its fate is known, and that it is to be sent on or handed over. */
enum datagram_stage { DATAGRAM_WAITS, DATAGRAM_TOLD, DATAGRAM_WHOLE, DATAGRAM_STAGES };

struct datagram {
	struct fragment_key key;
	uint32_t since;        /* tick in which its stage began */
	uint16_t older, newer; /* in its stage's list */
	uint16_t next;         /* in its chain of the index; or the next free one */
	uint16_t held_first, held_last, held_count;
	uint8_t stage;

	/* What becomes of it; the caller's. */
	uint8_t fate;      /* verdict of its first fragment; VERDICT_NONE: not told yet */
	uint8_t owner;     /* with VERDICT_FOREIGN */
	uint8_t direction; /* when it is sent */
	uint32_t record, version;
	uint32_t be_id;   /* that it is sent with */
	uint64_t opening; /* of its first fragment, when that was there */

	struct pieces pieces;
};

struct fragments;

/* Bytes of a worker's table. */
size_t fragments_size(void);
/* `memory` is zeroed, aligned to a cache line, and the table's for its life; `secret` is drawn at
 * random, and all workers have the same; `random` may be anything. */
struct fragments *fragments_open(void *memory, const uint64_t secret[2], uint32_t worker,
				 uint32_t workers, uint64_t random);

/* An identification that no worker gives again before its share is used up; hard to foretell. */
uint32_t fragments_draw_id(struct fragments *fragments, uint8_t family);

/* The datagram of a fragment, begun where it is the first to come. One that is whole, only for
 * what it has already: anything else begins another one. NULL: all places are taken by better
 * ones. */
struct datagram *fragments_datagram(struct fragments *fragments, const struct fragment *fragment,
				    uint32_t now);

/* Keeps the packet until its datagram is told. False: it may not wait, and the datagram is
 * forgotten. */
bool fragments_hold(struct fragments *fragments, struct datagram *datagram,
		    const struct packet *packet);
/* The first packet that waits for the datagram, to be given its verdict; NULL: none does. */
struct packet *fragments_next_held(struct fragments *fragments, struct datagram *datagram);
/* It has another stage, and the time of that. Nothing waits for it. */
void fragments_promote(struct fragments *fragments, struct datagram *datagram,
		       enum datagram_stage stage, uint32_t now);

/* Forgets what is over by now, some of it. */
void fragments_age(struct fragments *fragments, uint32_t now);
/* Forgets all. */
void fragments_clear(struct fragments *fragments);
/* Packets that wait no more, with their verdicts, in order: how many, at most `most`. */
unsigned fragments_take(struct fragments *fragments, struct packet *packets, unsigned most);
