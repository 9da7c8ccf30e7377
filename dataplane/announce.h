/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the log says of a dataplane that has started: one line each for its ports, flows, workers.
 */
#pragma once

#include "dataplane/cpus.h"
#include "dataplane/workers.h"

void announce_ports(const struct ports *ports, const struct kernel_path *path);
void announce_flows(const struct flows_file *flows, const struct config_dataplane *config,
		    enum engine_isa isa);
/* Waits until each worker has measured how long its naps are. */
void announce_workers(struct workers *workers, const struct cpus *cpus);
