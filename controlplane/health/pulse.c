/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/pulse.h"

static uint64_t lose(struct pulse *pulse, uint64_t since_ns, uint64_t now_ns, uint64_t allowed_ns)
{
	uint64_t passed = since_ns == 0 || now_ns < since_ns ? 0 : now_ns - since_ns;
	uint64_t lost = passed > allowed_ns ? passed - allowed_ns : 0;

	pulse->lost_ns += lost;
	return lost;
}

uint64_t pulse_sleep(struct pulse *pulse, uint64_t now_ns)
{
	pulse->slept_ns = now_ns;
	return lose(pulse, pulse->woke_ns, now_ns, PULSE_TURN_NS);
}

/* Timers are late by their nature, if only a little. */
uint64_t pulse_wake(struct pulse *pulse, uint64_t now_ns)
{
	pulse->woke_ns = now_ns;
	return lose(pulse, pulse->slept_ns, now_ns, pulse->beat_ns + pulse->beat_ns / 4);
}
