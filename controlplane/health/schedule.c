/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/schedule.h"

/* First checks of new backends are spread over this time, or 0.4 ms for each. */
#define FIRST_SPREAD_NS      UINT64_C(200000000)
#define FIRST_SPREAD_EACH_NS UINT64_C(400000)

/* Spreads the bits of a number over all of another (the finalizer of splitmix64). */
static uint64_t mix(uint64_t number)
{
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

/* The moment of one interval, counted from the clock's zero. */
static uint64_t moment(const struct schedule *schedule, uint64_t round)
{
	uint64_t phase = mix(schedule->seed) % schedule->interval_ns;
	uint64_t longest = schedule->interval_ns / SCHEDULE_JITTER_PART;
	uint64_t jitter = longest == 0 ? 0 : mix(schedule->seed + round) % longest;

	return (round + 1) * schedule->interval_ns + phase - jitter;
}

uint64_t schedule_moment_after(const struct schedule *schedule, uint64_t time_ns)
{
	uint64_t round = time_ns / schedule->interval_ns;

	/* The moment of the round before the last may still be ahead. */
	round = round < 2 ? 0 : round - 2;
	while (moment(schedule, round) <= time_ns)
		round++;
	return moment(schedule, round);
}

uint64_t schedule_first_spread(size_t count)
{
	uint64_t spread = count * FIRST_SPREAD_EACH_NS;

	return spread > FIRST_SPREAD_NS ? spread : FIRST_SPREAD_NS;
}

uint64_t schedule_first(const struct schedule *schedule, uint64_t now_ns, uint64_t spread_ns)
{
	uint64_t spread = spread_ns < schedule->interval_ns ? spread_ns : schedule->interval_ns;

	return spread == 0 ? now_ns : now_ns + mix(schedule->seed) % spread;
}

uint64_t schedule_next(const struct schedule *schedule, uint64_t due_ns, uint64_t began_ns,
		       bool in_doubt)
{
	uint64_t half = schedule->interval_ns / 2;
	uint64_t least =
		began_ns + (schedule->fast_interval_ns < half ? schedule->fast_interval_ns : half);

	if (in_doubt && schedule->fast_interval_ns < schedule->interval_ns)
		return began_ns + schedule->fast_interval_ns;

	uint64_t next = schedule_moment_after(schedule, due_ns);

	return next < least ? least : next;
}

bool schedule_is_missed(const struct schedule *schedule, uint64_t due_ns, uint64_t now_ns)
{
	return now_ns > due_ns && now_ns - due_ns > schedule->interval_ns / SCHEDULE_LATE_PART;
}
