/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How much more two workers do than one. Beside them stand controls that share
 * nothing but the machine, arithmetic and loads from memory: what these lose by
 * a second one, the machine takes.
 */
#include "tests/bench/lanes.h"
#include "tests/bench/rows.h"

#include <stdio.h>

#define BURSTS     (1u << 16) /* of a run: about 40 ms */
#define STEPS      20000000u
#define LOAD_BYTES (256ul << 20)
#define LOADS      200000u
#define RUNS_LEAST 15

static void forward(struct lanes *lanes, unsigned number)
{
	struct lane *lane = &lanes->lane[number];

	for (uint32_t burst = 0; burst < BURSTS; burst++) {
		lane_write(lane, burst);
		bench_run(lane->world, PACKET_BURST);
		engine_age(&lane->world->engine, lane->world->now_ms);
	}
}

static void calculate(struct lanes *lanes, unsigned number)
{
	uint64_t value = lanes->lane[number].sum | 1;

	for (unsigned i = 0; i < STEPS; i++)
		value = value * 6364136223846793005ull + 1442695040888963407ull;
	lanes->lane[number].sum = value;
}

static void load(struct lanes *lanes, unsigned number)
{
	const uint64_t *places = lanes->lane[number].context;
	uint64_t at = lanes->lane[number].sum % (LOAD_BYTES / 64);

	for (unsigned i = 0; i < LOADS; i++)
		at = places[at * 8];
	lanes->lane[number].sum = at;
}

/* Each alone, then both: what both do, over the mean of what each does by itself. */
static double ratio_of(struct lanes *lanes, void (*work)(struct lanes *lanes, unsigned number))
{
	uint64_t alone[LANES], together[LANES];
	double each = 0, both = 0;

	for (unsigned i = 0; i < LANES; i++)
		lanes_work(lanes, i, 1, work, &alone[i]);
	lanes_work(lanes, 0, LANES, work, together);
	for (unsigned i = 0; i < LANES; i++) {
		each += 1.0 / (double)alone[i] / LANES;
		both += 1.0 / (double)together[i];
	}
	return both / each;
}

void bench_scale(struct measure *measure, const struct bench_settings *settings, const char *name)
{
	struct lanes *lanes = lanes_new(measure, settings);
	double ratios[3][MEASURE_RUNS_MAX];
	unsigned runs = measure->runs < RUNS_LEAST ? RUNS_LEAST : measure->runs;

	for (unsigned i = 0; i < LANES; i++)
		lanes->lane[i].context = measure_cycle(LOAD_BYTES);
	for (unsigned i = 0; i < runs; i++) {
		ratios[0][i] = ratio_of(lanes, forward);
		ratios[1][i] = ratio_of(lanes, calculate);
		ratios[2][i] = ratio_of(lanes, load);
	}
	double ratio = measure_median(ratios[0], runs);
	double arithmetic = measure_median(ratios[1], runs);
	double memory = measure_median(ratios[2], runs);
	printf("{\"name\": \"%s\", \"ratio\": %.3f, \"flows\": %u, \"runs\": %u, \"min\": %.3f, "
	       "\"median\": %.3f, \"max\": %.3f, \"arithmetic_ratio\": %.3f, \"memory_ratio\": "
	       "%.3f}\n",
	       name, ratio, LANES * LANE_FLOWS, runs, ratios[0][0], ratio, ratios[0][runs - 1],
	       arithmetic, memory);
	fflush(stdout);
	fprintf(stderr, "%-36s %14.3f %14.3f %14.3f  times one      arithmetic %.3f, memory %.3f\n",
		name, ratios[0][0], ratio, ratios[0][runs - 1], arithmetic, memory);
	for (unsigned i = 0; i < LANES; i++)
		bench_memory_free(lanes->lane[i].context, LOAD_BYTES);
	lanes_free(lanes);
}
