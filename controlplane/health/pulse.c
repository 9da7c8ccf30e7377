/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/pulse.h"

uint64_t pulse_beat(struct pulse *pulse, uint64_t now_ns)
{
	uint64_t passed =
		pulse->last_ns == 0 || now_ns < pulse->last_ns ? 0 : now_ns - pulse->last_ns;
	uint64_t lost = passed > pulse->period_ns ? passed - pulse->period_ns : 0;

	pulse->last_ns = now_ns;
	pulse->lost_ns += lost;
	return lost;
}
