/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * How long this process did not run: stopped (SIGSTOP, a suspended machine), or
 * late because something held the loop. A clock that beats at a known period
 * is watched; what passes beyond the period from one beat to the next was
 * lost. A check that was under way meanwhile cannot be told from one without
 * an answer. Pure: the time is an argument, in nanoseconds of CLOCK_MONOTONIC
 * (a suspended machine's time does not count there: nothing aged meanwhile).
 */
#pragma once

#include <stdint.h>

struct pulse {
	uint64_t period_ns;
	uint64_t last_ns; /* the last beat; 0: none yet */
	uint64_t lost_ns; /* in all */
};

/* A beat, early or late; more of them than the period asks for do no harm. Returns what was lost.
 */
uint64_t pulse_beat(struct pulse *pulse, uint64_t now_ns);
