/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The burst of burst.c, compiled for each instruction set. */
#pragma once

#include "dataplane/core/engine.h"

engine_burst engine_burst_v1, engine_burst_v3, engine_burst_v4;
