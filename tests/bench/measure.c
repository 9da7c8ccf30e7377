/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/measure.h"

#include "tests/bench/world.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CALIBRATION_STEPS 20000000u
#define LOAD_BYTES        (512ul << 20)
#define LOAD_STEPS        2000000u
#define REPEATS_MAX       20

uint64_t measure_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void measure_pin(struct measure *measure)
{
	if (sched_getaffinity(0, sizeof(measure->allowed), &measure->allowed) == 0)
		measure_pin_to(measure, 0);
}

void measure_pin_to(const struct measure *measure, unsigned below)
{
	unsigned left = below % (unsigned)CPU_COUNT(&measure->allowed);
	cpu_set_t one;

	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (!CPU_ISSET(cpu, &measure->allowed) || left-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static double calibrate(void)
{
	uint64_t begun = measure_now_ns();
	uint64_t value = begun | 1;

	for (unsigned i = 0; i < CALIBRATION_STEPS; i++)
		value = value * 6364136223846793005ull + 1442695040888963407ull;
	__asm__ volatile("" : : "r"(value));
	return (double)(measure_now_ns() - begun);
}

uint64_t *measure_cycle(size_t bytes)
{
	const size_t count = bytes / 64;
	uint64_t *places = bench_memory(bytes);
	uint64_t random = 1;

	/* Sattolo. */
	for (size_t i = 0; i < count; i++)
		places[i * 8] = i;
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = (size_t)(random % i);
		uint64_t kept = places[i * 8];

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		places[i * 8] = places[other * 8];
		places[other * 8] = kept;
	}
	return places;
}

double measure_load_ns(void)
{
	uint64_t *places = measure_cycle(LOAD_BYTES);
	uint64_t at = 0;

	uint64_t begun = measure_now_ns();
	for (unsigned i = 0; i < LOAD_STEPS; i++)
		at = places[at * 8];
	__asm__ volatile("" : : "r"(at));
	double each = (double)(measure_now_ns() - begun) / LOAD_STEPS;
	bench_memory_free(places, LOAD_BYTES);
	return each;
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

double measure_median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print_row(const struct measure *measure, struct measure_row *row)
{
	double middle = measure_median(row->values, measure->runs);
	double beside = measure_median(row->beside, measure->runs);

	printf("{\"name\": \"%s\", \"%s\": %.2f, \"flows\": %lu, \"runs\": %u, \"min\": %.2f, "
	       "\"median\": %.2f, \"max\": %.2f, \"writing\": %.2f, \"calibration_ms\": %.2f, "
	       "\"repeated\": %u",
	       row->name, row->unit, middle, (unsigned long)row->flows, measure->runs,
	       row->values[0], middle, row->values[measure->runs - 1], beside,
	       measure->calibration_best / 1e6, measure->repeated);
	if (row->load_ns > 0)
		printf(", \"load_ns\": %.1f", row->load_ns);
	if (row->bytes_per_flow > 0)
		printf(", \"bytes_per_flow\": %.1f", row->bytes_per_flow);
	if (row->checked > 0)
		printf(", \"checked\": %u", row->checked);
	printf("}\n");
	fflush(stdout);
	fprintf(stderr, "%-36s %14.2f %14.2f %14.2f  %-14s %6.2f %3u%s\n", row->name,
		row->values[0], middle, row->values[measure->runs - 1], row->unit, beside,
		measure->repeated, row->load_ns > 0 ? "" : "");
}

void measure_row(struct measure *measure, struct measure_row *row,
		 void (*run)(void *context, double *value, double *beside), void *context)
{
	measure->repeated = 0;
	for (unsigned i = 0; i < measure->runs;) {
		double before = calibrate();
		run(context, &row->values[i], &row->beside[i]);
		double after = calibrate();

		if (measure->calibration_best == 0 || before < measure->calibration_best)
			measure->calibration_best = before;
		if ((before > measure->calibration_best * 1.1 ||
		     after > measure->calibration_best * 1.1) &&
		    measure->repeated < REPEATS_MAX)
			measure->repeated++;
		else
			i++;
	}
	if (row->check)
		row->checked = row->check(context, row->name);
	print_row(measure, row);
}
