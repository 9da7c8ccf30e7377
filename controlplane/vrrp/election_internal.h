/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What election.c (hearing and waiting) and election_orders.c (being told) share. */
#pragma once

#include "controlplane/vrrp/election.h"

/* The shortest of its paths: the whole group advertises so often. */
uint64_t election_interval(const struct election *election);
/* Of silence, until the active node is taken for gone. */
uint64_t election_down_time(const struct election *election, const struct election_path *path);

struct election_step election_step(const struct election *election, uint32_t actions,
				   enum election_reason reason, uint32_t path);
struct election_step election_nothing(const struct election *election);

/* `keep`: what the rival says of its interval is known, else ours counts. */
void election_become_backup(struct election *election, uint64_t now, bool keep);
struct election_step election_become_active(struct election *election, uint64_t now,
					    enum election_reason reason);
