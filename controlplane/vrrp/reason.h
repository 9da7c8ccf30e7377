/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Words for people: states as keepalived's users know them, and why it came to one. */
#pragma once

#include "controlplane/vrrp/election.h"

#include <stddef.h>

const char *state_name(enum election_state state);

struct reason_facts {
	const char *fault; /* of FAULTY */
	const char *rival; /* address of the node heard last */
	uint32_t rival_priority, own_priority;
	uint64_t silence_ms; /* since any was heard; UINT64_MAX: none ever was */
};

void reason_write(enum election_reason reason, const struct reason_facts *facts, char *text,
		  size_t size);
