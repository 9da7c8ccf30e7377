/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/check_state.h"

bool check_state_apply(struct check_state *state, const struct check_rules *rules, bool good,
		       uint64_t now_ms)
{
	enum check_verdict result = good ? CHECK_UP : CHECK_DOWN;
	uint32_t needed = good ? rules->rise : rules->fall;

	if (state->verdict == result) {
		state->against = 0;
		return false;
	}
	state->against++;
	if (state->verdict != CHECK_UNDECIDED && state->against < needed)
		return false;
	state->verdict = result;
	state->against = 0;
	state->since_ms = now_ms;
	return true;
}

bool check_state_in_doubt(const struct check_state *state)
{
	return state->verdict == CHECK_UNDECIDED || state->against > 0;
}
