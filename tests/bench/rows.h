/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The rows of the benchmark. */
#pragma once

#include "tests/bench/measure.h"
#include "tests/bench/world.h"

/*
 * Makes flows first .. first + count - 1 by their handshakes. `tuples` gets two
 * for each, BENCH_TUPLE_SIZE apart: the client's and the reply's.
 */
void bench_establish(struct bench_world *world, uint32_t first, uint32_t count, void *tuples);

/* The call that is measured: what the dataplane does with a burst. */
static inline void bench_run(struct bench_world *world, unsigned count)
{
	uint64_t begun = __builtin_ia32_rdtsc();

	engine_run(&world->engine, world->packets, count, world->now_ms);
	engine_count_latency(&world->engine, __builtin_ia32_rdtsc() - begun, count);
}

void bench_established(struct measure *measure, const struct bench_settings *settings,
		       const char *name, uint32_t flows);
void bench_new_flow(struct measure *measure, const struct bench_settings *settings,
		    const char *name, uint32_t flows);
/* TCP over IPv4 with full NAT, both. */
void bench_connections(struct measure *measure, const struct bench_settings *settings,
		       const char *name);
void bench_syn_flood(struct measure *measure, const struct bench_settings *settings,
		     const char *name);
/* Two workers with 1,000 flows each; at least 15 runs. */
void bench_scale(struct measure *measure, const struct bench_settings *settings, const char *name);
/* What it costs when each packet comes to the worker that does not own it. */
void bench_handoff(struct measure *measure, const struct bench_settings *settings,
		   const char *name);
/* 1,000 of 1,000,000 flows have packets, while another process lists all; at least 15 runs. */
void bench_shown(struct measure *measure, const struct bench_settings *settings, const char *name);
/* One backend of 10 of one of the services changed, in microseconds. */
void bench_publish(struct measure *measure, const struct bench_settings *settings, const char *name,
		   uint32_t services);
