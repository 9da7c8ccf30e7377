/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The steering program, compiled for this machine with whatever else this build has: sanitizers,
 * libFuzzer. One for all. */
#pragma once

#include "bpf/rules.h"

/* Its maps get what the kernel's would, once. */
void native_steering_fill(const struct steering_rules *rules, const uint8_t mac[6]);

/* As steering_set_lease() of the kernel's; its time is always NATIVE_STEERING_NOW. */
#define NATIVE_STEERING_NOW 1000
void native_steering_set_lease(uint32_t group, uint64_t until);

/* Whether it steers a frame, or drops it: in memory of just its size. */
bool native_steering_ask(const uint8_t *frame, uint32_t length);
