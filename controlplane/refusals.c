/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/refusals.h"

#define REPAIR_INTERVAL_MS 60000

bool refusals_call_for_repair(struct refusals *refusals, const struct abi_status *status,
			      uint64_t generation, uint64_t now_ms)
{
	uint64_t count = status->refusals;

	/* Another process counts from 0. */
	if (refusals->instance != status->file.instance) {
		refusals->instance = status->file.instance;
		refusals->seen = 0;
	}
	if (count == refusals->seen)
		return false;
	if (status->generation_refused != generation) {
		refusals->seen = count;
		return false;
	}
	if (refusals->repaired_ms != 0 && now_ms - refusals->repaired_ms < REPAIR_INTERVAL_MS)
		return false;
	refusals->seen = count;
	refusals->repaired_ms = now_ms;
	return true;
}
