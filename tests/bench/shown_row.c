/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What a worker loses while all its flows are listed: 1,000 of the 1,000,000 in its table have
 * packets, and another process reads the table by the code of the control plane. Beside it,
 * what it loses by arithmetic on that CPU: that is the machine's.
 */
#include "tests/bench/established.h"
#include "tests/bench/lister.h"
#include "tests/bench/rows.h"
#include "tests/unit/core/check.h"

#include <stdio.h>

#define FLOWS      1000000u
#define MOVING     1000u
#define RUNS_LEAST 15

/* One figure of each in turn; which comes first changes. */
enum beside { NOBODY, LISTER, ARITHMETIC, BESIDE_COUNT };

static double run_beside(struct established *row, struct lister *lister, enum beside beside)
{
	double value, writing;

	if (beside != NOBODY)
		lister_go(lister, beside == LISTER ? LISTER_LISTS : LISTER_CALCULATES);
	established_run(row, &value, &writing);
	if (beside != NOBODY)
		lister_stop(lister);
	return value;
}

static double percent(double value, double alone)
{
	return (value / alone - 1) * 100;
}

static void print(const char *name, double values[BESIDE_COUNT][MEASURE_RUNS_MAX], unsigned runs,
		  const struct lister *lister, uint32_t checked)
{
	double slower = measure_median(values[LISTER], runs);
	double arithmetic = measure_median(values[ARITHMETIC], runs);
	double alone = measure_median(values[NOBODY], runs);
	double listed = (double)lister->state->lines * 1e9 / (double)lister->listed_ns;

	printf("{\"name\": \"%s\", \"slower_percent\": %.2f, \"flows\": %u, \"moving\": %u, "
	       "\"runs\": %u, \"min\": %.2f, \"median\": %.2f, \"max\": %.2f, "
	       "\"arithmetic_percent\": %.2f, \"ns_per_packet_alone\": %.2f, "
	       "\"listed_per_second\": %.0f, \"checked\": %u}\n",
	       name, slower, FLOWS, MOVING, runs, values[LISTER][0], slower,
	       values[LISTER][runs - 1], arithmetic, alone, listed, checked);
	fflush(stdout);
	fprintf(stderr,
		"%-36s %14.2f %14.2f %14.2f  percent slower arithmetic %.2f; alone %.2f ns, "
		"%.2f million flows listed a second\n",
		name, values[LISTER][0], slower, values[LISTER][runs - 1], arithmetic, alone,
		listed / 1e6);
}

void bench_shown(struct measure *measure, const struct bench_settings *settings, const char *name)
{
	struct bench_settings shared = *settings;
	double values[BESIDE_COUNT][MEASURE_RUNS_MAX];
	unsigned runs = measure->runs < RUNS_LEAST ? RUNS_LEAST : measure->runs;

	shared.shares_flows = true;
	struct lister *lister = lister_new(measure, FLOWS);
	struct established *row = established_new(measure, &shared, FLOWS, MOVING);
	lister_use(lister, row->world->flows_fd);
	for (unsigned i = 0; i < runs; i++) {
		for (unsigned turn = 0; turn < BESIDE_COUNT; turn++) {
			enum beside beside = (i + turn) % BESIDE_COUNT;
			values[beside][i] = run_beside(row, lister, beside);
		}
		values[LISTER][i] = percent(values[LISTER][i], values[NOBODY][i]);
		values[ARITHMETIC][i] = percent(values[ARITHMETIC][i], values[NOBODY][i]);
	}
	lister_finish(lister);
	assert_true(lister->state->passes > 0 && lister->state->wrong == 0);
	print(name, values, runs, lister, established_check(row, name));
	established_free(row);
	lister_free(lister);
}
