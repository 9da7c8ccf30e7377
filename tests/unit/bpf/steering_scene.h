/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The tables in which the places of steering_frames.h are what is said there. */
#pragma once

#include "dataplane/core/tables.h"
#include "dataplane/generation_rules.h"

/* To be freed by snapshot_release(). */
struct snapshot *steering_scene(void);
