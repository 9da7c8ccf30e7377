/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The engine as the model's other half: all that is known here of its insides is in engine_side.c.
 */
#pragma once

#include "dataplane/core/engine.h"
#include "tests/model/model.h"

struct engine_side;

struct engine_side *engine_side_new(const struct model_port *ports, uint16_t port_count,
				    uint32_t flow_capacity, uint64_t now_ms);
void engine_side_free(struct engine_side *side);

/* It is one of several workers' engines: see struct engine. */
void engine_side_be_worker(struct engine_side *side, const struct owner *owner, uint32_t number,
			   uint32_t foreign);

/* The tables become the generation in use, by way of a file as the control plane writes it. */
void engine_side_publish(struct engine_side *side, const struct model_tables *tables);

/* Each packet runs in memory of just its size, and is copied back. */
void engine_side_run(struct engine_side *side, struct model_packet *packets, unsigned count,
		     uint64_t now_ms, bool owned);
/* For who runs packets otherwise: the engine itself. */
struct engine *engine_side_engine(struct engine_side *side);
/* What the engine made besides them, the last first; how many. */
unsigned engine_side_take_made(struct engine_side *side, struct model_packet *made);
/* One call of engine_age(). */
void engine_side_age(struct engine_side *side, uint64_t now_ms);

uint32_t engine_side_flow_count(const struct engine_side *side);
const struct abi_counters_block *engine_side_counters(const struct engine_side *side);

/* For struct model_oracle; the context is the struct engine_side. */
bool engine_side_has_flow(void *side, const struct model_tuple *client);
bool engine_side_leads_here(void *side, const struct model_tuple *reply);

/* Whether the engine's record of the flow says the same; NULL, or what differs. */
const char *engine_side_differs(const struct engine_side *side, const struct model_flow *flow);
