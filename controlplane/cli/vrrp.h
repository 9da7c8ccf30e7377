/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace vrrp release|take GROUP` */
#pragma once

#include "controlplane/cli/options.h"

enum cli_exit vrrp_run(const struct client *client, const struct options *options);
