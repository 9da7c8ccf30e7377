/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Fields that are read at start only, and whose saved value is not the running one. */
#pragma once

#include <stddef.h>

#define RESTART_POINTERS_MAX 64
#define RESTART_POINTER_SIZE 256

struct restart_required {
	char pointers[RESTART_POINTERS_MAX][RESTART_POINTER_SIZE]; /* JSON pointers */
	size_t count;
};
