/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The kernel path: packets that are nobody's, between the workers and Linux.
 *
 * Every port has a TAP. A worker that gives a packet to Linux puts it on its
 * ring to the main thread, which writes it to the TAP of the port it came in
 * by; what Linux sends by a TAP the main thread reads and puts on the ring to
 * worker 0, which sends it out by the port. Each ring has one producer and one
 * consumer, is bounded, and a full one is a drop by name. The system calls are
 * all the main thread's.
 *
 * mbuf->port holds our index of the port, not DPDK's.
 */
#pragma once

#include "dataplane/abi/counters.h"
#include "dataplane/port.h"
#include "dataplane/tap.h"

#include <stdbool.h>

struct rte_ring;

struct kernel_path {
	struct tap taps[ABI_MAX_PORTS];
	uint16_t tap_count;
	struct rte_mempool *buffers[ABI_MAX_PORTS]; /* of each port */
	struct abi_counters_block *counters;        /* the main thread's */
	struct rte_ring *to_linux[ABI_MAX_WORKERS];
	struct rte_ring *from_linux; /* to worker 0 */
	unsigned worker_count;
};

/* Makes taps and rings. 0 or -1, with the reason logged. Main thread, as all below. */
int kernel_path_open(struct kernel_path *path, const struct ports *ports, unsigned worker_count,
		     struct abi_counters_block *counters);
void kernel_path_close(struct kernel_path *path);

/*
 * Move what is there, a bounded piece of work; true when anything was. The
 * second reads the tap of one port: to be called when poll() says it is ready.
 */
bool kernel_path_write(struct kernel_path *path);
bool kernel_path_read(struct kernel_path *path, uint16_t port);
