/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The engine and the model side by side. Each function below does the same to
 * both and returns false, having said on standard error what differs, when they do not
 * agree. Step by step: verdict, way out, length and bytes of each packet,
 * counters, number of flows.
 *
 * Of several workers (team.h) each is a pair.
 */
#pragma once

#include "tests/model/engine_side.h"
#include "tests/model/model.h"

struct pair {
	struct model *model;
	struct engine_side *engine;
	uint64_t now_ms;
	uint64_t steps, packets, generations;
};

struct pair_setup {
	uint32_t features;
	uint32_t flow_capacity;
	const struct model_port *ports;
	uint16_t port_count;
	const struct owner *owner; /* of several workers; NULL: there is one */
	uint32_t number, foreign;
};

struct pair *pair_new(const struct pair_setup *setup);
void pair_free(struct pair *pair);

/* The tables are looked at until the next ones come. */
bool pair_publish(struct pair *pair, const struct model_tables *tables);

/* At most PACKET_BURST packets; what became of them is in them afterwards. */
bool pair_run(struct pair *pair, struct model_packet *packets, unsigned count);

/* The same of packets that another worker's engine said are this one's. */
bool pair_run_owned(struct pair *pair, struct model_packet *packets, unsigned count);

/* Lets time pass, and the engine age until it has ended all flows that are over. */
bool pair_wait(struct pair *pair, uint64_t milliseconds);

/* Compares every flow and every counter. */
bool pair_check(struct pair *pair);
