/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_timers.h"

/* Slots a peek looks into: it is only to fetch what will be needed. */
#define PEEK_SLOTS 4

/* Ticks wrap: what counts is the distance. */
static int32_t ticks_from(uint32_t earlier, uint32_t later)
{
	return (int32_t)(later - earlier);
}

static uint32_t slot_of(const struct flow_wheel *wheel, uint32_t tick)
{
	return wheel->first + (tick & wheel->mask);
}

void flow_timers_begin(struct flow_table *table, uint32_t tick)
{
	table->timers.tick = table->half_open.tick = table->closing.tick = tick;
	memset(table->slots, 0xff, sizeof(table->slots));
}

void flow_timers_arm(struct flow_table *table, struct flow_wheel *wheel, uint32_t record,
		     uint32_t tick)
{
	int32_t ahead = ticks_from(wheel->tick, tick);

	if (ahead < 0)
		tick = wheel->tick;
	else if (ahead > (int32_t)wheel->mask)
		tick = wheel->tick + wheel->mask;

	if (ticks_from(tick, wheel->soonest) > 0)
		wheel->soonest = tick;
	uint32_t slot = slot_of(wheel, tick);
	uint32_t first = table->slots[slot];
	table->links[record] = (struct flow_link){.next = first, .previous = FLOW_LINK_HEAD | slot};
	if (first != FLOW_NONE)
		table->links[first].previous = record;
	table->slots[slot] = record;
}

void flow_timers_disarm(struct flow_table *table, uint32_t record)
{
	struct flow_link link = table->links[record];

	if (link.previous & FLOW_LINK_HEAD)
		table->slots[link.previous & ~FLOW_LINK_HEAD] = link.next;
	else
		table->links[link.previous].next = link.next;
	if (link.next != FLOW_NONE)
		table->links[link.next].previous = link.previous;
}

uint32_t flow_timers_next(struct flow_table *table, struct flow_wheel *wheel, uint32_t now,
			  uint32_t *patience)
{
	/* After a long pause one turn of the wheel meets every timer there is. */
	if (ticks_from(wheel->tick, now) > (int32_t)wheel->mask)
		wheel->tick = now - wheel->mask;

	for (; ticks_from(wheel->tick, now) >= 0; wheel->tick++) {
		uint32_t record = table->slots[slot_of(wheel, wheel->tick)];
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

static uint32_t soonest_tick(const struct flow_wheel *wheel)
{
	/* What lies outside the wheel was written long ago, or never. */
	return wheel->soonest - wheel->tick <= wheel->mask ? wheel->soonest : wheel->tick;
}

unsigned flow_timers_peek(const struct flow_table *table, const struct flow_wheel *wheel,
			  uint32_t *records, unsigned most)
{
	uint32_t tick = soonest_tick(wheel);
	unsigned count = 0;

	for (unsigned i = 0; i < PEEK_SLOTS && count < most; i++) {
		uint32_t record = table->slots[slot_of(wheel, tick + i)];

		for (; record != FLOW_NONE && count < most; record = table->links[record].next)
			records[count++] = record;
	}
	return count;
}

uint32_t flow_timers_soonest(struct flow_table *table, struct flow_wheel *wheel)
{
	uint32_t end = wheel->tick + wheel->mask + 1;
	uint32_t tick = soonest_tick(wheel);

	for (; tick != end; tick++) {
		uint32_t record = table->slots[slot_of(wheel, tick)];

		if (record != FLOW_NONE) {
			wheel->soonest = tick;
			flow_timers_disarm(table, record);
			return record;
		}
	}
	wheel->soonest = wheel->tick + wheel->mask;
	return FLOW_NONE;
}
