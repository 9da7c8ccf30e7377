/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Commands from the control plane, as abi/inbox.h has them: a bounded number with each turn. */
#pragma once

#include "dataplane/abi/inbox.h"
#include "dataplane/core/engine.h"

/* The most commands of one turn: some microseconds, also when each ends a flow. */
#define INBOX_BATCH 16

/*
 * Takes and carries out commands of the ring; how many. Between bursts, by the worker whose ring
 * it is. `command_count` is what the ring was made with. Without tables they wait.
 */
unsigned engine_take_commands(struct engine *engine, struct abi_inbox_ring *ring,
			      uint32_t command_count);

/* Ends the flow that the command means; false: there is none, or it is no such command. */
bool engine_end_named_flow(struct engine *engine, const struct abi_command *command);
