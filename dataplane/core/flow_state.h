/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What packets do to a flow's state, and how long it lasts in each. */
#pragma once

#include "dataplane/abi/tables.h"
#include "dataplane/core/flow_table.h"

/* A packet that asks for a new connection. */
bool flow_state_is_opening(uint8_t tcp_flags);

/*
 * Tells the record what a packet of its flow in this direction shows (tcp_flags:
 * 0 with UDP). True when the flow's timeout has become shorter by it.
 */
bool flow_state_advance(struct abi_flow *flow, enum flow_direction direction, uint8_t tcp_flags);

/* How long the flow lasts without a packet, in ticks, rounded up; `service` is NULL for DIRECT. */
uint32_t flow_state_timeout(const struct abi_flow *flow, const struct abi_service *service);
