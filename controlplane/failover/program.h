/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace-vrrp as a process: it outlives who started it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Starts the one that lies beside this program, in a session of its own: 0 or -errno. */
int program_start(const char *run_dir);

/* Whether somebody holds its lock. Only who starts it may ask: to ask is to take it for a moment.
 */
bool program_lives(const char *run_dir);

/* See failover_say(). */
int program_say(const char *run_dir, const char *line, char *answer);

/* Says "stop" and waits for its end, two seconds at most; then kills it: what it held is dropped
 * when its lease ends. `starting_ms`: it may need so long yet to get to its lock. */
void program_stop(const char *run_dir, uint64_t starting_ms);
