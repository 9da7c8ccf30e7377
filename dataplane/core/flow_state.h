/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What packets do to a flow's state, and how long it lasts in each. */
#pragma once

#include "dataplane/core/flow_table.h"
#include "dataplane/core/tables.h"

/* A packet that asks for a new connection. */
bool flow_state_is_opening(uint8_t tcp_flags);

/*
 * Tells the record what a packet of its flow in this direction shows (tcp_flags:
 * 0 with UDP). True when its timer must be armed anew: the timeout has become
 * shorter by it, or the flow belongs to another wheel now.
 */
bool flow_state_advance(struct abi_flow *flow, enum abi_flow_direction direction,
			uint8_t tcp_flags);

/* How long the flow lasts without a packet, in ticks, rounded up; `service` is NULL for DIRECT. */
uint32_t flow_state_timeout(const struct abi_flow *flow, const struct service_rule *service);
