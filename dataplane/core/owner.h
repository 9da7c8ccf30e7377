/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which worker owns a packet: a function of the packet, the generation in use
 * and the number of workers, never of where the packet arrived. Both directions of
 * a flow have one owner; its record is in that worker's table and nowhere else.
 *
 * A redirection table (RETA) of a power of two of entries names a worker for
 * each value of a Toeplitz hash's lowest bits: as a network card does it, so
 * that a card with the same key and table delivers to the owner by itself. What is
 * hashed:
 *
 * - Of full NAT, addresses and ports as they lie in the packet. The backend's
 *   replies have others; the local port was drawn so that they lead to the same
 *   worker (owner_draw_port).
 * - Of dnat, the client's address and port, which both directions have: the source
 *   of what goes to a service, the destination of what comes from a dnat backend.
 *   The backend's side cannot be hashed with it: it is not chosen yet when the
 *   owner of the first packet is asked for.
 * - Of connections to a dnat backend's own address (decision 1), the same: the
 *   destination of what comes from a dnat endpoint, else the source. A connection
 *   between two dnat endpoints has one owner for each direction, then: to either
 *   of them it is what a packet *to* an endpoint is, Linux's. It cannot be told
 *   from the reply to an endpoint that is a dnat service's client, which must meet
 *   its flow.
 * - ICMP errors: the packet inside, turned round by the parser, has the ends and the
 *   direction of what the flow's far end would send; so nothing is special about
 *   it. An error to a full-NAT local address is asked for as the backend's reply,
 *   one to a service as the client's packet, one to a dnat client as the backend's
 *   reply. About a later fragment, which has no ports, nobody can say anything.
 * - Fragments: addresses, protocol and identification name a worker that all
 *   fragments of a datagram meet at; it reads the ports in the first one.
 *
 * Which side the client is on is told by the packet's addresses, looked up in one
 * table of all those that mean something; not even that where no service does
 * dnat. Ports count only where an address has more than one meaning, and between
 * backends. So what is nobody's may be taken for somebody's: any owner is as good
 * for it. What has no meaning is hashed as of full NAT is, by addresses and ports: cards
 * do so, and flows whose local address has left the configuration go on.
 */
#pragma once

#include "dataplane/core/parse.h"
#include "dataplane/core/tables.h"
#include "dataplane/core/toeplitz_ports.h"

#define OWNER_WORKERS_MAX 64
#define OWNER_RETA_MAX    (1u << TOEPLITZ_BITS_MAX)
#define OWNER_RETA_SIZE   128 /* where no card asks for another */

/* The packet is of no flow for sure: whoever has it keeps it. */
#define OWNER_ANY 0xff

/* Read-only once made: for all workers. */
struct owner {
	uint32_t workers;
	uint32_t mask; /* entries of the RETA - 1 */
	uint8_t reta[OWNER_RETA_MAX];
	/* The RETA the other way round: entries by worker; where each worker's begin. */
	uint16_t buckets[OWNER_RETA_MAX];
	uint16_t buckets_begin[OWNER_WORKERS_MAX + 1];
	struct toeplitz toeplitz;
	struct toeplitz_ports ports[2]; /* of IPv4, of IPv6 */
};

/* What an address is to a generation. */
#define OWNER_ROLE_DNAT     (1u << 0) /* a dnat service has it */
#define OWNER_ROLE_FULL_NAT (1u << 1)
#define OWNER_ROLE_LOCAL    (1u << 2)
#define OWNER_ROLE_ENDPOINT (1u << 3) /* a dnat backend's */

struct owner_role {
	struct ip_address address; /* zero: empty slot */
	uint8_t roles;
} __attribute__((aligned(32)));

/* Of one generation; read-only once made. */
struct owner_roles {
	const struct snapshot *snapshot;
	struct owner_role *slots; /* open-addressed, at most a quarter full */
	uint32_t mask;
	bool has_dnat;
};

/* What is hashed of a packet. */
enum owner_part {
	OWNER_PART_BY_PORTS, /* the addresses do not tell */
	OWNER_PART_ALL,
	OWNER_PART_SOURCE,
	OWNER_PART_DESTINATION
};

/*
 * For 1 to OWNER_WORKERS_MAX workers; `reta_size` is a power of two and at most
 * OWNER_RETA_MAX. NULL, or what is wrong with the arguments, for a sentence.
 */
const char *owner_init(struct owner *owner, const uint8_t *key, size_t key_size, uint32_t workers,
		       const uint8_t *reta, uint32_t reta_size);

/* The workers in turn, as drivers fill the tables of their cards. */
void owner_fill_reta(uint8_t *reta, uint32_t reta_size, uint32_t workers);

/* Bytes that the table of a generation takes. */
size_t owner_roles_size(const struct snapshot *snapshot);
/* `memory` is owner_roles_size() zeroed bytes, aligned to 32; the snapshot must stay. */
void owner_roles_fill(struct owner_roles *roles, void *memory, const struct snapshot *snapshot);

/* The rules on the addresses alone, by the roles of the destination and by whether
 * the source is an endpoint. */
extern const uint8_t owner_parts[2][16];
/* The rules on addresses and ports; never OWNER_PART_BY_PORTS. */
enum owner_part owner_part_by_ports(const struct snapshot *snapshot,
				    const struct flow_tuple *tuple);

static inline uint32_t owner_role_slot(const struct owner_roles *roles,
				       const struct ip_address *address)
{
	uint64_t hash = flow_hash_mix(address->be_words[0] ^ 0xff51afd7ed558ccdull,
				      address->be_words[1] ^ 0x9e3779b97f4a7c15ull);

	return (uint32_t)hash & roles->mask;
}

/* 0: it means nothing. That is as likely as not, so one branch takes both. */
static inline uint32_t owner_roles_of(const struct owner_roles *roles,
				      const struct ip_address *address)
{
	for (uint32_t at = owner_role_slot(roles, address);; at = (at + 1) & roles->mask) {
		const struct owner_role *slot = &roles->slots[at];

		bool is_found = ip_address_is_equal(&slot->address, address);
		bool is_empty = ip_address_is_zero(&slot->address);

		if (is_found | is_empty)
			return slot->roles; /* 0 of an empty one */
	}
}

static inline enum owner_part owner_part_of(const struct owner_roles *roles,
					    const struct flow_tuple *tuple)
{
	if (!roles->has_dnat)
		return OWNER_PART_ALL;
	struct ip_address destination = flow_tuple_destination(tuple);
	struct ip_address source = flow_tuple_source(tuple);
	uint32_t from = owner_roles_of(roles, &source) & OWNER_ROLE_ENDPOINT;
	enum owner_part part = owner_parts[from != 0][owner_roles_of(roles, &destination)];

	return __builtin_expect(part == OWNER_PART_BY_PORTS, 0)
		       ? owner_part_by_ports(roles->snapshot, tuple)
		       : part;
}

/* The owner of what has such a hash. */
static inline uint8_t owner_of_hash(const struct owner *owner, uint32_t hash)
{
	return owner->reta[hash & owner->mask];
}

/* The owner by a part; not OWNER_PART_BY_PORTS. */
static inline uint8_t owner_by_part(const struct owner *owner, const struct flow_tuple *tuple,
				    enum owner_part part)
{
	uint32_t hash = part == OWNER_PART_ALL ? toeplitz_hash(&owner->toeplitz, tuple)
					       : toeplitz_hash_end(&owner->toeplitz, tuple,
								   part == OWNER_PART_DESTINATION);
	return owner_of_hash(owner, hash);
}

/*
 * The owner of a packet that is no fragment, or OWNER_ANY. From one generation
 * to the next it changes only where one of the packet's addresses changes its
 * role, not when backends come, go or fail elsewhere.
 */
static inline uint8_t owner_of(const struct owner *owner, const struct owner_roles *roles,
			       const struct headers *headers)
{
	const struct flow_tuple *tuple = &headers->tuple;

	if (owner->workers == 1)
		return 0;
	if (!headers->has_ports)
		return OWNER_ANY;
	return owner_by_part(owner, tuple, owner_part_of(roles, tuple));
}

/*
 * Where the fragments of a datagram meet. `id` is the identification as it lies
 * in the header: 16 bits of IPv4, 32 of IPv6. The protocol is part of it with IPv4
 * only (RFC 791); of IPv6 fragments only the first one's counts (RFC 8200, 4.5).
 */
uint8_t owner_of_fragment(const struct owner *owner, const struct flow_tuple *tuple, uint32_t id);

/*
 * Draws the local port of a full-NAT flow that `worker` is to own, out of the
 * range, uniformly; `reply` is what the backend will send, whatever its destination
 * port. False: no port of the range leads there; another local address may have
 * one. Host order.
 */
bool owner_draw_port(const struct owner *owner, const struct flow_tuple *reply, uint32_t worker,
		     struct port_range range, uint64_t random[2], uint16_t *port);
