/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace check FILE`: reads a configuration as the daemons would. */
#pragma once

#include "controlplane/cli/client.h"

#include <stdbool.h>

enum cli_exit check_run(const char *path, bool json);
