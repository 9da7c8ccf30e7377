/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The `counters` file: a block for each worker, and the main thread's behind them. */
#pragma once

#include "dataplane/abi/counters.h"
#include "dataplane/run_files.h"

int counters_create(struct run_file *file, const struct run_directory *directory,
		    unsigned worker_count);

/* `number` up to the worker count, which is the main thread's. */
struct abi_counters_block *counters_block(const struct run_file *file, unsigned number);
