/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * When to look at a flow again: timer wheels of ABI_FLOW_TICK_MS ticks.
 *
 * They are lazy: a packet only stores last_seen; the wheel finds out when the
 * flow's time comes whether it is over, and else arms it anew. A timer further
 * off than the wheel reaches is looked at on the way. Only a change to a
 * shorter timeout has to move a timer at once.
 *
 * Half-open connections have a wheel of their own, and closing ones, so that the
 * oldest is at hand when a full table needs room.
 */
#pragma once

#include "dataplane/core/flow_table.h"

/* The wheel that a flow of this state is in. */
static inline struct flow_wheel *flow_timers_wheel(struct flow_table *table, uint8_t state)
{
	switch (state) {
	case ABI_FLOW_TCP_HALF_OPEN:
		return &table->half_open;
	case ABI_FLOW_TCP_CLOSING:
		return &table->closing;
	default:
		return &table->timers;
	}
}

/* All wheels go on from this tick; their slots are empty. */
void flow_timers_begin(struct flow_table *table, uint32_t tick);

/* Arms the timer of a record that is in no slot. A tick that has passed is due at once. */
void flow_timers_arm(struct flow_table *table, struct flow_wheel *wheel, uint32_t record,
		     uint32_t tick);
/* Takes a record out of the slot it is in, of whichever wheel. */
void flow_timers_disarm(struct flow_table *table, uint32_t record);

/*
 * Takes one record that is due at `now` (in ticks) out of the wheel; FLOW_NONE
 * when there is none, or after `*patience` slots without one, which it lowers.
 */
uint32_t flow_timers_next(struct flow_table *table, struct flow_wheel *wheel, uint32_t now,
			  uint32_t *patience);

/* Records that flow_timers_soonest() would give, as they are now, to fetch them: how many, at most
 * `most`. */
unsigned flow_timers_peek(const struct flow_table *table, const struct flow_wheel *wheel,
			  uint32_t *records, unsigned most);

/*
 * Takes out the record that is due next, whenever that is; FLOW_NONE: there is
 * none. What it passes on the way is empty, and not looked at twice.
 */
uint32_t flow_timers_soonest(struct flow_table *table, struct flow_wheel *wheel);
