/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_timers.h"

#define SLOT_MASK (FLOW_TIMER_SLOTS - 1)

/* Ticks wrap: what counts is the distance. */
static int32_t ticks_from(uint32_t earlier, uint32_t later)
{
	return (int32_t)(later - earlier);
}

void flow_timers_arm(struct flow_table *table, uint32_t record, uint32_t tick)
{
	int32_t ahead = ticks_from(table->timer_tick, tick);

	if (ahead < 0)
		tick = table->timer_tick;
	else if (ahead >= (int32_t)FLOW_TIMER_SLOTS)
		tick = table->timer_tick + FLOW_TIMER_SLOTS - 1;

	uint32_t slot = tick & SLOT_MASK;
	uint32_t first = table->timer_slots[slot];
	table->links[record] = (struct flow_link){.next = first, .previous = FLOW_LINK_HEAD | slot};
	if (first != FLOW_NONE)
		table->links[first].previous = record;
	table->timer_slots[slot] = record;
}

void flow_timers_disarm(struct flow_table *table, uint32_t record)
{
	struct flow_link link = table->links[record];

	if (link.previous & FLOW_LINK_HEAD)
		table->timer_slots[link.previous & SLOT_MASK] = link.next;
	else
		table->links[link.previous].next = link.next;
	if (link.next != FLOW_NONE)
		table->links[link.next].previous = link.previous;
}

uint32_t flow_timers_next(struct flow_table *table, uint32_t now, uint32_t *patience)
{
	/* After a long pause one turn of the wheel meets every timer there is. */
	if (ticks_from(table->timer_tick, now) >= (int32_t)FLOW_TIMER_SLOTS)
		table->timer_tick = now - SLOT_MASK;

	for (; ticks_from(table->timer_tick, now) >= 0; table->timer_tick++) {
		uint32_t record = table->timer_slots[table->timer_tick & SLOT_MASK];
		if (record != FLOW_NONE) {
			flow_timers_disarm(table, record);
			return record;
		}
		if (*patience == 0)
			return FLOW_NONE;
		(*patience)--;
	}
	return FLOW_NONE;
}
