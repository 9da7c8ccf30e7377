/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which worker polls a port's receive queues, and by which of its queues a
 * worker sends. A queue is used by one thread: where a port has fewer than there
 * are workers, those without one give their packets to one that has. The same
 * worker receives and sends by a queue, for the AF_XDP driver has one socket for both.
 */
#pragma once

#include <stdint.h>

/* Who polls a receive queue. Ports with few queues are spread over the workers. */
static inline unsigned queue_receiver(unsigned port, unsigned queues, unsigned queue,
				      unsigned workers)
{
	return (queue + (queues < workers ? port : 0)) % workers;
}

/* By which queue of a port a worker's packets are sent, and by whom. */
struct queue_sender {
	unsigned worker; /* itself: by its own queue */
	uint16_t queue;
};

static inline struct queue_sender queue_sender(unsigned port, unsigned queues, unsigned worker,
					       unsigned workers)
{
	if (queues >= workers)
		return (struct queue_sender){worker, (uint16_t)worker};
	for (unsigned queue = 0; queue < queues; queue++)
		if (queue_receiver(port, queues, queue, workers) == worker)
			return (struct queue_sender){worker, (uint16_t)queue};
	unsigned queue = worker % queues;
	return (struct queue_sender){queue_receiver(port, queues, queue, workers), (uint16_t)queue};
}
