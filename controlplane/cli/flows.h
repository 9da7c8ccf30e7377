/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace show flows` and `headrace flush flow`: which flows, and what of them. */
#pragma once

#include "controlplane/cli/options.h"

/* "/v1/flows?service=web&limit=10" as the options say, malloc'ed; NULL: no memory. */
char *flows_path(const struct options *options);

enum cli_exit flows_show(const struct client *client, const struct options *options);
enum cli_exit flows_flush(const struct client *client, const struct options *options);
