/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `counters`: written by the dataplane, read by anyone at any time.
 *
 * One block for each worker, then one for the main thread (the kernel path),
 * each written by that thread alone with plain relaxed stores: a reader sees
 * every counter whole, but not all of the same moment. Counters only grow;
 * they start at 0 with each dataplane instance. A service's or backend's row
 * is its index in `tables`: when an index is given to another object the row
 * goes on from where it was, and the reader takes the difference.
 *
 * The law of accounts, over the sum of all blocks:
 *   received + generated + from_linux
 *     = sent + to_linux + sum of verdicts[FIRST_DROP ..] + held
 * `received` and `sent` are packets that a port's driver gave or took. A packet
 * whose verdict was TO_BACKEND or TO_CLIENT but which the driver did not take
 * is counted under verdicts[TX_FULL] too. `to_linux` counts what Linux took from a
 * tap (main thread's block); `held` is computed: what is in no other column.
 *
 * How busy a worker is: the growth of busy_cycles over that of the clock. A turn
 * that finds neither a packet nor a command is idle, whatever it costs; one that
 * finds any counts whole, from before it asks its queues to after its last packet
 * is out. So busy_cycles over the packets of the same time is what one costs.
 */
#pragma once

#include "dataplane/abi/file.h"
#include "dataplane/abi/tables.h"
#include "dataplane/abi/verdicts.h"

#define ABI_LATENCY_BUCKETS 64

struct abi_direction {
	uint64_t packets;
	uint64_t bytes; /* IP length */
};

struct abi_traffic {
	union {
		struct abi_direction directions[2]; /* by enum abi_flow_direction */
		struct {
			uint64_t packets_in, bytes_in;   /* from clients */
			uint64_t packets_out, bytes_out; /* to clients */
		};
	};
	uint64_t flows_started;
	uint64_t flows_ended;            /* started - ended: flows there are now */
	uint64_t drops;                  /* packets of this service or backend dropped */
	uint64_t client_on_backend_link; /* flows begun with dnat whose replies go past us */
};

struct abi_port_traffic {
	uint64_t received, received_bytes;
	uint64_t sent, sent_bytes;
	uint64_t to_linux, from_linux;
	uint64_t tx_full;
	uint64_t handed_over; /* of `received`: by a worker that did not own the packet */
};

struct abi_counters_block {
	uint64_t received;
	uint64_t generated;
	uint64_t from_linux;
	uint64_t sent;
	uint64_t to_linux;
	uint64_t polls;       /* turns of the loop */
	uint64_t empty_polls; /* that found no packet */
	uint64_t naps;
	uint64_t evicted; /* half-open and closing connections that gave way in a full flow table */
	uint64_t handed_over;    /* packets given to the worker that owns their flow */
	uint64_t taken_over;     /* packets that other workers gave this one */
	uint64_t latency_cycles; /* of all packets in `latency` together */
	uint64_t busy_cycles;    /* of turns that found something, by abi_status.cycles_per_us */
	uint64_t aged;           /* flows that ended because their time was over */
	uint64_t flushed;        /* flows that ended because `inbox` said so */
	uint64_t adopted;        /* connections whose record was begun in their middle */
	uint64_t verdicts[ABI_VERDICT_MAX];
	struct abi_port_traffic ports[ABI_MAX_PORTS];
	struct abi_traffic services[ABI_MAX_SERVICES];
	struct abi_traffic backends[ABI_MAX_BACKENDS];
	/*
	 * Packets received by how long the worker had them: [n] those of 2^n to 2^(n+1)
	 * cycles of abi_status.cycles_per_us. Time begins when the driver has given a burst
	 * and ends when drivers, kernel path and drops have taken all of it, so the packets
	 * of a burst have one time. What they waited for before that is not in it, nor
	 * what a fragment waited for its datagram's first one. At
	 * rest the sum is `received`.
	 */
	uint64_t latency[ABI_LATENCY_BUCKETS];
};

struct abi_counters {
	struct abi_file file;
	uint32_t worker_count;
	uint32_t block_count;  /* worker_count + 1: the last is the main thread's */
	uint64_t block_offset; /* of the first, a multiple of the cache line */
	uint64_t block_size;   /* from one to the next */
	uint8_t reserved[40];
};
