/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The way out of a packet: port, VLAN, MACs, and whether it fits. */
#pragma once

#include "dataplane/core/engine.h"
#include "dataplane/core/parse.h"

struct egress {
	uint16_t port;
	uint16_t vlan;  /* 0: untagged */
	uint16_t mtu;   /* of IP packets */
	uint8_t mac[6]; /* of the next hop */
};

/*
 * Both find the way and judge whether a packet with these headers may take it:
 * VERDICT_NONE with *out filled, or NO_NEXT_HOP, TTL_EXPIRED or TOO_BIG.
 */
uint8_t egress_to_backend(const struct engine *engine, const struct abi_backend *backend,
			  const struct headers *headers, struct egress *out);
uint8_t egress_to_client(const struct engine *engine, const struct abi_flow *flow,
			 const struct headers *headers, struct egress *out);
