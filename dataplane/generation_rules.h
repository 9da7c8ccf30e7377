/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What steering is to match, by a snapshot of the tables. */
#pragma once

#include "bpf/rules.h"
#include "dataplane/core/tables.h"

/* Fills *out, to be freed by steering_rules_free() also on failure; 0 or -ENOMEM. */
int generation_rules(const struct snapshot *snapshot, struct steering_rules *out);
