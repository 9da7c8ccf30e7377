/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The packet engine of one worker: (bytes, tables, flows, now) -> verdicts.
 *
 * Knows nothing of DPDK and does no I/O. All memory is given to it at start.
 * Everything here belongs to one worker's thread; what it shares is read-only
 * (the snapshot) or its own to write and others' to read (counters, flows).
 *
 * A burst goes through in stages (burst.c), so that the cache misses of its
 * packets overlap. Packets of flows that are there when it begins come first,
 * in their order; then those that may begin one, in theirs; then fragments.
 */
#pragma once

#include "dataplane/abi/counters.h"
#include "dataplane/core/flow_table.h"
#include "dataplane/core/packet.h"
#include "dataplane/core/tables.h"

struct engine;
struct fragments;

/* Ports whose packets may be another worker's, a bit for each. */
struct engine_foreign {
	uint32_t first;   /* asked for their owner before anything else */
	uint32_t missing; /* only when they are of no flow of this worker's */
};

typedef void engine_burst(struct engine *engine, struct packet *packets, unsigned count,
			  uint32_t now, struct engine_foreign foreign);

/* Kinds of messages of its own: nobody uses up one with another. */
enum engine_tell {
	ENGINE_TELL_EXPIRED,
	ENGINE_TELL_TOO_BIG,
	ENGINE_TELL_REFUSED,
	ENGINE_TELL_RESET,
	ENGINE_TELL_COUNT
};

/* Messages of its own that a worker has sent of late: see engine_tell.c. */
struct engine_budget {
	uint32_t spent;
	uint32_t tick; /* of the last one */
};

/* A packet that came into being beside those of a burst: a reset to the other end. */
#define ENGINE_MADE_SIZE 74

struct engine_made {
	struct way way;
	uint32_t length;
	uint8_t frame[ENGINE_MADE_SIZE]; /* but for the Ethernet addresses */
};

/* The owner fills all of it but what engine_use() and engine_set_isa() set. */
struct engine {
	engine_burst *burst;             /* engine_set_isa() */
	const struct snapshot *snapshot; /* engine_use() */
	uint32_t era;                    /* grows with each engine_use() of another snapshot */
	struct flow_table *flows[FAMILY_COUNT];
	struct abi_counters_block *counters;
	struct engine_port ports[ABI_MAX_PORTS];
	uint16_t port_count;
	uint64_t random[2]; /* draws local ports; seeded by the caller, not all 0 */
	struct fragments *fragments;
	bool has_fragments; /* of the burst, to be run when the other packets have been */

	/* With several workers; else owner is NULL, and nothing is computed. */
	const struct owner *owner;
	const struct strays *strays; /* NULL: there are none */
	uint32_t number;             /* this worker's */
	/* A bit for each port that does not deliver to owners by itself. Of the others a packet
	 * is first looked for among this worker's flows: as right, and nothing is computed for
	 * what is there. The caller may change it between bursts. */
	uint32_t foreign;

	struct engine_budget budgets[ENGINE_TELL_COUNT];

	/* VRRP groups without a lease: see fence.h. The caller may change it between bursts. */
	uint64_t fenced;

	struct engine_made made[PACKET_BURST];
	unsigned made_count;

	uint32_t begun; /* flows, since engine_age() */

	/* The snapshot's: where it lies another one may lie later. engine_use() */
	uint64_t instance, generation;
};

/* The instruction sets the burst is compiled for: x86-64 levels of the psABI. */
enum engine_isa { ENGINE_ISA_V1, ENGINE_ISA_V3, ENGINE_ISA_V4 };

/* The best one this machine has. */
enum engine_isa engine_best_isa(void);
/* "x86-64", "x86-64-v3", "x86-64-v4". */
const char *engine_isa_text(enum engine_isa isa);
/* By its text; false: there is none so called, or the machine does not have it. */
bool engine_find_isa(const char *text, enum engine_isa *isa);
/* Must be called before engine_run(), with one that the machine has. */
void engine_set_isa(struct engine *engine, enum engine_isa isa);

/* The tables to forward by from now on; NULL: none. Between bursts. */
void engine_use(struct engine *engine, const struct snapshot *snapshot);

/*
 * Gives each of `count` (at most PACKET_BURST) packets its verdict and, where
 * it is to be sent, translates it in place: addresses, ports, checksums by
 * difference (RFC 1624), hop limit, MACs. Counts verdicts, services and
 * backends, not what ports receive and send. `now_ms` is CLOCK_MONOTONIC.
 * What is another worker's gets VERDICT_FOREIGN, is left as it came, and counts
 * nowhere. Of abi_verdict_is_told() the frame has become an ICMP error or a reset to its
 * sender, to be sent by out_port; engine_take_made() may have another one.
 * With snapshot NULL every packet goes to Linux. A packet that is not sent
 * is left as it came.
 * What waits for another packet gets VERDICT_HELD: the engine keeps it, its bytes are to stay, and
 * engine_take_held() gives it back. It counts nowhere until then.
 */
void engine_run(struct engine *engine, struct packet *packets, unsigned count, uint64_t now_ms);

/* The same of packets that another worker's engine said are this one's. */
void engine_run_owned(struct engine *engine, struct packet *packets, unsigned count,
		      uint64_t now_ms);

/* Counts the packets of a burst, which were on their way through the worker for so many cycles. */
static inline void engine_count_latency(struct engine *engine, uint64_t cycles, unsigned count)
{
	engine->counters->latency[63 - __builtin_clzll(cycles | 1)] += count;
	engine->counters->latency_cycles += cycles * count;
}

/* Ends flows whose time is over: a bounded piece of work, more than were begun since it was called
 * last. To be called once a poll. */
void engine_age(struct engine *engine, uint64_t now_ms);

/*
 * Packets that were held and have their verdict now, as engine_run() would have left them: how
 * many. To be called until there are none, after each engine_run() and engine_age().
 */
unsigned engine_take_held(struct engine *engine, struct packet packets[PACKET_BURST]);
/*
 * Writes the next packet that the engine made besides those it was given to packet->data, where
 * there is room for ENGINE_MADE_SIZE bytes, and says where it goes. False: there is none. What is
 * not taken before the next engine_run() may be lost, and counts nowhere.
 */
bool engine_take_made(struct engine *engine, struct packet *packet);

static inline bool engine_has_made(const struct engine *engine)
{
	return engine->made_count != 0;
}

/* Gives all that is held a verdict: before the end. */
void engine_give_up_held(struct engine *engine);
