/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What headrace-vrrp has in the run directory: its lock, the lease and the report. 0 or -errno. */
#pragma once

#include "controlplane/vrrp/report.h"
#include "dataplane/abi/lease.h"

#include <stdbool.h>

#define RUN_PATH_SIZE 256

/* Paths of files in a run directory longer than this are cut: it is refused. */
#define RUN_DIR_MAX (RUN_PATH_SIZE - 32)

void run_path(const char *run_dir, const char *name, char path[RUN_PATH_SIZE]);

/* For life; *holder: who has it (-EBUSY), or 0. The descriptor, or -errno. */
int run_lock_take(const char *run_dir, int *holder);
void run_lock_drop(const char *run_dir, int lock);

struct lease {
	struct abi_lease *shared;
	int descriptor; /* of the same file: writing to it wakes who watches it */
};

/* The file that is there, if it is good, else a new one; no group has a lease in it. */
int lease_open(const char *run_dir, struct lease *out);

/* Until when a group may serve; 0: it does not. Wakes who watches when it begins, also anew after
 * it had run out, or ends, or will end earlier than was said. */
void lease_set(const struct lease *lease, uint32_t group, uint64_t until);

/* The groups that were released when the process before ended; empty: none. */
struct released {
	char names[ABI_MAX_GROUPS + 1][ABI_NAME_SIZE];
};

/* A new one, in place of that of the process before, of which this is kept. */
int report_open(const char *run_dir, struct report **out, struct released *released);
