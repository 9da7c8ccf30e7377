/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * GET /metrics, for Prometheus: the same sources as /v1/status, /v1/services and
 * /v1/pools, in one text. docs/metrics.md describes every family.
 */
#pragma once

#include "controlplane/metrics/text.h"

struct controlplane;

/* The whole text, malloc'ed; NULL: no memory. */
char *metrics_render(struct controlplane *controlplane);
