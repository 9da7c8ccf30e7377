/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/pulse.h"

/* Timers are late by their nature, if only a little. */
static uint64_t longest_sleep(const struct pulse *pulse)
{
	return pulse->beat_ns + pulse->beat_ns / 4;
}

static uint64_t beyond(uint64_t since_ns, uint64_t now_ns, uint64_t allowed_ns)
{
	uint64_t passed = since_ns == 0 || now_ns < since_ns ? 0 : now_ns - since_ns;

	return passed > allowed_ns ? passed - allowed_ns : 0;
}

uint64_t pulse_sleep(struct pulse *pulse, uint64_t now_ns)
{
	uint64_t lost = beyond(pulse->woke_ns, now_ns, PULSE_TURN_NS);

	pulse->slept_ns = now_ns;
	pulse->lost_ns += lost;
	return lost;
}

uint64_t pulse_wake(struct pulse *pulse, uint64_t now_ns)
{
	uint64_t lost = beyond(pulse->slept_ns, now_ns, longest_sleep(pulse));

	pulse->woke_ns = now_ns;
	pulse->lost_ns += lost;
	return lost;
}

uint64_t pulse_lost(const struct pulse *pulse, uint64_t now_ns)
{
	if (pulse->woke_ns < pulse->slept_ns)
		return pulse->lost_ns + beyond(pulse->slept_ns, now_ns, longest_sleep(pulse));
	return pulse->lost_ns + beyond(pulse->woke_ns, now_ns, PULSE_TURN_NS);
}
