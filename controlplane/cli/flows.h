/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace show flows` and `headrace flush flow`: which flows, and what of them. */
#pragma once

#include "controlplane/cli/options.h"

enum cli_exit flows_show(const struct client *client, const struct options *options);
