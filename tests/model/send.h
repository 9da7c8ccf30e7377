/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The model's ways out, and what a packet looks like that takes one. */
#pragma once

#include "tests/model/parse.h"

struct model_way {
	uint16_t port, vlan, outer_vlan, mtu;
	uint8_t mac[6]; /* of the next hop */
};

/* Both judge the packet too: NO_NEXT_HOP, TTL_EXPIRED, TOO_BIG or MODEL_NO_VERDICT. */
uint8_t model_way_to_backend(const struct model *model, const struct abi_backend *backend,
			     const struct model_headers *headers, struct model_way *way);
uint8_t model_way_to_client(const struct model *model, const struct model_flow *flow,
			    const struct model_headers *headers, struct model_way *way);

/* Writes the packet as it leaves, with this tuple. */
void model_send(const struct model *model, struct model_packet *packet,
		const struct model_headers *headers, const struct model_tuple *to,
		const struct model_way *way);

/* The parts of that. A checksum that was wrong by something stays wrong by as much. */
uint32_t model_change_sum(uint32_t sum, uint32_t old, uint32_t new);
uint32_t model_change_addresses(uint32_t sum, const struct model_tuple *old,
				const struct model_tuple *new);
void model_change_transport(uint8_t *checksum, const struct model_tuple *old,
			    const struct model_tuple *new);
void model_write_ipv4(uint8_t *bytes, const struct model_tuple *old, const struct model_tuple *to);
void model_write_ipv6(uint8_t *bytes, const struct model_tuple *to);
void model_write_link(const struct model *model, struct model_packet *packet,
		      const struct model_headers *headers, const struct model_way *way);

/* The flow's packets come this way: where replies will go. */
void model_learn_hop(struct model *model, struct model_flow *flow,
		     const struct model_packet *packet, uint32_t now);
