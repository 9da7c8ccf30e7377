/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A worker's engine with the packets of world_fill()'s services, for snapshots
 * nobody vouches for: it keeps its flows from one to the next.
 */
#pragma once

#include "dataplane/core/tables.h"

struct traffic;

struct traffic *traffic_open(void);
void traffic_close(struct traffic *traffic);

/*
 * Clients' packets to both services, backends' answers, strays, and the end of
 * flows, by this snapshot. Fails when a packet would leave by a port that does
 * not exist or has no verdict; a sanitizer sees the rest. Packets that were sent.
 */
unsigned traffic_run(struct traffic *traffic, const struct snapshot *snapshot);
