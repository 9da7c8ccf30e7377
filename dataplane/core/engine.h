/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The packet engine of one worker: (bytes, tables, flows, now) -> verdicts.
 *
 * Knows nothing of DPDK and does no I/O. All memory is given to it at start.
 * Everything here belongs to one worker's thread; what it shares is read-only
 * (the snapshot) or its own to write and others' to read (counters, flows).
 */
#pragma once

#include "dataplane/abi/counters.h"
#include "dataplane/abi/flows.h"
#include "dataplane/core/packet.h"
#include "dataplane/core/tables.h"

struct flow_table; /* core/flow_table.h */

/* What the engine must know of a port. */
struct engine_port {
	uint8_t mac[6];
	uint16_t mtu;              /* of IP packets on the way out */
	uint8_t reply_by_route;    /* reply_path: route */
	uint8_t learn_from_anyone; /* last_hop_from: anyone */
	uint8_t any_mac;           /* takes frames whatever MAC they are for */
	uint8_t unsteered;         /* no XDP program has chosen its frames: the engine does */
};

struct engine {
	const struct snapshot *snapshot; /* the worker sets it between bursts */
	struct flow_table *flows;
	struct abi_counters_block *counters;
	struct engine_port ports[ABI_MAX_PORTS];
	uint16_t port_count;
	uint64_t random[2]; /* draws local ports; seeded by the caller, not all 0 */
};

/*
 * Gives each of `count` (at most PACKET_BURST) packets its verdict and, where
 * it is to be sent, translates it in place: addresses, ports, checksums by
 * difference (RFC 1624), hop limit, MACs. Counts verdicts, services and
 * backends, not what ports receive and send. `now_ms` is CLOCK_MONOTONIC.
 * With snapshot NULL every packet goes to Linux. A packet that is not sent
 * is left as it came.
 */
void engine_run(struct engine *engine, struct packet *packets, unsigned count, uint64_t now_ms);

/* Ends flows whose time is over: a bounded piece of work, to be called once a poll. */
void engine_age(struct engine *engine, uint64_t now_ms);
