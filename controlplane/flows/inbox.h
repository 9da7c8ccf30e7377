/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The writing side of `inbox` (abi/inbox.h): commands for the workers. What the
 * file says of itself is checked once, and kept; where a ring's worker stands is
 * believed only as far as it makes sense.
 */
#pragma once

#include "controlplane/stats/mapped_file.h"
#include "dataplane/abi/inbox.h"
#include "dataplane/abi/status.h"

struct inbox {
	struct mapped_file file;
	uint32_t ring_count; /* 0: there is no inbox */
	uint32_t command_count;
	uint64_t ring_offset, ring_size;
};

void inbox_open(struct inbox *inbox, const char *run_dir);
void inbox_close(struct inbox *inbox);

/* Writes one. 0; -EAGAIN: the ring is full; -ENOENT: there is no such worker. */
int inbox_write(struct inbox *inbox, uint32_t worker, const struct abi_command *command);

/* Whether the worker has taken all that was written to it. */
bool inbox_is_empty(const struct inbox *inbox, uint32_t worker);

/* Ends the flow of a record. */
struct abi_command inbox_end_flow(const struct abi_flow6 *flow);
