/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Choosing a destination port so that a packet's Toeplitz hash ends in wanted
 * bits: full NAT draws the local port so that the backend's reply is hashed to the
 * worker that has the client's packets.
 *
 * A redirection table of 2^bits entries is indexed by the hash's lowest bits:
 * its bucket. By linearity a packet's bucket is that of the same packet with
 * destination port 0, exclusive-or the port's own: what the port adds. So the
 * ports are sorted here by the bucket they add, once for a key; which ones lead to
 * a wanted bucket is then one look-up. (DPDK's rte_thash_adjust_tuple(), where
 * this is from, solves the same equations, but changes the lower bits of a port
 * that was drawn, so that a range is kept to by trying again, and wants the key
 * changed for it.)
 *
 * Not all 65,536 have to be listed. Let m be the least number for which the
 * lowest m bits of a port already reach each bucket: of these 2^m values equally
 * many, 2^(m - bits), add each bucket, for they are the solutions of one system of
 * linear equations with different right-hand sides. The bits above add a constant.
 * So each block of 2^m ports (from a multiple of 2^m on) has exactly so many
 * ports of each bucket, and a port that is drawn as a bucket, a block and one of
 * those is uniform among all ports of the wanted buckets (RFC 6056 wants ports that
 * cannot be guessed). What falls out of the range in its first or last block is
 * drawn again. With most keys m is `bits` or little more: 512 ports to a block, and
 * a range of 1024 to 65535 has whole blocks only, or all but one.
 *
 * A range that was missed several times, one much shorter than a block, has its
 * candidates counted, and one of them is taken: as uniform, and exact when there is
 * none.
 */
#pragma once

#include "dataplane/core/toeplitz.h"

#define TOEPLITZ_BITS_MAX 9 /* of the largest redirection table: 512 entries */

/* Read-only once made: for all workers. */
struct toeplitz_ports {
	const struct toeplitz *toeplitz;
	uint8_t family;
	uint8_t bits;                   /* of the redirection table */
	uint8_t block_bits;             /* m, above */
	uint16_t ports[UINT16_MAX + 1]; /* the 2^m of a block, by the bucket they add */
};

/* Ports from first to last, inclusive. */
struct port_range {
	uint16_t first, last;
};

/* Buckets, in any order, none twice. */
struct toeplitz_buckets {
	const uint16_t *list;
	unsigned count;
};

/*
 * `toeplitz` must stay; `bits` is at most TOEPLITZ_BITS_MAX. False: the key is
 * no good, some buckets no port leads to.
 */
bool toeplitz_ports_init(struct toeplitz_ports *ports, const struct toeplitz *toeplitz,
			 uint8_t family, unsigned bits);

static inline uint32_t toeplitz_ports_bucket(const struct toeplitz_ports *ports, uint32_t hash)
{
	return hash & ((1u << ports->bits) - 1);
}

/* What a destination port adds; host order. */
static inline uint32_t toeplitz_ports_share(const struct toeplitz_ports *ports, uint16_t port)
{
	return toeplitz_port_share(ports->toeplitz, TOEPLITZ_DESTINATION_PORT(ports->family), port);
}

/*
 * Draws one of the range's ports that lead a packet, whose hash with
 * destination port 0 is `hash`, into one of the buckets; each with the same
 * chance. False: there is none. `random` is the state of random_next().
 */
bool toeplitz_ports_draw(const struct toeplitz_ports *ports, uint32_t hash,
			 const struct toeplitz_buckets *buckets, struct port_range range,
			 uint64_t random[2], uint16_t *port);
