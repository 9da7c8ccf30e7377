/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `tables`: what the control plane wants forwarded. One writer; the reader is
 * the dataplane's main thread, which copies, never the workers.
 *
 * Layout: a header with two roots, then a heap of objects. A generation is a
 * directory: a list of references to objects (settings, services, backends,
 * rings, next hops, ...). To publish, the writer places each object that
 * changed, and the new directory, where neither of the last two generations
 * has anything; fills roots[generation % 2]; and stores `published` with
 * release order. Unchanged objects stay where they are: their reference, birth
 * generation included, is the same as before.
 *
 * The reader loads `published` (acquire), copies that root, checks its sum,
 * copies the directory, checks its sum, and copies each object whose (kind,
 * index, birth) it does not hold yet. A sum that is wrong means that the place
 * was reused meanwhile: it starts again from `published`. It validates the
 * copies: lengths, every index, every bound. What fails is refused with a
 * sentence in `status`, and the generation in use goes on.
 *
 * Indexes are stable: an object keeps its index for life, and the counters' row
 * with it. `epoch` tells one holder of an index from the next: a flow record
 * holds index and epoch, and an index is not given to another object while a
 * record may mean it.
 *
 * file.instance names a line of generations: a process that adopts the file, or
 * makes a larger one of it, keeps it and goes on counting.
 *
 * Addresses are 16 bytes, network order, IPv4 as ::ffff:a.b.c.d. Ports are host
 * order. Times are milliseconds.
 */
#pragma once

#include "dataplane/abi/file.h"

#define ABI_NONE 0xffffffffu

#define ABI_MAX_PORTS          16
#define ABI_MAX_SERVICES       4096
#define ABI_MAX_BACKENDS       16384
#define ABI_MAX_RINGS          4096
#define ABI_MAX_NEXT_HOPS      16384
#define ABI_MAX_LOCAL_POOLS    256
#define ABI_MAX_ROUTES         16384
#define ABI_MAX_LISTENERS      1024 /* of one service */
#define ABI_MAX_RANGES         4096 /* of clients a service allows, and as many it denies */
#define ABI_MAX_POOL_ADDRESSES 1024
#define ABI_MAX_HOST_ADDRESSES 4096
#define ABI_MAX_GROUPS         63 /* a bit for each, and one for group 0, in 64 */
#define ABI_MAX_RING_SIZE      1048573
#define ABI_MAX_OBJECTS        262144 /* of a generation; with room for kinds to come */
#define ABI_NO_BACKEND         0xffff /* a slot that names nobody */

enum abi_kind {
	ABI_SETTINGS = 1,    /* one: struct abi_settings */
	ABI_SERVICE,         /* struct abi_service with its listeners */
	ABI_BACKEND,         /* struct abi_backend */
	ABI_RING,            /* struct abi_ring with its slots */
	ABI_NEXT_HOP,        /* struct abi_next_hop */
	ABI_LOCAL_POOL,      /* struct abi_local_pool with its addresses */
	ABI_ROUTES,          /* one: struct abi_routes with its rows */
	ABI_HOST_ADDRESSES,  /* one: struct abi_host_addresses with its rows */
	ABI_GROUP_ADDRESSES, /* one: struct abi_group_addresses with its rows; none: no groups */
	ABI_KIND_END
};

/*
 * A reference to an object; the directory is an array of these, sorted by kind, then index. No
 * two objects overlap. A reader passes over kinds it does not know.
 */
struct abi_ref {
	uint32_t kind;
	uint32_t index;
	uint64_t birth;    /* generation that brought these bytes */
	uint64_t offset;   /* from the start of the file, a multiple of 64 */
	uint64_t length;   /* bytes */
	uint64_t checksum; /* abi_checksum() of them */
};

struct abi_root {
	uint64_t generation;
	uint64_t revision; /* of the configuration it was made from */
	uint64_t directory_offset;
	uint64_t directory_count;    /* references */
	uint64_t directory_checksum; /* abi_checksum() of the references */
	uint64_t published_at;       /* CLOCK_MONOTONIC, ns: for measuring how long taking takes */
	uint64_t reserved;
	uint64_t checksum; /* abi_checksum() of the fields above */
};

struct abi_tables {
	struct abi_file file;
	uint64_t published; /* generation; 0: none yet. Release store, acquire load */
	uint8_t reserved[56];
	struct abi_root roots[2];
	/* the heap begins at ABI_TABLES_HEAP */
};

#define ABI_TABLES_HEAP 4096

enum abi_forwarding { ABI_DNAT = 1, ABI_FULL_NAT };
enum abi_hash_on { ABI_HASH_ADDRESS = 1, ABI_HASH_ADDRESS_PORT };
enum abi_when_down { ABI_WHEN_DOWN_RESET = 1, ABI_WHEN_DOWN_DROP };
enum abi_on_backend_down { ABI_BACKEND_DOWN_KEEP = 1, ABI_BACKEND_DOWN_RESET };

struct abi_settings {
	uint64_t ring_key[2]; /* of the slot of a client; the same on every node */
	uint32_t node_id;     /* 0 or 1 */
	uint32_t node_count;  /* 1, or 2 when a peer is configured: local ports are halved */
	uint8_t reserved[40];
};

/* Flow timeouts, in this order. */
enum abi_timeout {
	ABI_TIMEOUT_TCP_HALF_OPEN,
	ABI_TIMEOUT_TCP_ESTABLISHED,
	ABI_TIMEOUT_TCP_CLOSING,
	ABI_TIMEOUT_UDP,
	ABI_TIMEOUT_UDP_ONE_SHOT, /* one question, one answer */
	ABI_TIMEOUT_COUNT
};

/*
 * Of the listeners that fit a packet the one with fewest ports is meant: a
 * single port, a range, every port (1 to 65535). Of one address and protocol no
 * two listeners of the same of these three have a port in common.
 */
static inline uint8_t abi_address_family(const uint8_t address[16])
{
	for (int i = 0; i < 12; i++)
		if (address[i] != (i < 10 ? 0 : 0xff))
			return 6;
	return 4;
}

struct abi_listener {
	uint8_t address[16];
	uint16_t port_first, port_last; /* inclusive; from 1 on */
	uint8_t protocol;               /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t reserved[3];
};

/* Client addresses, first and last inclusive, of the service's family. */
struct abi_range {
	uint8_t first[16], last[16];
};

/* Its listeners are followed by the ranges it allows, then by those it denies. */
struct abi_service {
	char name[ABI_NAME_SIZE];
	uint32_t epoch;
	uint32_t ring;       /* index; ABI_NONE: no backend takes new flows */
	uint32_t local_pool; /* index; ABI_NONE with dnat */
	uint8_t family;      /* 4 or 6 */
	uint8_t forwarding;
	uint8_t hash_on;
	uint8_t when_down;
	uint8_t on_backend_down;
	uint8_t group; /* VRRP group, see lease.h; 0: none */
	uint16_t
		mss_clamp; /* most bytes of a TCP segment, by the MSS option; 0: as the hosts say */
	uint32_t timeouts[ABI_TIMEOUT_COUNT]; /* ms */
	uint32_t listener_count;
	uint32_t allow_count; /* ranges; 0: every client that is not denied */
	uint32_t deny_count;
	struct abi_listener listeners[];
};

/* Each list in ascending order, and no two of it touch. */
static inline const struct abi_range *abi_service_allow(const struct abi_service *service)
{
	return (const struct abi_range *)(const void *)&service->listeners[service->listener_count];
}

static inline const struct abi_range *abi_service_deny(const struct abi_service *service)
{
	return abi_service_allow(service) + service->allow_count;
}

enum abi_backend_state {
	ABI_BACKEND_UP = 1,   /* takes new flows */
	ABI_BACKEND_DRAINING, /* keeps its flows, takes none: drain, weight 0, removed */
	ABI_BACKEND_DOWN      /* health checks fail, or maint; or expired, see below */
};

/* Flags of a backend: in how many ways it is reached; tells what steering must match. */
#define ABI_BACKEND_DNAT     (1u << 0) /* serves a dnat service */
#define ABI_BACKEND_FULL_NAT (1u << 1)
#define ABI_BACKEND_TCP      (1u << 2) /* protocols of its dnat services */
#define ABI_BACKEND_UDP      (1u << 3)

struct abi_backend {
	char name[ABI_NAME_SIZE]; /* "pool/backend", cut */
	uint8_t address[16];
	uint16_t port; /* 0: the destination's is kept */
	uint8_t family;
	uint8_t state;
	uint32_t epoch;
	uint32_t next_hop; /* index; ABI_NONE: not known yet */
	uint32_t weight;
	uint32_t flags;
	uint64_t identity;   /* the writer's: hash of pool, name, address and port, uncut */
	uint64_t removed_at; /* the writer's: when it left the configuration; 0: it has not */
	uint32_t kept_since; /* the writer's: since when, in seconds, */
	uint8_t kept_flags;  /* only open flows need these of `flags` */
	uint8_t expired; /* 1: it was removed, and its drain ran out: its connections are reset */
	uint8_t reserved[2];
};

/*
 * Maglev look-up table (Eisenbud et al., NSDI 2016, 3.4). A client's slot is
 * (uint32 hash * size) >> 32; see core/select.h. Every slot names a backend by
 * index, or, all together, ABI_NO_BACKEND.
 */
struct abi_ring {
	uint32_t size;          /* a prime */
	uint32_t backend_count; /* distinct backends in it */
	uint64_t identity;      /* the writer's: hash of the pool's name */
	uint64_t members; /* the writer's: hash of the backends and weights it was built from */
	uint16_t slots[];
};

/* In outer_vlan: the outer tag is one of 802.1Q too; else it is of 802.1ad. */
#define ABI_OUTER_8021Q 0x8000

struct abi_next_hop {
	uint8_t address[16]; /* the neighbour's */
	uint8_t mac[6];
	uint16_t vlan; /* 0: untagged */
	uint16_t port; /* position in the configuration's dataplane.ports */
	uint16_t mtu;  /* 0: the port's */
	uint32_t epoch;
	uint32_t resolved;   /* 0: its MAC is not known (any more) */
	uint16_t outer_vlan; /* of the tag before that of `vlan`, or, of 802.1ad, alone; 0: none */
	uint16_t reserved_too;
	uint32_t reserved[6];
};

struct abi_local_pool {
	char name[ABI_NAME_SIZE];
	uint32_t epoch;
	uint16_t port_first, port_last; /* inclusive */
	uint32_t address_count;
	uint8_t group; /* VRRP group, see lease.h; 0: none */
	uint8_t reserved[3];
	uint8_t addresses[][16];
};

/* Linux's routes through our ports, longest prefix first, then by prefix; no two alike. */
struct abi_route {
	uint8_t prefix[16];
	uint8_t length; /* of the 128 bits: an IPv4 /24 is 120 */
	uint8_t reserved;
	uint16_t port;
	uint32_t next_hop; /* index of the gateway; ABI_NONE: on link */
};

struct abi_routes {
	uint32_t count;
	uint32_t reserved;
	struct abi_route rows[];
};

/* Every address Linux holds on this host, service and local addresses included. */
struct abi_host_addresses {
	uint32_t count;
	uint32_t reserved;
	uint8_t addresses[][16];
};

/*
 * Every address of a VRRP group (service, local and gateway addresses), in ascending order, no two
 * alike: without the group's lease nothing to it is answered, ARP and neighbour solicitations
 * included. They are among the host's addresses, whether this node holds them or not.
 */
struct abi_group_address {
	uint8_t address[16];
	uint8_t group; /* 1 to ABI_MAX_GROUPS */
	uint8_t reserved[7];
};

struct abi_group_addresses {
	uint32_t count;
	uint32_t reserved;
	struct abi_group_address rows[];
};
