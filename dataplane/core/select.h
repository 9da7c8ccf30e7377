/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which backend a client's new flow goes to: its slot in the service's ring.
 *
 * The slot is (uint32 h * size) >> 32, where h is the low half of SipHash-2-4
 * under settings.ring_key of the client's 4 or 16 address bytes, followed by its
 * 2 port bytes with ABI_HASH_ADDRESS_PORT, all in network order. It depends on
 * nothing else, so every node and every start gives the same answer.
 */
#pragma once

#include "dataplane/core/flow_tuple.h"
#include "dataplane/core/tables.h"

/* Backends a flow is offered to when its reply tuple is taken with the one before. */
#define SELECT_TRIES 8

struct selection {
	const struct abi_ring *ring;
	uint32_t slot;
	uint32_t tried_count;
	uint16_t tried[SELECT_TRIES];
};

/* `tuple` is of the client's packet. */
uint32_t select_slot(const struct abi_settings *settings, const struct abi_service *service,
		     const struct abi_ring *ring, const struct flow_tuple *tuple);

/* Begins at the client's slot; false when the service has no backend for new flows. */
bool select_begin(const struct snapshot *snapshot, const struct abi_service *service,
		  const struct flow_tuple *tuple, struct selection *selection);

/*
 * The backend's index: first that of the client's slot, then, call by call, the
 * next in the ring that was not given before; ABI_NONE: no more.
 */
uint32_t select_next(struct selection *selection);
