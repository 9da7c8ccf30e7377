/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A worker: polls its receive queues, runs the engine over each burst, sends
 * what is to be sent, and hands over what is another worker's (handoff.h). One
 * thread on a CPU of its own; no system calls but the driver's and naps, no locks,
 * no memory taken or given back.
 *
 * Synchronization: `snapshot` is the main thread's to store (release) and the
 * worker's to load (acquire), once a turn; so are `lease`, and `foreign` and `heard` (relaxed);
 * `quiescent` tells the main thread when the worker can no longer hold an older one. `stop` ends
 * the loop. Everything else is the worker's alone once it runs.
 */
#pragma once

#include "dataplane/abi/status.h"
#include "dataplane/card_checksums.h"
#include "dataplane/core/engine.h"
#include "dataplane/handoff.h"
#include "dataplane/idle.h"
#include "dataplane/lease.h"
#include "dataplane/port.h"

#include <rte_mbuf.h>
#include <stdbool.h>

struct rte_rcu_qsbr;
struct rte_ring;

struct worker_queue {
	uint16_t port; /* ours */
	uint16_t dpdk_id;
	uint16_t queue;
};

/* Packets gathered for a port until the end of the burst. */
struct worker_output {
	uint16_t dpdk_id;
	uint16_t queue;
	unsigned sender; /* the worker that sends by it for this one: itself, or another */
	uint16_t count;
	struct rte_mbuf *mbufs[PACKET_BURST];
};

struct worker {
	/* Shared with the main thread. */
	const struct snapshot *snapshot;
	bool stop;
	uint32_t foreign; /* struct engine's; the main thread's to change */
	uint32_t heard;   /* a bit for each port whose card's word on checksums counts; too */
	struct card_word card_words[ABI_MAX_PORTS]; /* the worker's to change */
	const struct abi_lease *lease;              /* NULL: none */
	uint32_t idle_latency_us; /* set before the first turn; UINT32_MAX: not yet */

	/* Set before it starts. */
	unsigned number;
	struct rte_rcu_qsbr *quiescent;
	struct rte_ring *to_linux, *from_linux; /* from_linux NULL: another worker's */
	struct abi_status_worker *status;
	struct abi_inbox_ring *inbox;
	struct worker_queue queues[ABI_MAX_PORTS * PORT_MAX_QUEUES];
	unsigned queue_count;
	struct worker_output outputs[ABI_MAX_PORTS];
	uint16_t output_count;
	struct handoff_peer peers[ABI_MAX_WORKERS]; /* by number; its own is empty */
	unsigned worker_count;
	bool assert_owners; /* asks again of packets that others hand over, and ends the process
			       when they are wrong */
	enum config_idle idle_mode;

	struct idle idle;
	struct engine engine;
	struct lease_view lease_view;
	uint64_t judged_by; /* engine.fenced when the burst was run */
	uint64_t now_ms;
};

/* The loop; for rte_eal_remote_launch(). Returns 0 when told to stop. */
int worker_run(void *worker);
