/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Numbers in units that are read at a glance. */
#pragma once

#include <stdint.h>

#define UNITS_SIZE 32

/* Each writes to `text` (UNITS_SIZE bytes) and returns it. */
const char *units_count(uint64_t value, char *text);    /* 12,345,678 */
const char *units_bytes(uint64_t value, char *text);    /* 12.3 MB, of a thousand each */
const char *units_duration(double seconds, char *text); /* 12 s, 3 m 5 s, 2 h 4 m, 5 d 3 h */
const char *units_short(double us, char *text);         /* 0.42 us, 7.5 us, 123 us, 4.2 ms */
