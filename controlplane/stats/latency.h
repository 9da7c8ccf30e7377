/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How long a worker had its packets, from a burst's receipt to its hand-over
 * to the driver: what `counters` has of it, in seconds. Pure.
 *
 * Buckets are of powers of two, so that a share of the packets is known to lie
 * between a time and its double. In between they are taken to be spread evenly,
 * as Prometheus's histogram_quantile() does.
 */
#pragma once

#include "dataplane/abi/counters.h"

#include <stdint.h>

struct latency {
	uint64_t buckets[ABI_LATENCY_BUCKETS]; /* packets */
	uint64_t cycles;                       /* of all packets together */
	uint32_t cycles_per_us;                /* never 0 */
};

uint64_t latency_packets(const struct latency *latency);

/* The time that a bucket's packets stayed below. */
double latency_bound(const struct latency *latency, unsigned bucket);

/* Of all packets together. */
double latency_sum(const struct latency *latency);

/* The time within which this share (0 to 1) of the packets went; 0: there are no packets. */
double latency_quantile(const struct latency *latency, double share);
