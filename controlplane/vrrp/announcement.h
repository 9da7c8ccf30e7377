/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Frames that tell a link where an address is now: a gratuitous ARP request
 * (RFC 5227, 3), or an unsolicited neighbour advertisement (RFC 4861, 7.2.6);
 * and when they are due: at once, again in case they were lost, and now and then; in small
 * bursts, since a switch or a host that learns 200 addresses at once drops some. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANNOUNCEMENT_MAX_SIZE 86

/* Of an address, IPv4 as ::ffff:a.b.c.d; returns the frame's length. */
size_t announcement_make(const uint8_t address[16], const uint8_t mac[6], bool is_router,
			 uint8_t frame[ANNOUNCEMENT_MAX_SIZE]);

#define ANNOUNCE_BURST        32
#define ANNOUNCE_BURST_EVERY  1000000ull     /* ns */
#define ANNOUNCE_AGAIN        1000000000ull  /* ns, of the second and the third round */
#define ANNOUNCE_REFRESH      60000000000ull /* ns, of all later ones */
#define ANNOUNCE_EARLY_ROUNDS 3

struct announce_pace {
	uint64_t due;   /* of the next burst; UINT64_MAX: none */
	uint64_t began; /* the round */
	uint32_t next;  /* address of the round; 0: it has not begun */
	uint32_t round;
};

void announce_pace_start(struct announce_pace *pace, uint64_t now);
void announce_pace_stop(struct announce_pace *pace);
/* A rival was heard: a round now, or ANNOUNCE_AGAIN after the last one. */
void announce_pace_again(struct announce_pace *pace, uint64_t now);

/*
 * The addresses whose turn it is, `*first` the first of them, out of `count`;
 * returns how many. `ready`: so many are there already, the others wait.
 */
uint32_t announce_pace_take(struct announce_pace *pace, uint64_t now, uint32_t count,
			    uint32_t ready, uint32_t *first);
