/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The `status` file: what the dataplane says of itself. Main thread. */
#pragma once

#include "dataplane/abi/status.h"
#include "dataplane/core/flow_table.h"
#include "dataplane/cpus.h"
#include "dataplane/kernel_path.h"
#include "dataplane/port.h"
#include "dataplane/run_files.h"

/* Creates it, in place at once, in state STARTING. 0 or -1, with the reason logged. */
int status_create(struct run_file *file, const struct run_directory *directory,
		  const struct cpus *cpus, const uint32_t flow_capacities[FAMILY_COUNT]);

void status_describe_ports(struct abi_status *status, const struct ports *ports,
			   const struct kernel_path *path);
void status_set_state(struct abi_status *status, enum abi_dataplane_state state);
void status_heartbeat(struct abi_status *status);

/* Says why a generation was refused; readers see the whole sentence or the last one. */
void status_refuse(struct abi_status *status, uint64_t generation, const char *reason);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t status_clock(void);
