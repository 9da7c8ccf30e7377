/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Running something several times and telling what it took: a line of JSON on
 * standard output, a row of a table on standard error.
 *
 * Beside each run stands a calibration loop, arithmetic of a known length; a
 * run beside which it took over 10 % longer than ever before was disturbed, and
 * is made again, which is counted.
 */
#pragma once

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#define MEASURE_RUNS_MAX 64

struct measure {
	cpu_set_t allowed;       /* CPUs, before measure_pin() */
	unsigned runs;           /* that each row has */
	uint32_t packets;        /* of a run, a multiple of PACKET_BURST */
	double calibration_best; /* ns */
	unsigned repeated;       /* runs made again, of the row under way */
};

/* A row's figures: one a run, and what stands beside. */
struct measure_row {
	const char *name;
	const char *unit; /* the JSON key: "ns_per_packet", "per_second", ... */
	uint64_t flows;
	double values[MEASURE_RUNS_MAX];
	double beside[MEASURE_RUNS_MAX]; /* of writing the frames, in the same unit */
	double load_ns;                  /* a dependent load in these minutes; 0: not measured */
	double bytes_per_flow;           /* 0: not told */
	/* After the runs: compares outputs with the model's, returns how many; NULL: none are. */
	uint32_t (*check)(void *context, const char *name);
	uint32_t checked;
};

uint64_t measure_now_ns(void);

/* Pins the thread to the highest CPU it may use. */
void measure_pin(struct measure *measure);
/* Pins another thread to the highest but `below` of them; where there are fewer it goes round. */
void measure_pin_to(const struct measure *measure, unsigned below);

/* `bytes` of memory in which each line's first word names the next of one cycle through all, in an
 * order of chance; bench_memory_free() takes it back. */
uint64_t *measure_cycle(size_t bytes);

/* The median; sorts them. */
double measure_median(double *values, unsigned count);

/* Nanoseconds of one dependent load from memory far larger than any cache. */
double measure_load_ns(void);

/* Calls run(context, &row->values[i], &row->beside[i]) for each run, checks, and prints the row. */
void measure_row(struct measure *measure, struct measure_row *row,
		 void (*run)(void *context, double *value, double *beside), void *context);
