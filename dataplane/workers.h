/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * All workers of the dataplane, and what they have in common: who owns what,
 * the rings between them, the states that tell when they hold an old
 * generation no more. Main thread only.
 */
#pragma once

#include "dataplane/core/owner.h"
#include "dataplane/dataplane.h"
#include "dataplane/flows_file.h"
#include "dataplane/kernel_path.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"

struct workers {
	struct worker *items;
	unsigned count;
	unsigned launched;
	struct owner owner; /* with several; read-only once made */
	struct handoff handoff;
	struct rte_rcu_qsbr *quiescent;
};

/* What a worker is made of; all of it must stay. */
struct worker_parts {
	const struct config_dataplane *config;
	const struct dataplane_options *options;
	const struct kernel_path *kernel_path;
	const struct flows_file *flows;
	const struct run_file *counters, *inbox;
	struct abi_status *status;
};

/*
 * Decides who owns what, by the key given, or one drawn at random when that is NULL, and
 * a redirection table of so many entries; `key` is the one in use. Before
 * workers_open(). 0 or -1, with the reason logged.
 */
int workers_share_out(struct workers *workers, const uint8_t *given, uint8_t key[TOEPLITZ_KEY_SIZE],
		      uint32_t reta_size);

/* Makes workers->count workers, their rings and tables. 0 or -1, with the reason logged. */
int workers_open(struct workers *workers, const struct worker_parts *parts);

/* Gives them the queues of ports that are set up. */
void workers_wire_ports(struct workers *workers, const struct ports *ports);

int workers_launch(struct workers *workers);
/* Returns when all have ended. */
void workers_stop(struct workers *workers);
/* Frees what workers_open() made; none may run. */
void workers_free(struct workers *workers);
