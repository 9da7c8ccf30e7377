/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Packets from one worker to another: those that belong to the other's flows,
 * and those that go out by a queue only the other may use.
 *
 * For each ordered pair of workers there is a ring of either kind, with one
 * producer and one consumer, bounded. mbuf->port holds our index of the port the
 * packet came in by, or is to go out by. A full ring is a drop by name,
 * counted by who gives.
 */
#pragma once

#include "dataplane/abi/status.h"
#include "dataplane/core/packet.h"

#include <stdint.h>

struct rte_mbuf;
struct rte_ring;

/* Packets that are to be put on a ring with the others of the burst. */
struct handoff_batch {
	struct rte_ring *ring;
	unsigned count;
	struct rte_mbuf *mbufs[PACKET_BURST];
};

/* What a worker has to do with another one. The worker's own. */
struct handoff_peer {
	struct handoff_batch to_run, to_send; /* to the other */
	struct rte_ring *run, *send;          /* from the other */
};

struct handoff {
	unsigned workers;
	struct rte_ring **rings; /* of kind, from, to */
};

/* Buffers the rings can hold. */
unsigned handoff_buffer_count(unsigned workers);

/* Makes the rings; with one worker there are none. 0 or -1, with the reason logged. Main thread. */
int handoff_open(struct handoff *handoff, unsigned workers);
/* Once no worker runs: gives the packets in the rings back. */
void handoff_close(struct handoff *handoff);

/* Fills `peers`, one for each worker (a worker's own stays empty), for this worker. */
void handoff_wire(const struct handoff *handoff, unsigned worker, struct handoff_peer *peers);

/*
 * Puts what was gathered on its ring, and empties the batch; how many did not
 * fit: they are left at the batch's start, the caller's to drop.
 */
unsigned handoff_flush(struct handoff_batch *batch);
