/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Publishing: turns configuration, health and neighbours into objects of
 * `tables` and makes the changed ones a new generation. The only writer of the
 * file; the control plane's one thread.
 *
 * Indexes and epochs are kept for the life of an object, across restarts too:
 * publisher_open() adopts a file it finds. A backend is known by its pool's
 * name, its own name, address and port; one that left the configuration stays,
 * draining, until its flows ended or drain_timeout is over, and then, expired, until they ended by
 * resets or a minute is over. So long it is also
 * reached in the ways of services that left it. When the indexes do not suffice
 * for those that drain, the ones that have drained longest go before their time.
 * Of other kinds what finds no index, since those that leave have them, is put
 * in by a second generation right behind the first.
 */
#pragma once

#include "config/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct publisher;

/*
 * A neighbour on a link: a port's, or a VLAN's on it. `port` is its position in
 * config->dataplane.ports, `vlan` and `outer_vlan` are as in struct abi_next_hop.
 */
struct publish_next_hop {
	struct address address;
	uint8_t mac[6];
	uint16_t port, vlan, outer_vlan;
	uint16_t mtu;
	bool resolved;
};

struct publish_route {
	struct address prefix;
	uint8_t length;                  /* of the address's own family */
	uint16_t port, vlan, outer_vlan; /* the link it leads to */
	bool on_link;
	struct address gateway; /* unless on_link */
};

/* Of each backend of config->pools, in their order, pool after pool. */
struct publish_backend {
	bool up;        /* by its health checks (or has none) */
	bool undecided; /* its first check has not ended: not up, but what is open with it goes on
			 */
	bool has_next_hop;
	uint16_t port, vlan, outer_vlan; /* the link of its next hop, */
	struct address next_hop;         /* one of next_hops */
};

struct publish_input {
	const struct config *config;
	const struct publish_backend *backends;
	size_t backend_count;
	const struct publish_next_hop *next_hops;
	size_t next_hop_count;
	const struct publish_route *routes;
	size_t route_count;
	const uint8_t *group_numbers; /* of config->vrrp_groups, in their order; see abi/lease.h */
	const struct address *host_addresses;
	size_t host_address_count;
	uint64_t now_ms; /* CLOCK_MONOTONIC */
	/* Flows the dataplane has with the backend of this index; for draining ones. */
	uint64_t (*flows_of_backend)(void *context, uint32_t index);
	void *context;
};

/* Opens `tables` in run_dir, adopting what is there when it is whole; 0 or -errno. */
int publisher_open(const char *run_dir, struct publisher **out);
void publisher_close(struct publisher *publisher);

/*
 * Publishes what changed; 1 when there is a new generation, 0 when nothing
 * changed, or -errno: then publisher_reason() says why, and the last
 * generation goes on.
 */
int publisher_publish(struct publisher *publisher, const struct publish_input *input);

/* A sentence about the last call of publisher_publish() that failed. */
const char *publisher_reason(const struct publisher *publisher);

/* Removed backends that the last call had no index for any more, though they had flows. */
size_t publisher_cut_short(const struct publisher *publisher);

uint64_t publisher_generation(const struct publisher *publisher);
/* True when the generation was found in the file, not made by this process. */
bool publisher_adopted(const struct publisher *publisher);

/*
 * False: somebody took our file away, cut it, or wrote over its head. The next
 * publish puts a whole one there.
 */
bool publisher_is_installed(const struct publisher *publisher);
/* A reader refuses what we wrote: the next publish does not believe what the file holds. */
void publisher_doubt(struct publisher *publisher);

/* When publishing again is due though nothing changed (a drain's end); 0: never. CLOCK_MONOTONIC,
 * ms. */
uint64_t publisher_next_due(const struct publisher *publisher);

/* Index of a backend or service in `tables` and the counters; -ENOENT before it was published. */
int publisher_backend_index(const struct publisher *publisher, const char *pool,
			    const struct config_backend *backend);
int publisher_service_index(const struct publisher *publisher, const char *service);

/* The epoch that flows of the index's holder carry; 0: nobody has it. */
uint32_t publisher_backend_epoch(const struct publisher *publisher, uint32_t index);
uint32_t publisher_service_epoch(const struct publisher *publisher, uint32_t index);

/* True when any of these may be another one than at the last call. */
bool publisher_moved_indexes(struct publisher *publisher);

/*
 * State (enum abi_backend_state) under which the adopted or last generation has it; -ENOENT, also
 * when it was removed: nobody checks those, and when it comes back it is new.
 */
int publisher_backend_state(const struct publisher *publisher, const char *pool,
			    const struct config_backend *backend);

/* A backend that left the configuration and still has flows. */
struct publish_removed {
	const char *name; /* "pool/backend", cut to 63; until the next publisher_publish() */
	struct address address;
	uint16_t port;
	uint32_t index;
	uint64_t removed_at; /* CLOCK_MONOTONIC, ms */
};

/* The first of them at index `from` or behind it; -ENOENT: no more. */
int publisher_next_removed(const struct publisher *publisher, uint32_t from,
			   struct publish_removed *out);

/* Where dnat flows may still be, open ones of backends that no service sends to any more too. */
struct publish_endpoint {
	struct address address;
	uint16_t port;
	bool is_tcp, is_udp;
	uint32_t index; /* of the backend */
};

/* The first of the last generation at index `from` or behind it; -ENOENT: no more. */
int publisher_next_endpoint(const struct publisher *publisher, uint32_t from,
			    struct publish_endpoint *out);
