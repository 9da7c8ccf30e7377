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
 *
 * And the same once more of IPv6, on the same ports with the same MACs:
 *
 *   clients 2001:db8:c::/64             backends 2001:db8:1::1 .. ::3
 *
 * services 2001:db8:5::10, ::11, ::20; local addresses 2001:db8:1::250, ::251;
 * the balancer's own address 2001:db8:1::254.
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
#define LOCAL_TOO     "10.0.1.251"
#define SELF          "10.0.1.254"
#define CLIENT6       "2001:db8:c::7"
#define DNAT6         "2001:db8:5::10"
#define DNAT6_TOO     "2001:db8:5::11"
#define FULL_NAT6     "2001:db8:5::20"
#define LOCAL6        "2001:db8:1::250"
#define LOCAL6_TOO    "2001:db8:1::251"
#define SELF6         "2001:db8:1::254"
#define DNAT_PORT     8080
#define FULL_NAT_PORT 9090

/* Indexes in the tables of IPv4's objects; IPv6's follow, in the same order. */
enum { SERVICE_DNAT_TCP, SERVICE_DNAT_UDP, SERVICE_TOO, SERVICE_FULL_TCP, SERVICE_FULL_UDP };
enum { RING_DNAT, RING_FULL_NAT, RING_NOBODY };
enum { HOP_BACKEND_1, HOP_BACKEND_2, HOP_BACKEND_3, HOP_ROUTER };

#define SERVICES_EACH 5
#define BACKENDS_EACH 6 /* three at DNAT_PORT, the same three at FULL_NAT_PORT */
#define RINGS_EACH    3
#define HOPS_EACH     4

/* What is called how in a family's half of the world. */
struct half {
	uint8_t family;
	const char *client, *far_client; /* the latter is behind the router */
	const char *dnat, *dnat_too, *full_nat, *local, *local_too, *self;
	const char *backends[3];
	uint32_t service, backend, ring, hop, local_pool; /* indexes of its first ones */
};

extern const struct half halves[FAMILY_COUNT];

/* What has in a half the place that this address has in IPv4's, NULL included. */
const char *half_twin(const struct half *half, const char *ipv4);

/* A test case for each family; its state is the half. */
#define OF_BOTH_FAMILIES(test)                                                           \
	{#test "_ipv4", test, NULL, NULL, (void *)(uintptr_t)&halves[FAMILY_IPV4]},      \
	{                                                                                \
#test "_ipv6", test, NULL, NULL, (void *)(uintptr_t)&halves[FAMILY_IPV6] \
	}

#define MAC_CLIENT 0xc1
#define MAC_ROUTER 0xc9
#define MAC_PORT_0 0xa0
#define MAC_PORT_1 0xa1

struct world {
	struct snapshot_builder *builder;
	struct snapshot *snapshot;
	struct engine engine;
	struct abi_counters_block *counters;
	void *flows_file, *flows_working[FAMILY_COUNT], *fragments;
	uint64_t now_ms;
	uint64_t packets; /* run so far */
};

/* Room for so many flows of each family. */
struct world *world_new(uint32_t flow_capacity);
void world_free(struct world *world);

/* The builder's objects become the generation in use. */
void world_publish(struct world *world);

/* Runs one frame, in place; its verdict. *out_port (or NULL) gets the way out. */
uint8_t world_run(struct world *world, struct frame *frame, uint16_t in_port, uint16_t *out_port);

/* A client's packets from its port 4000: a SYN to port 80, a question to UDP port 53. */
struct frame_spec syn_to(const char *service);
struct frame_spec ask(const char *service);

/* Runs a client's packet on port 0, CLIENT's or CLIENT6's when it does not say; `frame` may be
 * NULL. */
uint8_t world_client(struct world *world, const struct frame_spec *spec, struct frame *frame);
/* Answers a frame that went to a backend, on port 1: *answer is what then goes to the client. */
uint8_t world_answer(struct world *world, struct frame *request, uint8_t flags,
		     struct frame *answer);

/* Lets time pass and ages until nothing is left to do. */
void world_wait(struct world *world, uint64_t milliseconds);

/* Flows of both families. */
uint32_t world_flow_count(const struct world *world);
/* The only one there is. */
const struct abi_flow *world_only_flow(const struct world *world);

/* Where a frame is going, and from where. */
struct ip_address frame_source(struct frame *frame);
struct ip_address frame_destination(struct frame *frame);
uint16_t frame_source_port(struct frame *frame);
uint16_t frame_destination_port(struct frame *frame);
/* The number of the backend a frame is going to (0 to 2), by its address. */
unsigned frame_backend(struct frame *frame);

/* Fails unless the address is the one in the text. */
void check_address(const struct ip_address *address, const char *text);

/* The law: as many verdicts counted as packets run. */
void world_check_law(const struct world *world);
