/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `flows`: the flow records, a table of IPv4 and one of IPv6 for each worker,
 * written by that worker alone; readable by anyone without asking it.
 *
 * A record stands for both directions of a flow. It is written so that the
 * process may die at any instruction: `version` is odd while the identity
 * (addresses, ports, service, backend) is being written; a reader copies the
 * record and takes it only when version was the same even number before and
 * after, and state is not FREE. What changes with each packet (last_seen,
 * state, hops) is single stores. The index from tuples to records lies behind
 * the records; it is derived: rebuilt, not trusted, after a crash.
 *
 * The client's packets go from client to service, and leave from local to
 * backend; the backend's the other way round. With dnat, local is the client
 * itself. A DIRECT record has no service and no backend (both indexes 0xffff);
 * service and backend are then both the address the client speaks to.
 *
 * last_seen and syn_time count ABI_FLOW_TICK_MS of CLOCK_MONOTONIC, modulo 2^32.
 */
#pragma once

#include "dataplane/abi/file.h"

#define ABI_FLOW_TICK_SHIFT 6 /* a tick is 64 ms: now_ms >> 6 */
#define ABI_FLOW_TICK_MS    (1u << ABI_FLOW_TICK_SHIFT)

enum abi_flow_state {
	ABI_FLOW_FREE = 0,
	ABI_FLOW_TCP_HALF_OPEN, /* SYN seen, handshake not ended */
	ABI_FLOW_TCP_ESTABLISHED,
	ABI_FLOW_TCP_CLOSING, /* a FIN from each side; or a reset, and nothing since */
	ABI_FLOW_UDP,
	ABI_FLOW_DIRECT, /* a client and a dnat backend's real address: Linux forwards it */
	ABI_FLOW_STATE_COUNT
};

/* Flags of a flow. */
#define ABI_FLOW_FULL_NAT    (1u << 0)
#define ABI_FLOW_CLIENT_FIN  (1u << 1)
#define ABI_FLOW_BACKEND_FIN (1u << 2)
#define ABI_FLOW_ANSWERED    (1u << 3) /* the backend has sent something */
#define ABI_FLOW_PEER_PORT   (1u << 4) /* the other node drew the local port */
#define ABI_FLOW_STREAM      (1u << 5) /* UDP: more than one question and one answer */
#define ABI_FLOW_WAS_OPEN    (1u << 5) /* TCP, with RESET: it was established when that came */
#define ABI_FLOW_RESET       (1u << 6) /* TCP: the last packet that says anything was a reset */

/* Which way a packet of a flow goes; index of what a record holds for each. */
enum abi_flow_direction { ABI_FLOW_FROM_CLIENT, ABI_FLOW_FROM_BACKEND };

/* As packets carry them: side by side, network order. */
struct abi_flow_ports {
	uint16_t be_source, be_destination;
};

struct abi_flow_ipv4 {
	uint32_t be_source, be_destination;
};

struct abi_flow_ipv6 {
	uint8_t be_source[16], be_destination[16];
};

/*
 * An IPv4 flow, and the first half of an IPv6 flow: one cache line. By
 * direction: [FROM_CLIENT] is client and service, [FROM_BACKEND] is backend and
 * local, so a packet of one direction is sent on with the pair of the other,
 * its ends exchanged.
 */
struct abi_flow {
	uint32_t version;
	uint8_t state;
	uint8_t protocol;
	uint8_t family; /* 4 or 6 */
	uint8_t flags;
	uint32_t last_seen;
	uint32_t syn_time;
	struct abi_flow_ipv4 addresses[2]; /* 0 with family 6 */
	struct abi_flow_ports ports[2];
	uint16_t service, backend; /* indexes in `tables` */
	uint32_t service_epoch, backend_epoch;
	uint16_t client_hop;  /* index in the table's hops; 0: none, use the route */
	uint16_t backend_hop; /* kept for links whose backends move; 0: the backend's next hop */
	uint16_t options;     /* of telling the backend the client's address */
	uint16_t reserved;
	uint32_t sync_mark;
} __attribute__((aligned(ABI_CACHE_LINE)));

/* An IPv6 flow: two cache lines. */
struct abi_flow6 {
	struct abi_flow flow;
	struct abi_flow_ipv6 addresses[2];
};

/* Where packets to a client go: learned from the packets that came from it. */
struct abi_flow_hop {
	uint8_t mac[6];
	uint16_t vlan;
	uint16_t port;
	uint16_t used;     /* 0: free */
	uint32_t next_hop; /* index in `tables` whose MAC it was; ABI_NONE: a client on the link */
	uint32_t next_hop_epoch;
	uint16_t outer_vlan; /* of the tag before that of `vlan`; 0: none. With 0x8000 it is one of
			      * 802.1Q, else of 802.1ad */
	uint16_t reserved;
};

#define ABI_FLOW_HOPS 4096

struct abi_flow_table {
	uint32_t capacity; /* records; 0: there are none */
	uint32_t hop_capacity;
	uint64_t records_offset; /* of the first, from the start of the file */
	uint64_t hops_offset;    /* struct abi_flow_hop[hop_capacity] */
	uint64_t index_offset;   /* private to the dataplane's core/ */
	uint64_t index_size;
	uint32_t record_size; /* 64: struct abi_flow, 128: struct abi_flow6 */
	uint32_t family;      /* 4 or 6 */
	uint8_t reserved[16];
};

struct abi_flows {
	struct abi_file file;
	uint32_t table_count; /* two for each worker in turn: of IPv4, of IPv6 */
	uint32_t reserved0;
	uint64_t secret[2]; /* key of the indexes */
	uint8_t boot[16];   /* Linux's boot_id: times are of that boot; 0: not told */
	uint64_t ports;     /* what `port` of a hop means: abi_checksum() of the ports' devices in
			     * order, each with its NUL; 0: not told */
	uint8_t reserved[16];
	struct abi_flow_table tables[]; /* table_count of them */
};
