/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Maglev consistent hashing (Eisenbud et al., NSDI 2016, 3.4), with weights.
 * Pure functions: the same members give the same ring on every node, in
 * whatever order they come.
 *
 * Every backend has its own order of preference over the slots, a permutation
 * drawn from its address and port. Backends take turns; each turn takes the
 * first slot of the backend's order that is still free. Turn k of a backend
 * of weight w comes at time k/w: shares follow the weights, and no backend's
 * turns depend on who else is there.
 *
 * The paper's permutation, (offset + j * skip) mod M, keeps two backends in
 * step when one's skip is a small multiple of the other's; of sets of ten
 * backends about one in twelve then moves over 0.5 % of the slots of others
 * when one backend goes. Ours is shift + 1/(start + j * step) mod M, with
 * 1/0 = 0: as cheap, also a permutation for every prime M, and never in step.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct maglev_member {
	uint8_t address[16]; /* network order, IPv4 mapped */
	uint16_t port;
	uint16_t slot_value; /* what stands in its slots */
	uint32_t weight;     /* 1 .. MAGLEV_MAX_WEIGHT */
};

#define MAGLEV_MAX_WEIGHT 65535

/* What rings of one size have in common: kept from one to the next. Zeroed at first. */
struct maglev_sizes {
	uint32_t size;
	uint64_t fraction;  /* 2^64 / size, rounded up */
	uint32_t *inverses; /* inverses[n] * n = 1 modulo size; inverses[0] = 0 */
};

/* Makes it ready for a size, a prime up to ABI_MAX_RING_SIZE. 0, -EINVAL or -ENOMEM. */
int maglev_prepare(struct maglev_sizes *sizes, uint32_t size);
void maglev_forget(struct maglev_sizes *sizes);

/*
 * Fills `slots` (`size` of them, a prime up to ABI_MAX_RING_SIZE) from `count`
 * members, at least one. 0, -EINVAL or -ENOMEM.
 */
int maglev_build(struct maglev_sizes *sizes, const struct maglev_member *members, size_t count,
		 uint16_t *slots, uint32_t size);

/* Names the ring that maglev_build() would make, whatever the members' order. */
uint64_t maglev_signature(const struct maglev_member *members, size_t count, uint32_t size);
