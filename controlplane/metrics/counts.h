/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the control plane counts of its own doings. */
#pragma once

#include "controlplane/change.h"

#include <stdint.h>

#define COUNTED_STATUSES 600

struct counts {
	uint64_t answers[COUNTED_STATUSES]; /* of the API, by HTTP status */
	uint64_t changes[CHANGE_OUTCOMES];  /* of the configuration, by outcome */
};

static inline void counts_answer(struct counts *counts, unsigned status)
{
	if (status < COUNTED_STATUSES)
		counts->answers[status]++;
}
