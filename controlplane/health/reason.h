/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Why a check failed, in the words an engineer knows. */
#pragma once

#include <stdint.h>

#define REASON_SIZE 128

/* "connection refused"; written to `text` (REASON_SIZE bytes), which is returned. */
const char *reason_of_errno(int error, char *text);

/* "no answer within 500 ms" */
const char *reason_of_timeout(uint32_t timeout_ms, char *text);
