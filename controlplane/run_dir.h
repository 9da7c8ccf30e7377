/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The run directory and the lock that says that a control plane works in it. */
#pragma once

/*
 * Makes the directory when it is missing and takes controlplane.lock for life.
 * The descriptor of the lock, or -1: another one has it, or it cannot be made
 * (logged).
 */
int run_dir_lock(const char *run_dir);
