/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `status`: what the dataplane says of itself. Written by its main thread
 * (heartbeats: by each worker), read by anyone at any time. Texts are written
 * once at start, `refusal` under `refusal_version` (odd while being written).
 */
#pragma once

#include "dataplane/abi/file.h"
#include "dataplane/abi/tables.h"

#define ABI_MAX_WORKERS 64

enum abi_dataplane_state { ABI_DATAPLANE_STARTING, ABI_DATAPLANE_RUNNING, ABI_DATAPLANE_STOPPING };

/* Whether the port's card spreads packets over the workers' queues. */
enum abi_rss {
	ABI_RSS_NONE,   /* it does not, or there is one worker */
	ABI_RSS_SET,    /* by our key and redirection table */
	ABI_RSS_REFUSED /* it did not take them */
};

/* Whether packets come to the workers that own them. */
enum abi_delivery {
	ABI_DELIVERY_ALONE, /* one worker, or a writer that does not tell */
	ABI_DELIVERY_TO_OWNERS,
	ABI_DELIVERY_TO_ANY /* they are asked for their owner first, and handed over */
};

/* Whether the port's card says of packets that their TCP or UDP checksum is wrong. */
enum abi_checksums {
	ABI_CHECKSUMS_NOBODY,  /* it does not, or a writer that does not tell */
	ABI_CHECKSUMS_BY_CARD, /* it does: such packets are dropped */
	ABI_CHECKSUMS_MISTAKEN /* it did, and was wrong: it is not heard any more */
};

struct abi_status_port {
	char name[ABI_NAME_SIZE];   /* as in the configuration */
	char device[ABI_NAME_SIZE]; /* as in the configuration, cut */
	char driver[24];            /* DPDK's name of it */
	uint16_t queues;            /* receive queues; 0: a writer that does not tell */
	uint8_t rss;                /* enum abi_rss */
	uint8_t delivery;           /* enum abi_delivery; refreshed every second */
	uint8_t checksums;          /* enum abi_checksums; refreshed every second */
	uint8_t buffers_used; /* per cent of the pool its buffers are of, which other ports may
			       * share, rounded up; 0: a writer that does not tell; refreshed
			       * every second */
	uint8_t reserved[2];
	char tap[16];             /* Linux's name of the kernel path; empty: none */
	uint32_t interface_index; /* Linux's; 0: no interface */
	uint8_t mac[6];
	uint16_t mtu;
	uint64_t link_up;
	/* Losses before us, as the driver counts them; refreshed every second. */
	uint64_t missed;    /* receive ring full */
	uint64_t no_buffer; /* mempool empty */
	uint64_t rx_errors;
	uint64_t tx_errors;
};

struct abi_status_worker {
	uint64_t heartbeat; /* CLOCK_MONOTONIC, ns, of the last turn of its loop (about every ms) */
	uint32_t cpu;
	uint32_t flow_capacity;
	uint64_t flows;    /* records in use, of IPv4 */
	uint64_t taken_at; /* CLOCK_MONOTONIC, ns, when it had `generation_taken`; 0: not yet */
	uint64_t flows_ipv6;
	uint32_t flow_capacity_ipv6;
	uint8_t reserved[20];
};

struct abi_status {
	struct abi_file file;
	uint64_t started; /* CLOCK_REALTIME, ns */
	uint32_t state;   /* enum abi_dataplane_state */
	uint32_t worker_count;
	uint32_t port_count;
	uint32_t cycles_per_us;      /* of the clock that latencies are counted by */
	uint64_t heartbeat;          /* main thread, CLOCK_MONOTONIC, ns */
	uint64_t tables_instance;    /* of the `tables` file the generation is from */
	uint64_t generation_taken;   /* workers forward by it; 0: none yet */
	uint64_t generation_refused; /* the last one refused; 0: none */
	uint64_t refusals;           /* how many */
	uint64_t torn_copies;        /* copies retried because the object was being reused */
	uint64_t take_nanoseconds;   /* how long the last take took */
	uint64_t refusal_version;
	char refusal[256]; /* why generation_refused was */
	char version[32];  /* of the program */
	struct abi_status_port ports[ABI_MAX_PORTS];
	struct abi_status_worker workers[ABI_MAX_WORKERS];
};
