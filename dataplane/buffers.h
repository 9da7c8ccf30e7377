/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Packet buffers. Each takes a whole packet of its port's MTU, with the engine's room
 * before and behind: the packet path knows no chains. They are of two sizes at most, a pool each,
 * for a port of 9000 would otherwise have every buffer of every port be of its size; and those of
 * AF_XDP must not be larger than a page.
 */
#pragma once

#include "dataplane/port.h"

/* The largest MTU that small buffers take; all that AF_XDP can have. */
#define BUFFERS_SMALL_MTU 3400

/* Bytes of memory that the ports of the configuration want for them, at most. */
uint64_t buffers_bytes(const struct config_dataplane *config);

/* Makes pools for the ports, which have been probed, with `cache` kept by each thread; 0 or -1,
 * with the reason logged. */
int buffers_make(struct ports *ports, const struct config_dataplane *config, unsigned cache);
void buffers_free(struct ports *ports);

/* How much of the pool is in use: per cent, rounded up. Of the main thread. */
uint8_t buffers_used(const struct rte_mempool *pool);
