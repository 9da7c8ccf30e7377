/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Two workers on CPUs of their own, with 1,000 established flows of full NAT
 * each: clients, tables and counters of their own, rules of ownership in common.
 */
#pragma once

#include "tests/bench/measure.h"
#include "tests/bench/world.h"

#include <pthread.h>

struct owner;

#define LANES       2
#define LANE_FLOWS  1000
#define LANE_TUPLES (1u << 16)

struct lane {
	struct bench_world *world;
	void *tuples;  /* LANE_TUPLES packets of its flows, in an order of chance */
	void *context; /* of whoever has the lanes work */
	uint64_t sum;  /* kept, so that work is not optimised away */
};

struct lanes {
	const struct measure *measure;
	struct lane lane[LANES];
	struct owner *owner;
	pthread_barrier_t start;
	void (*work)(struct lanes *lanes, unsigned number);
};

struct lanes *lanes_new(const struct measure *measure, const struct bench_settings *settings);
void lanes_free(struct lanes *lanes);

/* Has lanes first .. first + count - 1 work at the same time; nanoseconds of each into `took`. */
void lanes_work(struct lanes *lanes, unsigned first, unsigned count,
		void (*work)(struct lanes *lanes, unsigned number), uint64_t *took);

/* Writes a burst of a lane's packets into its world's frames. */
void lane_write(struct lane *lane, uint32_t burst);
