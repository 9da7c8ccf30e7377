/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the dataplane shows of itself: `status` and `counters`, read without
 * asking it. Everything is checked before it is believed; where there is no
 * dataplane the numbers are 0. Its flows: controlplane/flows/.
 */
#pragma once

#include "controlplane/stats/baselines.h"
#include "controlplane/stats/latency.h"
#include "dataplane/abi/counters.h"
#include "dataplane/abi/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stats;

/* The files are looked for in the run directory whenever they are read. 0 or -ENOMEM. */
int stats_open(const char *run_dir, struct stats **out);
void stats_close(struct stats *stats);

/*
 * `status` of the dataplane, dead or alive; NULL: none, or none that we understand.
 * It is there until this is called again: the file of another dataplane may be in its place then.
 */
const struct abi_status *stats_status(struct stats *stats);

/* True when the process that wrote this `status` lives; NULL: there is none. */
bool stats_dataplane_lives(const struct stats *stats, const struct abi_status *status);

/*
 * The head of all blocks summed: everything of struct abi_counters_block before
 * `services`. All 0 without a dataplane.
 */
void stats_totals(struct stats *stats, struct abi_counters_block *out);

/* The same of the block of one worker alone; false: there is none. */
bool stats_worker(struct stats *stats, uint32_t worker, struct abi_counters_block *out);

/*
 * How long one worker had its packets; `cycles_per_us` as `status` has it. False:
 * there is no such worker, or it has not told how fast its clock is.
 */
bool stats_latency(struct stats *stats, uint32_t worker, uint32_t cycles_per_us,
		   struct latency *out);

/* Hash of what makes an object that object; `seed` chains several pieces. Never 0. */
uint64_t stats_identity(const void *data, size_t length, uint64_t seed);

/*
 * From now on the index belongs to the object of this identity (a hash of what
 * makes it that object). When it was another's, in whichever life of this
 * program, its counters begin at 0.
 */
void stats_assign(struct stats *stats, enum stats_kind kind, uint32_t index, uint64_t identity);

/* Traffic of a service or backend since its index was assigned to it. */
void stats_traffic(struct stats *stats, enum stats_kind kind, uint32_t index,
		   struct abi_traffic *out);

/* Flows the dataplane has with the backend; UINT64_MAX: no dataplane tells, or not yet. */
uint64_t stats_flows_of_backend(struct stats *stats, uint32_t index);
