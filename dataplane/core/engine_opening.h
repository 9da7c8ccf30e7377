/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A packet that may begin a flow, between the stages in which engine_fresh.c
 * takes all such packets of a burst on, and engine_new_flow.c each of them.
 */
#pragma once

#include "dataplane/core/engine_internal.h"
#include "dataplane/core/local_ports.h"
#include "dataplane/core/select.h"

/* A packet that may begin a flow. */
struct opening {
	uint8_t verdict;                   /* VERDICT_NONE: it may begin one */
	const struct abi_service *service; /* NULL: a direct connection */
	uint32_t backend;                  /* index of the one chosen; ABI_NONE: none is left */
	struct selection selection;
	struct local_draw draw;
	struct flow_tuple reply; /* as the backend will answer */
	uint64_t hash;           /* of the client's tuple */
	uint64_t reply_hash;
	struct abi_flow6 flow;
};

/* Which tuples a burst has made records of: a bit for each 512th part of their hashes. */
struct begun {
	uint64_t bits[8];
};

/* What the packet begins, up to the place drawn for it: VERDICT_NONE, or why it begins nothing. No
 * record is touched, and opening->hash and reply_hash are the caller's to set. */
uint8_t engine_prepare(struct engine *engine, struct packet *packet, const struct headers *headers,
		       struct opening *opening, uint32_t now);

/* The packet's verdict: its flow is made, and it is translated, or it is of one that the burst made
 * before. */
uint8_t engine_settle(struct engine *engine, struct packet *packet, const struct headers *headers,
		      struct opening *opening, struct begun *begun, uint32_t now);
