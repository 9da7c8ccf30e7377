/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace restart-dataplane`: stops the dataplane and waits for the next one. */
#pragma once

#include "controlplane/cli/options.h"

/*
 * The dataplane is asked to stop (SIGTERM), which keeps its flows. Starting the next
 * is for whoever supervises it; where nobody does, the command line that does it is
 * told, and CLI_REFUSED.
 */
enum cli_exit restart_run(const struct client *client, const struct options *options);
