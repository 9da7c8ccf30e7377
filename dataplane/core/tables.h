/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Taking over generations of `tables`, and the snapshot that workers forward
 * by.
 *
 * Life-cycle: tables_take() copies what changed out of the shared file,
 * validates the copies and builds a snapshot beside the one in use, sharing
 * the objects both have. The caller switches its workers to it by one release
 * store, waits until each has passed a quiescent state, and calls
 * snapshot_release() on the old one.
 *
 * Synchronization: everything here is the main thread's. A snapshot is
 * immutable; workers read it without any lock.
 */
#pragma once

#include "dataplane/abi/tables.h"
#include "dataplane/core/ip_address.h"
#include "dataplane/core/port.h"
#include "dataplane/core/way.h"

#include <stddef.h>

/* Where copies live: huge-page memory in the dataplane, malloc() in tests. */
struct allocator {
	void *(*allocate)(void *context,
			  size_t size); /* 64-byte aligned, zeroed; NULL: no memory */
	void (*release)(void *context, void *memory);
	void *context;
};

/* One row of the service look-up: (address, port, protocol) -> service. */
struct listener_slot {
	struct ip_address address;
	uint16_t port;    /* host order */
	uint8_t protocol; /* 0: empty slot */
	uint16_t service;
};

/* Listeners of several ports, those of one address and protocol side by side: ranges
 * by port, every port behind them. */
struct listener_range {
	uint16_t port_first, port_last;
	uint16_t service;
};

/* (address, protocol) -> where its ranges are. */
struct range_slot {
	struct ip_address address;
	uint8_t protocol; /* 0: empty slot */
	uint32_t first, count;
};

/* A backend's address and port as steering and the engine match it; port 0: any port. */
struct endpoint_slot {
	struct ip_address address;
	uint16_t port;
	uint8_t protocol; /* 0: empty slot */
};

struct local_slot {
	struct ip_address address; /* zero: empty slot */
	uint16_t port_first, port_last;
};

/* An address that moves with a VRRP group; zero: empty slot. */
struct group_slot {
	struct ip_address address;
	uint8_t group;
};

/* What the packet path asks of a service with every packet. */
struct service_rule {
	uint32_t epoch;                       /* 0: there is none */
	uint32_t timeouts[ABI_TIMEOUT_COUNT]; /* in ticks, with one more: last_seen is rounded down
					       */
	bool turned;        /* its mode was another one: with several workers, so were the owners */
	uint8_t group;      /* VRRP group; 0: none */
	bool resets;        /* connections of backends that are down */
	uint16_t mss_clamp; /* 0: none */
} __attribute__((aligned(32)));

/* What it asks of a backend. */
struct backend_rule {
	uint32_t epoch;  /* 0: there is none */
	uint8_t state;   /* enum abi_backend_state */
	uint8_t watched; /* a bit for each direction whose packets may not just go on */
	bool expired;
	struct way way; /* to its next hop */
} __attribute__((aligned(32)));

_Static_assert(sizeof(struct service_rule) == 32, "two to a cache line");
_Static_assert(sizeof(struct backend_rule) == 32, "two to a cache line");

struct object; /* core/snapshot.h */

/* How long each array and table of a snapshot must be. */
struct snapshot_extent {
	uint32_t indexes[ABI_KIND_END]; /* highest index of a kind + 1 */
	uint32_t listeners, ranges, endpoints, locals, hosts, grouped, next_hops, routes;
};

/*
 * Sizes of the open-addressed tables below are powers of two, at least twice
 * what they hold; mask = size - 1.
 */
struct snapshot {
	uint64_t instance; /* of the file: which line of generations */
	uint64_t generation;
	uint64_t revision;
	const struct abi_settings *settings;
	/* Indexed by the ABI's indexes; NULL where there is none. */
	const struct abi_service **services;
	const struct abi_backend **backends;
	const struct abi_ring **rings;
	const struct abi_next_hop **next_hops;
	const struct abi_local_pool **local_pools;
	uint32_t service_count, backend_count, ring_count, next_hop_count, local_pool_count;
	const struct abi_routes *routes;                   /* NULL: none */
	const struct abi_host_addresses *host_addresses;   /* NULL: none */
	const struct abi_group_addresses *group_addresses; /* NULL: none */
	uint64_t groups; /* a bit for each VRRP group whose lease is to be asked for */

	struct owner_roles *owner_roles; /* what addresses say of owners; NULL: one worker */

	/* Indexed as services and backends are. */
	bool any_turned; /* of the services below */
	struct service_rule *service_rules;
	struct backend_rule *backend_rules;

	struct listener_slot *listeners; /* of a single port */
	uint32_t listener_mask;
	struct listener_range *ranges; /* of several */
	struct range_slot *range_slots;
	uint32_t range_mask;
	struct endpoint_slot *dnat_endpoints; /* where dnat services send */
	uint32_t dnat_endpoint_mask;
	struct local_slot *locals; /* addresses of local pools */
	uint32_t local_mask;
	struct ip_address *host_set; /* addresses of this host; zero: empty */
	uint32_t host_mask;
	struct group_slot *grouped; /* addresses of VRRP groups */
	uint32_t grouped_mask;

	/* Of the look-ups below only: addresses alone, and positions + 1 (0: empty slot). */
	struct ip_address *service_addresses, *dnat_addresses;
	uint32_t service_address_mask, dnat_address_mask;
	uint32_t *neighbours, *macs; /* next hops by address, by MAC */
	uint32_t next_hop_mask;
	uint32_t *route_rows;
	uint32_t route_mask;
	/* The lengths of prefixes there are, longest first, of 128 bits. */
	uint8_t route_lengths[129];
	uint8_t route_length_count;

	/* What it holds a share of, in the directory's order, and where memory goes back to. */
	struct object **objects;
	uint32_t object_count;
	struct snapshot_extent extent;
	struct allocator allocator;
};

enum tables_outcome {
	TABLES_TAKEN,     /* *out is a new snapshot */
	TABLES_UNCHANGED, /* the generation is the one in use */
	TABLES_NONE,      /* nothing published yet */
	TABLES_TORN,      /* overtaken by the writer; try again */
	TABLES_REFUSED    /* the reason says why; the one in use goes on */
};

/*
 * The file, read by copying. Others may write to it, cut it or fill it with
 * rubbish at any moment: nothing here looks at a byte of it twice.
 */
struct tables_source {
	/* Copies `length` bytes from `offset` on; false: they are not there (any more). */
	bool (*read)(void *context, uint64_t offset, void *to, size_t length);
	void *context;
	uint64_t size; /* of the file, by fstat() */
};

/* What the file begins with. While this and the size stay as they are there is nothing new in it.
 */
struct tables_head {
	struct abi_file file;
	uint64_t published;
};

/* How many ports next hops and routes may name, and what they are (NULL: of no matter); whether
 * there are workers to tell apart. */
struct tables_limits {
	uint16_t port_count;
	const struct engine_port *ports;
	bool several_workers;
};

/*
 * `current`, the snapshot in use whatever file it came from, may be NULL.
 * `reason` (of `reason_size` bytes) gets a sentence with TABLES_REFUSED;
 * *generation the generation it is about (0: the file is too short to say).
 */
enum tables_outcome tables_take(const struct tables_source *source, const struct snapshot *current,
				const struct tables_limits *limits,
				const struct allocator *allocator, struct snapshot **out,
				uint64_t *generation, char *reason, size_t reason_size);

/* Frees the snapshot and what no other one shares. NULL is allowed. */
void snapshot_release(struct snapshot *snapshot);

/*
 * Look-ups of the packet path; ports are host order. Of the listeners that fit
 * the one with fewest ports is found.
 */
const struct abi_service *snapshot_find_service(const struct snapshot *snapshot,
						const struct ip_address *address, uint16_t port,
						uint8_t protocol, uint32_t *index);
/* Also true when the backend keeps the destination's port, whatever `port` is. */
bool snapshot_is_dnat_endpoint(const struct snapshot *snapshot, const struct ip_address *address,
			       uint16_t port, uint8_t protocol);
bool snapshot_is_dnat_address(const struct snapshot *snapshot, const struct ip_address *address);
bool snapshot_is_service_address(const struct snapshot *snapshot, const struct ip_address *address);
/* True when the address is local and the port in its range. */
bool snapshot_is_local(const struct snapshot *snapshot, const struct ip_address *address,
		       uint16_t port);
bool snapshot_is_local_address(const struct snapshot *snapshot, const struct ip_address *address);
bool snapshot_is_host_address(const struct snapshot *snapshot, const struct ip_address *address);
/* The VRRP group an address moves with; 0: none. */
uint8_t snapshot_find_group(const struct snapshot *snapshot, const struct ip_address *address);
/* Linux's route to the address through our ports; NULL: none. */
const struct abi_route *snapshot_find_route(const struct snapshot *snapshot,
					    const struct ip_address *address);
/*
 * The neighbour with this address, resolved or not, or with this MAC and VLANs,
 * on this port; ABI_NONE: not known. A router has a neighbour of each family
 * with one MAC: of those one of this family is found first.
 */
uint32_t snapshot_find_neighbour(const struct snapshot *snapshot, uint16_t port,
				 const struct ip_address *address);
uint32_t snapshot_find_mac(const struct snapshot *snapshot, uint16_t port, uint16_t vlan,
			   uint16_t outer_vlan, const uint8_t mac[6], uint8_t family);

/* Whether the service takes new flows from this client. */
bool snapshot_allows(const struct abi_service *service, const struct ip_address *client);

/* The way to a next hop (any index); way->known is 0 when it has no MAC. */
void snapshot_way(const struct snapshot *snapshot, const struct tables_limits *limits,
		  uint32_t next_hop, struct way *way);
