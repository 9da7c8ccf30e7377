/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* DPDK's environment: its arguments made from the configuration and the machine. */
#pragma once

#include "config/model.h"
#include "dataplane/cpus.h"
#include "dataplane/run_files.h"

#include <stdbool.h>

/* EAL's number of the main thread; worker i is 1 + i. */
#define EAL_MAIN_LCORE 0

struct eal {
	bool started;
	bool huge_pages;
};

/*
 * `mebibytes`: what the ports will need. With at least as many huge pages free
 * they are used, else ordinary memory. 0 or -1, with the reason logged.
 */
int eal_start(struct eal *eal, const struct config_dataplane *config, const struct cpus *cpus,
	      const struct run_directory *directory, unsigned mebibytes);
void eal_stop(struct eal *eal);
