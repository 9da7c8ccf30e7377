/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The guard in the kernel: puts the table of ruleset.h there, keeps it as the
 * configuration, the host's addresses and the interfaces change, and puts it
 * back when somebody removed or flushed it, or anything in it. It outlives a
 * killed control plane.
 */
#pragma once

#include "controlplane/neighbours/network.h"
#include "controlplane/publish/publish.h"

struct guard;

/* 0 or -errno; -EOPNOTSUPP when this kernel or libnftables cannot do it (logged). */
int guard_open(struct network *network, const struct publisher *publisher, struct guard **out);

/* Closes; the table stays. */
void guard_close(struct guard *guard);

/*
 * Loads the table for one configuration, or for two at once (`also` may be
 * NULL) while the change from one to the other is under way; what the published
 * generation says of dnat backends is guarded with them: those that drain, and
 * those of an earlier change that is not out yet. What is in the kernel already
 * is not loaded again. 0 or -errno (logged).
 */
int guard_load(struct guard *guard, const struct config *config, const struct config *also);

/* Takes the table away: the end of a clean stop. */
void guard_remove(struct guard *guard);
