/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The lease (abi/lease.h) in the dataplane. The main thread maps the file, and
 * brings its times into the XDP programs of the ports. Each worker looks at the
 * file itself, through a struct lease_view: before a burst is run, and again before it is sent,
 * since the process may have been stopped in between.
 */
#pragma once

#include "dataplane/abi/lease.h"
#include "dataplane/port.h"

#include <rte_cycles.h>
#include <stdbool.h>
#include <sys/types.h>

/* The main thread's. */
struct lease_file {
	const char *directory;        /* the run directory's path; must stay */
	const struct abi_lease *data; /* NULL: there is none (yet) */
	dev_t device;
	ino_t inode;
	uint64_t looked_ms;
	int watch;                         /* inotify: readable when the lease changed; -1: none */
	uint64_t told[ABI_MAX_GROUPS + 1]; /* what the ports' programs were told last */
	bool failed;                       /* to tell them: said once */
};

void lease_open(struct lease_file *lease, const char *directory);
void lease_close(struct lease_file *lease);

/* Looks for the file, now and then; true when `data` is another one than before. Never unmaps what
 * workers may look at. `now_ms` is CLOCK_MONOTONIC. */
bool lease_look(struct lease_file *lease, uint64_t now_ms);

/* After `watch` was readable. */
void lease_take_events(struct lease_file *lease);

/* Tells the ports' programs what is new of these groups. */
void lease_tell(struct lease_file *lease, struct ports *ports, uint64_t groups);

/* A worker's. Begins all zero. */
struct lease_view {
	const struct abi_lease *file; /* as it was looked at */
	uint64_t groups;              /* that were asked for */
	uint64_t fenced;              /* of them */
	uint64_t deadline;            /* TSC: until then nothing ends */
	uint32_t changes;             /* of the file */
};

/* Looks again: true when groups went out of service since the last time. */
bool lease_view_refresh(struct lease_view *view, const struct abi_lease *file, uint64_t groups);

/* Whether what was seen is still so, as far as that can be told in a few instructions. */
static inline bool lease_view_holds(const struct lease_view *view, const struct abi_lease *file,
				    uint64_t groups)
{
	if (groups == 0 && view->groups == 0)
		return true;
	return file == view->file && groups == view->groups &&
	       (file == NULL ||
		(rte_rdtsc() < view->deadline &&
		 __atomic_load_n(&file->changes, __ATOMIC_ACQUIRE) == view->changes));
}
