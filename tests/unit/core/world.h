/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * An engine with the tables around it:
 *
 *   clients 203.0.113.0/24 --(port 0)-- engine --(port 1)-- backends 10.0.1.1 .. .3
 *   (MAC ..:c1, router ..:c9)  MAC ..:a0    MAC ..:a1        (MAC ..:b1 .. b3)
 *
 * dnat services 198.51.100.10:80/tcp, :53/udp, and 198.51.100.11:80/tcp; full-nat
 * services 198.51.100.20:80/tcp, :53/udp; one ring of three backends at port 8080
 * (dnat) and one at port 9090 (full NAT); local addresses 10.0.1.250, .251 with ports
 * 1024 to 65535. The balancer's own address is 10.0.1.254.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/flow_table.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/frames.h"
#include "tests/unit/core/snapshot_builder.h"

#define TCP 6
#define UDP 17

#define CLIENT        "203.0.113.7"
#define DNAT          "198.51.100.10"
#define DNAT_TOO      "198.51.100.11"
#define FULL_NAT      "198.51.100.20"
#define LOCAL         "10.0.1.250"
#define SELF          "10.0.1.254"
#define DNAT_PORT     8080
#define FULL_NAT_PORT 9090

/* Indexes in the tables. */
enum { SERVICE_DNAT_TCP, SERVICE_DNAT_UDP, SERVICE_TOO, SERVICE_FULL_TCP, SERVICE_FULL_UDP };
enum { RING_DNAT, RING_FULL_NAT, RING_NOBODY };
enum { HOP_BACKEND_1, HOP_BACKEND_2, HOP_BACKEND_3, HOP_ROUTER };

#define MAC_CLIENT 0xc1
#define MAC_ROUTER 0xc9
#define MAC_PORT_0 0xa0
#define MAC_PORT_1 0xa1

struct world {
	struct snapshot_builder *builder;
	struct snapshot *snapshot;
	struct engine engine;
	struct abi_counters_block *counters;
	void *flows_file, *flows_working[FAMILY_COUNT];
	uint64_t now_ms;
	uint64_t packets; /* run so far */
};

struct world *world_new(uint32_t flow_capacity);
void world_free(struct world *world);

/* The builder's objects become the generation in use. */
void world_publish(struct world *world);

/* Runs one frame, in place; its verdict. *out_port (or NULL) gets the way out. */
uint8_t world_run(struct world *world, struct frame *frame, uint16_t in_port, uint16_t *out_port);

/* Runs a client's packet on port 0; `frame` may be NULL. */
uint8_t world_client(struct world *world, const struct frame_spec *spec, struct frame *frame);
/* Answers a frame that went to a backend, on port 1: *answer is what then goes to the client. */
uint8_t world_answer(struct world *world, struct frame *request, uint8_t flags,
		     struct frame *answer);

/* Lets time pass and ages until nothing is left to do. */
void world_wait(struct world *world, uint64_t milliseconds);

/* Where a frame is going, and from where. */
uint32_t frame_source(struct frame *frame);
uint32_t frame_destination(struct frame *frame);
uint16_t frame_source_port(struct frame *frame);
uint16_t frame_destination_port(struct frame *frame);

/* The law: as many verdicts counted as packets run. */
void world_check_law(const struct world *world);
