/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets of established flows: the whole path over byte arrays. */
#pragma once

#include "tests/bench/measure.h"
#include "tests/bench/world.h"

struct established {
	struct bench_world *world;
	void *tuples;
	size_t tuples_size;
	uint32_t tuple_count; /* a power of two */
	uint32_t next;        /* the run's first tuple */
	uint32_t packets;     /* of a run */
	void *sampled;        /* of each of the first tuples its flow: client's tuple, reply's */
};

/* So many flows in the table, of which `moving`, all over it, have packets. */
struct established *established_new(const struct measure *measure,
				    const struct bench_settings *settings, uint32_t flows,
				    uint32_t moving);
void established_free(struct established *row);

/* One run: the time with the engine, less the time of writing the same frames. */
void established_run(void *context, double *value, double *beside);

/* Some bursts more, with the model beside; how many outputs were compared. */
uint32_t established_check(void *context, const char *name);
