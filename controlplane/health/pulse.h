/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How much time the loop lost: the process was stopped (SIGSTOP, a machine that
 * hung), or one turn of the loop kept all others waiting. The loop sleeps for a
 * beat at most, and a turn is short; what goes beyond either was lost, and a
 * check that was under way meanwhile may have had its answer without being
 * looked at. Pure: the time is an argument, in nanoseconds of CLOCK_MONOTONIC
 * (which stands still while a machine is suspended: nothing aged meanwhile).
 */
#pragma once

#include <stdint.h>

/* A turn of the loop is never counted as lost before this. */
#define PULSE_TURN_NS UINT64_C(5000000)

struct pulse {
	uint64_t beat_ns;
	uint64_t slept_ns, woke_ns; /* when the loop last went to sleep, and woke; 0: not yet */
	uint64_t lost_ns;           /* in all, up to then */
};

/* The loop goes to sleep, and wakes. Each returns what was lost since the other. */
uint64_t pulse_sleep(struct pulse *pulse, uint64_t now_ns);
uint64_t pulse_wake(struct pulse *pulse, uint64_t now_ns);

/* What was lost in all, in this turn too, in the middle of which the process may have stood still.
 */
uint64_t pulse_lost(const struct pulse *pulse, uint64_t now_ns);
