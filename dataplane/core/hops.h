/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Learned hops: where the packets of clients come from, as (port, VLANs, MAC).
 *
 * Flows point into one small table. A hop remembers which neighbour's MAC it
 * was when learned, and is used with the MAC that neighbour has now: a router's
 * new MAC repairs all of its flows at once.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/wire.h"

/* Stands for "none learned: use the route". */
#define HOP_NONE 0

/* Port, inner VLAN and source MAC of a packet in one word; of no packet it is 0. */
static inline uint64_t hops_key(const struct packet *packet)
{
	uint64_t mac_and_type = wire_load64(packet->data + ETHERNET_SOURCE);

	return mac_and_type << 16 | (uint64_t)packet->in_port << 12 | (packet->vlan & 0xfffu);
}

_Static_assert(ABI_MAX_PORTS <= 16, "a port's number fits into the key");

/*
 * The hop a client's packet came by, or HOP_NONE when the port answers by
 * route, when the sender is not one to learn from (see docs/decisions/0006), or
 * when the table is full of hops in use.
 */
uint16_t hops_learn(struct engine *engine, struct flow_table *table, const struct packet *packet,
		    const struct ip_address *client);

/*
 * Those of an earlier process that lie in the table's file: known again, but for what
 * cannot be one. Nobody counts as naming them yet; hops_sweep() takes away those that nobody names
 * then.
 */
void hops_restore(struct flow_table *table, uint16_t port_count);
void hops_sweep(struct flow_table *table);
/* Another table's hop in this one; HOP_NONE: it cannot be one, or there is no room. */
uint16_t hops_copy(struct flow_table *table, const struct abi_flow_hop *hop, uint16_t port_count);

/* Whether the packet came by this hop. HOP_NONE: no. */
static inline bool hops_is_from(const struct flow_table *table, uint16_t hop,
				const struct packet *packet)
{
	return hop != HOP_NONE && table->hop_ways[hop].key == hops_key(packet) &&
	       table->hop_ways[hop].outer_vlan == packet->outer_vlan;
}

/* Makes a flow's record name this hop, and counts who names which. */
void hops_assign(struct flow_table *table, struct abi_flow *flow, uint16_t hop);
