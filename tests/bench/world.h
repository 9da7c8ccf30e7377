/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What is measured on: an engine with its tables in huge pages, two ports,
 * services of a family with 100 backends behind them, and frames that a burst
 * finds as a driver would leave them.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "tests/unit/core/snapshot_builder.h"

#define BENCH_BACKENDS 100
#define BENCH_FRAMES   PACKET_BURST

/* Bytes of a frame without its FCS: 64 and 84 on the wire with it. */
#define BENCH_FRAME_IPV4 60
#define BENCH_FRAME_IPV6 80

enum bench_mode { BENCH_DNAT, BENCH_FULL_NAT };

struct bench_settings {
	uint8_t family;
	enum bench_mode mode;
	uint8_t protocol;
	uint32_t capacity; /* of the family's flow table */
	uint32_t local_addresses;
	enum engine_isa isa;
	bool shares_flows; /* they lie in a file that other processes may map: flows_fd */
};

struct bench_world {
	struct bench_settings settings;
	struct engine engine;
	struct snapshot_builder *builder;
	struct snapshot *snapshot;
	void *flows_file;
	size_t flows_file_size;
	int flows_fd;
	void *working[FAMILY_COUNT], *fragments;
	size_t working_size[FAMILY_COUNT];
	uint64_t now_ms;
	uint8_t *frames; /* BENCH_FRAMES of them, each with room before and behind */
	struct packet packets[BENCH_FRAMES];
};

struct bench_world *bench_world_new(const struct bench_settings *settings);
void bench_world_free(struct bench_world *world);

/* Rules of ownership of so many workers; free() takes them back. */
struct owner *bench_owner_new(uint32_t workers);

/* Bytes mapped for the flows of the family: records, index, hops, timers. */
size_t bench_world_flow_bytes(const struct bench_world *world);

/* Zeroed memory in huge pages where they can be had. */
void *bench_memory(size_t size);
void bench_memory_free(void *memory, size_t size);

/*
 * What a frame is written from: addresses and ports of one direction of one
 * flow, and what is right for its IP header's checksum. Arrays of them are
 * BENCH_TUPLE_SIZE apart: those of IPv4 leave out the rest of the union.
 */
struct bench_tuple {
	struct abi_flow_ports ports;
	uint16_t be_ip_checksum;
	uint8_t in_port;
	uint8_t tcp_flags;
	union {
		struct abi_flow_ipv4 ipv4;
		struct abi_flow_ipv6 ipv6;
	};
};

#define BENCH_TUPLE_SIZE(family) ((family) == 4 ? 16u : 40u)

static inline struct bench_tuple *bench_tuple_at(void *tuples, uint8_t family, size_t index)
{
	return (struct bench_tuple *)(void *)((uint8_t *)tuples + index * BENCH_TUPLE_SIZE(family));
}

/* Fills in the checksum that follows from the addresses. */
void bench_complete(const struct bench_world *world, struct bench_tuple *tuple);

/* Writes frame `number` afresh and makes the packet of it, as it came from the driver. */
static inline void bench_write(struct bench_world *world, unsigned number,
			       const struct bench_tuple *from);

/* A client's tuple: clients of 10.0.0.0/8 or 2001:db8:c::/64, a flow each. */
void bench_client(const struct bench_world *world, uint32_t flow, struct bench_tuple *out);

/* The reply to a frame that went to a backend; false when it did not. */
bool bench_reply_of(const struct bench_world *world, unsigned number, struct bench_tuple *out);

#include "tests/bench/write.h"
