/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Local addresses and ports: which the engine could have drawn. */
#pragma once

#include "tests/model/model.h"

/* Whether replies of full NAT are this worker's. */
bool model_leads_here(const struct model *model, const struct model_tuple *reply);

/* A place of the pool, in this node's part of it. */
bool model_could_draw(const struct model *model, const struct abi_local_pool *pool,
		      const struct model_endpoint *drawn);

/*
 * Whether there is no place for the flow that leads here: known of a pool that is searched to
 * the end. Of a larger one the engine is believed when nine in ten are taken.
 */
bool model_is_used_up(const struct model *model, const struct abi_local_pool *pool,
		      const struct model_flow *flow, bool drew_in_vain);
