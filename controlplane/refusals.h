/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * When a refusal by the dataplane calls for tables written anew. Pure.
 *
 * One that is refused for what it says is so every time: no new file for each
 * refusal, but one in a minute. A refusal in between is not forgotten; it waits.
 */
#pragma once

#include "dataplane/abi/status.h"

#include <stdbool.h>
#include <stdint.h>

struct refusals {
	uint64_t instance;    /* of the dataplane whose refusals */
	uint64_t seen;        /* so many were looked at */
	uint64_t repaired_ms; /* when one last called for a repair; 0: never */
};

/* True when `generation`, the last one, is refused and it is time to mend it, which is then noted.
 */
bool refusals_call_for_repair(struct refusals *refusals, const struct abi_status *status,
			      uint64_t generation, uint64_t now_ms);
