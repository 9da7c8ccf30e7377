/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/idle.h"

#include <sys/prctl.h>
#include <time.h>

/* Some tens of microseconds of polling, in which the next packet of a busy time comes. */
#define TURNS_BEFORE_NAP 256

#define SHORTEST_NAP_NS 10000u
#define LONGEST_NAP_NS  1000000u
#define NAP_SHARE       8 /* of the time nothing came */

#define TRIALS 8

static void nap(uint32_t nanoseconds)
{
	const struct timespec time = {.tv_nsec = nanoseconds};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

void idle_init(struct idle *idle, enum config_idle mode)
{
	*idle = (struct idle){.sleeps = mode == CONFIG_IDLE_SLEEP};
	if (idle->sleeps)
		prctl(PR_SET_TIMERSLACK, 1ul);
}

bool idle_turn(struct idle *idle, bool found_work)
{
	uint32_t nap_ns;

	if (found_work) {
		idle->empty_turns = 0;
		idle->napped_ns = 0;
		return false;
	}
	if (!idle->sleeps)
		return false;
	if (idle->empty_turns < TURNS_BEFORE_NAP) {
		idle->empty_turns++;
		return false;
	}
	nap_ns = idle->napped_ns / NAP_SHARE;
	if (nap_ns < SHORTEST_NAP_NS)
		nap_ns = SHORTEST_NAP_NS;
	if (nap_ns < LONGEST_NAP_NS)
		idle->napped_ns += nap_ns;
	else
		nap_ns = LONGEST_NAP_NS;
	nap(nap_ns);
	return true;
}

uint32_t idle_latency_us(const struct idle *idle)
{
	uint64_t longest = 0;

	if (!idle->sleeps)
		return 0;
	for (int i = 0; i < TRIALS; i++) {
		struct timespec before, after;
		uint64_t took;

		clock_gettime(CLOCK_MONOTONIC, &before);
		nap(LONGEST_NAP_NS);
		clock_gettime(CLOCK_MONOTONIC, &after);
		took = (uint64_t)(after.tv_sec - before.tv_sec) * 1000000000ull +
		       (uint64_t)after.tv_nsec - (uint64_t)before.tv_nsec;
		if (took > longest)
			longest = took;
	}
	return (uint32_t)(longest / 1000);
}
