/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Fields that are read at start only: a new configuration gets the running values of them. */
#pragma once

#include "controlplane/controlplane.h"

/*
 * Replaces *next by a configuration that has them as `running` has, and lists
 * in `required` where they were different. -EINVAL: the two do not go together,
 * or -ENOMEM; *next is then as it was.
 */
int keep_running_fields(const struct config *running, struct config **next,
			struct restart_required *required);
