/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Backends that left the configuration and keep their flows until they end. */
#pragma once

#include <jansson.h>

struct controlplane;

/* {POOL: [backend, ...], ...}, also of pools that left with them; a new reference. */
json_t *removed_by_pool(struct controlplane *controlplane);
