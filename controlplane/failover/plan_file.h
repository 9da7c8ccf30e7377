/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The plan as a file of the run directory. */
#pragma once

#include "controlplane/failover/numbers.h"

#include <stddef.h>

/* Written aside and renamed: 0 or -errno. */
int plan_file_write(const char *run_dir, const void *plan, size_t size);
/* The whole plan, malloc'ed; NULL: there is none, or none that is one. */
void *plan_file_read(const char *run_dir, size_t *size);
void plan_file_remove(const char *run_dir);

/* The numbers its groups have. Of a plan that was read. */
void plan_file_names(const void *plan, struct group_numbers *numbers);
