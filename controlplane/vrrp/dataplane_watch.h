/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Does the dataplane live? Its process (the kernel tells of its end at once)
 * and the heartbeats of all its threads, in `status`.
 */
#pragma once

#include "dataplane/abi/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DATAPLANE_LOOK_EVERY 50000000ull /* ns */
/* Workers' heartbeats come about every millisecond; the main thread's wait while it takes a large
 * generation. A process that is stopped is noticed by its workers. */
#define DATAPLANE_FRESH      300000000ull  /* ns */
#define DATAPLANE_MAIN_FRESH 5000000000ull /* ns */

struct dataplane_watch {
	char path[256];
	const struct abi_status *status; /* NULL: there is none */
	size_t size;
	dev_t device;
	ino_t inode;
	uint32_t pid;
	int process; /* pidfd; -1: none, or it has ended */
	uint64_t look_at;
	const char *trouble; /* NULL: it is alive */
};

void dataplane_watch_init(struct dataplane_watch *watch, const char *run_dir);
/* Pure: what is wrong with a dataplane whose process runs; NULL: nothing. */
const char *dataplane_trouble(const struct abi_status *status, uint64_t now);
/* When it is time, or the process has ended; sets `trouble`. */
void dataplane_watch_tick(struct dataplane_watch *watch, uint64_t now);
void dataplane_watch_ended(struct dataplane_watch *watch);
