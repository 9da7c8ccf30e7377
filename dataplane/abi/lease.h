/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `lease`: until when this node may serve the addresses of each VRRP group.
 * Written by headrace-vrrp, read by the dataplane: by its workers before each
 * transmit burst, and by its main thread for the XDP program.
 *
 * A group is known by its number, 1 to ABI_MAX_GROUPS, which the control plane
 * gives it for life; `tables` names groups by it. Group 0 is that of what belongs to no
 * group: it needs no lease. Where the file is not there, no group has a lease.
 *
 * `until` is written alone (release store). `changes` grows each time a group comes into service or
 * goes out of it, and then `woken` is written by write(2), so that who watches the run directory
 * (inotify) wakes; neither happens when a lease that runs is only made longer. One that had run out
 * and is renewed comes into service; one that will end earlier than it was said counts as well.
 *
 * The writer lives as long as it holds the lock on ABI_LOCK_VRRP. It goes on with the file it
 * finds.
 */
#pragma once

#include "dataplane/abi/tables.h"

struct abi_lease {
	struct abi_file file;
	uint32_t changes; /* after `until` of what changed; release store, acquire load */
	uint8_t woken;
	uint8_t reserved[59];
	uint64_t until[ABI_MAX_GROUPS +
		       1]; /* CLOCK_MONOTONIC, ns; 0: not in service. [0] is not used */
};
