/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/handoff.h"

#include "dataplane/log.h"

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places of a ring, of which one stays free. A worker that is late by a millisecond is not unusual
 * where CPUs are shared. */
#define RING_SIZE 1024

enum kind { TO_RUN, TO_SEND, KIND_COUNT };

static struct rte_ring **place(const struct handoff *handoff, enum kind kind, unsigned from,
			       unsigned to)
{
	return &handoff->rings[((unsigned)kind * handoff->workers + from) * handoff->workers + to];
}

static unsigned ring_count(unsigned workers)
{
	return KIND_COUNT * workers * workers;
}

unsigned handoff_buffer_count(unsigned workers)
{
	/* Not all of them are full at one time: each worker waits for one other at most. */
	return workers > 1 ? workers * KIND_COUNT * RING_SIZE : 0;
}

static struct rte_ring *make_ring(enum kind kind, unsigned from, unsigned to)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", kind == TO_RUN ? "run" : "send", from, to);
	return rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int handoff_open(struct handoff *handoff, unsigned workers)
{
	bool all = true;

	handoff->workers = workers;
	handoff->rings = calloc(ring_count(workers), sizeof(struct rte_ring *));
	for (unsigned i = 0; handoff->rings != NULL && all && i < ring_count(workers); i++) {
		enum kind kind = (enum kind)(i / (workers * workers));
		unsigned from = i / workers % workers, to = i % workers;

		if (from == to)
			continue;
		handoff->rings[i] = make_ring(kind, from, to);
		all = handoff->rings[i] != NULL;
	}
	if (handoff->rings != NULL && all)
		return 0;
	log_line("no memory for the rings between %u workers", workers);
	return -1;
}

static void drain(struct rte_ring *ring)
{
	void *mbuf;

	while (rte_ring_sc_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
}

void handoff_close(struct handoff *handoff)
{
	for (unsigned i = 0; handoff->rings != NULL && i < ring_count(handoff->workers); i++) {
		if (handoff->rings[i] == NULL)
			continue;
		drain(handoff->rings[i]);
		rte_ring_free(handoff->rings[i]);
	}
	free(handoff->rings);
	handoff->rings = NULL;
}

void handoff_wire(const struct handoff *handoff, unsigned worker, struct handoff_peer *peers)
{
	for (unsigned other = 0; other < handoff->workers; other++) {
		struct handoff_peer *peer = &peers[other];

		peer->to_run.ring = *place(handoff, TO_RUN, worker, other);
		peer->to_send.ring = *place(handoff, TO_SEND, worker, other);
		peer->run = *place(handoff, TO_RUN, other, worker);
		peer->send = *place(handoff, TO_SEND, other, worker);
	}
}

unsigned handoff_flush(struct handoff_batch *batch)
{
	unsigned taken =
		rte_ring_sp_enqueue_burst(batch->ring, (void **)batch->mbufs, batch->count, NULL);
	unsigned left = batch->count - taken;

	memmove(batch->mbufs, batch->mbufs + taken, left * sizeof(batch->mbufs[0]));
	batch->count = 0;
	return left;
}
