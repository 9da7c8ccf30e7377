/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/reason.h"

#include <inttypes.h>
#include <stdio.h>

const char *state_name(enum election_state state)
{
	static const char *const names[] = {[ELECTION_INIT] = "STOP",
					    [ELECTION_BACKUP] = "BACKUP",
					    [ELECTION_ACTIVE] = "MASTER",
					    [ELECTION_FAULT] = "FAULT"};

	return names[state];
}

void reason_write(enum election_reason reason, const struct reason_facts *facts, char *text,
		  size_t size)
{
	switch (reason) {
	case ELECTION_NO_REASON:
		text[0] = '\0';
		break;
	case ELECTION_STARTED:
		snprintf(text, size, "started, with priority %u", facts->own_priority);
		break;
	case ELECTION_SILENCE:
		if (facts->silence_ms == UINT64_MAX)
			snprintf(text, size, "no other node was heard");
		else
			snprintf(text, size, "%s was not heard for %" PRIu64 " ms", facts->rival,
				 facts->silence_ms);
		break;
	case ELECTION_GIVEN_UP:
		snprintf(text, size, "%s gave up (priority 0)", facts->rival);
		break;
	case ELECTION_PREEMPTS:
		snprintf(text, size, "priority %u is higher than the %u of %s", facts->own_priority,
			 facts->rival_priority, facts->rival);
		break;
	case ELECTION_TOLD:
		snprintf(text, size, "told to take over");
		break;
	case ELECTION_HIGHER:
		snprintf(text, size, "%s has the higher priority: %u, here %u", facts->rival,
			 facts->rival_priority, facts->own_priority);
		break;
	case ELECTION_TIE:
		snprintf(text, size, "%s has the same priority, %u, and the greater address",
			 facts->rival, facts->rival_priority);
		break;
	case ELECTION_LATE:
		snprintf(text, size, "the lease ran out, and %s with priority %u serves",
			 facts->rival, facts->rival_priority);
		break;
	case ELECTION_RELEASED:
		snprintf(text, size, "told to release");
		break;
	case ELECTION_STOPPED:
		snprintf(text, size, "told to stop");
		break;
	case ELECTION_FAULTY:
		snprintf(text, size, "%s", facts->fault);
		break;
	case ELECTION_MENDED:
		snprintf(text, size, "what was wrong is over");
		break;
	}
}
