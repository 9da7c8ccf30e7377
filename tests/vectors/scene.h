/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The scene of the cases (scene.py draws it), as the workers of a dataplane have it. */
#pragma once

#include "dataplane/core/tables.h"
#include "tests/vectors/vector_file.h"

/* No XDP program stands before them: they judge their frames themselves. */
extern const struct engine_port scene_ports[VECTOR_PORT_COUNT];

/* Publishes the configuration, with its backends in each state, and takes that over; each to be
 * freed by snapshot_release(). Faults end the test. */
void scene_tables(const char *configuration, struct snapshot *tables[VECTOR_BACKENDS_COUNT]);
