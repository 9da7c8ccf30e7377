/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Whether the dataplane lives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Path of its lock in the run directory. */
void liveness_path(const char *run_dir, char *path, size_t size);

/*
 * `pid` and `heartbeat_ns` are from `status`. A fresh heartbeat is proof
 * enough; the lock, the last word, is tried only when the heart stands still
 * and the process is there: trying it takes it for a moment, and a dataplane
 * that starts in that moment would find it taken.
 */
bool liveness_check(const char *lock_path, uint32_t pid, uint64_t heartbeat_ns, uint64_t now_ns);
