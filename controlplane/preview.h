/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a change of the configuration would move. */
#pragma once

#include "config/config.h"

struct controlplane;

/*
 * For each service of both configurations whose clients would meet other backends, be it that its
 * pool, the pool's backends, hash_on or the rings' size is another one:
 * {"service": NAME, "share": 0.031}, the share of its new flows that would, with the backends'
 * health as it is now and new ones taken for healthy. By the pools' names. A new reference; NULL:
 * no memory. The event loop's thread only.
 */
json_t *preview_moves(const struct controlplane *controlplane, const struct config *next);
