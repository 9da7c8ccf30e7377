/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A program of the user's, run when a group changes its state, as keepalived
 * runs its `notify`: PROGRAM "GROUP" NAME STATE PRIORITY. Never waited for.
 */
#pragma once

#include <stdint.h>

/* 0 or -errno. Its end comes as SIGCHLD. */
int notify_run(const char *program, const char *group, const char *state, uint32_t priority);
/* After SIGCHLD. */
void notify_reap(void);
