/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How long each step of something took, for one line of the log. */
#pragma once

#include <stdint.h>

struct laps {
	uint64_t begun, last; /* CLOCK_MONOTONIC, ns */
	char text[256];
};

void laps_begin(struct laps *laps);
/* The step that ends now. */
void laps_add(struct laps *laps, const char *step);
/* "212 ms: files 12, DPDK 151", written to `text`. */
const char *laps_tell(struct laps *laps, char text[320]);
