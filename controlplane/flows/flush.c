/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/flush.h"

#include "controlplane/flows/inbox.h"
#include "controlplane/flows/records.h"

#include <errno.h>
#include <stdlib.h>

/* Records looked at in one piece. */
#define PATIENCE 4096

struct flow_flush {
	struct records_walk walk;
	struct inbox inbox;
	struct flow_filter filter;
	struct flow_names *names;
	uint64_t asked;
	uint64_t moved_ms; /* when it last came on; 0: not begun */
	/* A command that found its ring full. */
	bool is_held;
	uint32_t held_worker;
	struct abi_command held;
	bool is_over; /* the walk */
};

struct flow_flush *flow_flush_open(const char *run_dir, const struct flow_filter *filter,
				   struct flow_names *names)
{
	struct flow_flush *flush = calloc(1, sizeof(*flush));

	if (flush == NULL) {
		free(names);
		return NULL;
	}
	records_open(&flush->walk, run_dir);
	inbox_open(&flush->inbox, run_dir);
	flush->filter = *filter;
	flush->names = names;
	return flush;
}

void flow_flush_close(struct flow_flush *flush)
{
	records_close(&flush->walk);
	inbox_close(&flush->inbox);
	free(flush->names);
	free(flush);
}

bool flow_flush_has_inbox(const struct flow_flush *flush)
{
	return flush->inbox.ring_count > 0;
}

uint64_t flow_flush_asked(const struct flow_flush *flush)
{
	return flush->asked;
}

/* False: its ring is full. A record of a worker that is not there is nobody's to end. */
static bool ask(struct flow_flush *flush, uint64_t now_ms)
{
	int error = inbox_write(&flush->inbox, flush->held_worker, &flush->held);

	flush->is_held = error == -EAGAIN;
	if (error == 0) {
		flush->asked++;
		flush->moved_ms = now_ms;
	}
	return !flush->is_held;
}

/* Goes on until a ring is full, for so many records at most. */
static void go_through(struct flow_flush *flush, uint64_t now_ms)
{
	const uint32_t now = (uint32_t)(now_ms >> ABI_FLOW_TICK_SHIFT);
	uint32_t patience = PATIENCE, worker;
	struct abi_flow6 flow;
	enum records_step step;

	if (flush->is_held && !ask(flush, now_ms))
		return;
	while ((step = records_next(&flush->walk, &patience, &flow, &worker)) == RECORDS_FOUND) {
		if (!flow_filter_fits(&flush->filter, flush->names, &flow, worker, now))
			continue;
		flush->held = inbox_end_flow(&flow);
		flush->held_worker = worker;
		if (!ask(flush, now_ms))
			return;
	}
	flush->is_over = step == RECORDS_END;
	if (step == RECORDS_PAUSE)
		flush->moved_ms = now_ms;
}

static bool all_taken(const struct flow_flush *flush)
{
	for (uint32_t i = 0; i < flush->inbox.ring_count; i++) {
		if (!inbox_is_empty(&flush->inbox, i))
			return false;
	}
	return true;
}

enum flow_flush_state flow_flush_run(struct flow_flush *flush, uint64_t now_ms)
{
	if (flush->moved_ms == 0)
		flush->moved_ms = now_ms;
	if (!flush->is_over)
		go_through(flush, now_ms);
	if (flush->is_over && all_taken(flush))
		return FLOW_FLUSH_DONE;
	return now_ms - flush->moved_ms > FLOW_FLUSH_PATIENCE_MS ? FLOW_FLUSH_STUCK
								 : FLOW_FLUSH_GOES_ON;
}
