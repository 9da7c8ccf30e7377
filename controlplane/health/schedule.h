/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * When a check is due. Pure: the time now is an argument. All times are
 * nanoseconds of one clock that never goes back (CLOCK_MONOTONIC).
 *
 * Each backend has its own moment in the interval, drawn from a hash of what it
 * is. So the checks of many backends are spread evenly, whoever is added or
 * removed beside them; and after a time in which nothing ran, each goes on at
 * its next moment instead of all at once. A jitter of up to 1/32 of the
 * interval, always to the early side, keeps checks from beating in time with
 * whatever else is periodic. While a backend is in doubt its checks leave
 * their moments and follow each other at the fast interval.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Jitter is less than this part of the interval. */
#define SCHEDULE_JITTER_PART 32
/* A check that is late by more than this part of the interval is left out. */
#define SCHEDULE_LATE_PART   8

struct schedule {
	uint64_t seed; /* hash of pool, backend, address and port */
	uint64_t interval_ns;
	uint64_t fast_interval_ns; /* at most interval_ns */
};

/* The backend's first moment after `time_ns`. */
uint64_t schedule_moment_after(const struct schedule *schedule, uint64_t time_ns);

/* First checks of so many backends begin within this time. */
uint64_t schedule_first_spread(size_t count);

/* When a new backend is checked first: within `spread_ns`, or the interval when that is less. */
uint64_t schedule_first(const struct schedule *schedule, uint64_t now_ns, uint64_t spread_ns);

/*
 * When the next check is due, after one that was due at `due_ns` began at
 * `began_ns`: at most an interval and its 1/32 after `due_ns`, and not sooner
 * after `began_ns` than the fast interval or half of the interval.
 */
uint64_t schedule_next(const struct schedule *schedule, uint64_t due_ns, uint64_t began_ns,
		       bool in_doubt);

/* True when the moment has been missed, and the check waits for its next one. */
bool schedule_is_missed(const struct schedule *schedule, uint64_t due_ns, uint64_t now_ns);
