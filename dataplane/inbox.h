/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The `inbox` file: a ring of commands for each worker. */
#pragma once

#include "dataplane/abi/inbox.h"
#include "dataplane/run_files.h"

/* Makes it, its rings empty. 0 or -1, with the reason logged. */
int inbox_create(struct run_file *file, const struct run_directory *directory,
		 unsigned worker_count);

struct abi_inbox_ring *inbox_ring(const struct run_file *file, unsigned worker);
