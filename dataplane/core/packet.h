/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A packet as the engine sees it: contiguous bytes from the Ethernet header on,
 * with room before and behind. The shell fills it from an mbuf, a test from an
 * array.
 */
#pragma once

#include <stdint.h>

#define PACKET_BURST    32  /* most packets in one call of engine_run() */
#define PACKET_HEADROOM 128 /* least room before data */
#define PACKET_TAILROOM 64  /* least room behind */

/* No verdict yet: the packet goes on. */
#define VERDICT_NONE     0xff
/* Of a flow that another worker has: to be handed over. Counted nowhere yet. */
#define VERDICT_FOREIGN  0xfe
/* The engine keeps it, and gives it back by engine_take_held(). Counted nowhere yet. */
#define VERDICT_HELD     0xfd
/* Inside the engine: to be run after the others. */
#define VERDICT_FRAGMENT 0xfc

/* In outer_vlan: the outer tag is one of 802.1Q too; else it is of 802.1ad. */
#define PACKET_OUTER_8021Q 0x8000

struct packet {
	/* In, and out: all may change. */
	uint8_t *data;
	uint32_t length;
	uint16_t vlan; /* in: of the tag the driver took off; out: of the tag to put on; 0: none */
	uint16_t outer_vlan; /* in: 0; out: of the tag to put before that; 0: none */

	/* In. */
	uint16_t in_port;
	uint8_t passes; /* how often a worker handed it over; 0: it is from a port */
	uint8_t met;    /* a fragment: the worker at which its datagram's meet has seen it; handed
			 * over with it, 0 from a port */
	void *cookie;   /* the caller's; the engine does not look at it */

	/* Out. */
	uint16_t out_port; /* of what is sent: TO_BACKEND, TO_CLIENT, abi_verdict_is_told() */
	uint8_t verdict;   /* enum abi_verdict; VERDICT_FOREIGN: another worker's */
	uint8_t owner;     /* with VERDICT_FOREIGN: that worker */

	/* The engine's: tags it took off. */
	uint8_t tags_size; /* in: 0 */
	uint8_t tags[8];
};
