/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The model's list of flows. A pointer into it holds until a flow begins or ends. */
#pragma once

#include "tests/model/parse.h"

/* The flow with this tuple in either direction; NULL: none. */
struct model_flow *model_find_flow(const struct model *model, const struct model_tuple *tuple,
				   bool *from_client);

bool model_is_taken(const struct model *model, const struct model_tuple *tuple);

struct model_tuple model_turn(const struct model_tuple *tuple);

/* What the flow's indexes mean; NULL when that is not what it was made with. */
const struct abi_service *model_service_of(const struct model *model,
					   const struct model_flow *flow);
const struct abi_backend *model_backend_of(const struct model *model,
					   const struct model_flow *flow);

/* The row is NULL for DIRECT flows. */
struct abi_traffic *model_service_row(struct model *model, const struct model_flow *flow);
struct abi_traffic *model_backend_row(struct model *model, const struct model_flow *flow);

/* The packet's share in both rows. */
void model_count(struct model *model, const struct model_flow *flow, bool from_client,
		 uint8_t verdict, uint32_t ip_length);

/* False: the table is full. */
bool model_begin_flow(struct model *model, const struct model_flow *flow);
void model_end_flow(struct model *model, struct model_flow *flow);

/* A connection asks to begin. */
bool model_is_opening(uint8_t tcp_flags);
/* Whether a reset is all that speaks against an established connection. */
bool model_is_in_doubt(const struct model_flow *flow);

/* What a packet of the flow that was sent on does to it. */
void model_touch(struct model *model, struct model_flow *flow, bool from_client, uint8_t tcp_flags,
		 uint32_t now);

/* From one moment to another: ticks are counted modulo 2^32. */
int32_t model_ticks(uint32_t from, uint32_t to);

/* The flow is in a new state from `now` on. */
void model_arm(const struct model *model, struct model_flow *flow, uint32_t now);

/* When a flow ends that had its last packet at `now`. */
uint32_t model_due(const struct model *model, const struct model_flow *flow, uint32_t now);
