/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A world whose dataplane has died and is started again, and an audit of all that is derived. */
#pragma once

#include "dataplane/core/flow_recover.h"
#include "tests/unit/core/world.h"

/*
 * Everything of the engine is made new, with room for `capacity` flows of each family, and
 * filled from the file in `bytes`, which a process left: where it lies when it fits, and
 * it is the world's then and for the caller to free; else into a new one. False, and the
 * world as it was: it is no file to take over.
 */
bool restart_from(struct world *world, void *bytes, size_t size, uint32_t capacity,
		  struct flow_recovery *recovery);

/* The world's own file, in place; into one of another capacity. */
struct flow_recovery restart(struct world *world);
struct flow_recovery restart_with_room(struct world *world, uint32_t capacity);

/* Bytes of the world's file. */
size_t restart_file_size(const struct world *world);

/* How many flows were dropped. */
uint64_t restart_dropped(const struct flow_recovery *recovery);

/*
 * Fails unless records, index, free list, timers, users of hops, counts and counters all
 * say the same, and no end is owned twice. The counters are those since the restart.
 */
void restart_audit(const struct world *world);
