/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/metrics/publish_times.h"

#include "controlplane/clock.h"
#include "controlplane/stats/stats.h"

#define LOOK_SECONDS 0.02
#define GIVE_UP_NS   UINT64_C(30000000000)

/* When the last of the workers had the generation; 0: the dataplane does not tell. */
static uint64_t taken_at(const struct abi_status *status)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < status->worker_count; i++) {
		uint64_t at = __atomic_load_n(&status->workers[i].taken_at, __ATOMIC_RELAXED);

		if (at > last)
			last = at;
	}
	return last;
}

/* Some workers have the generation, and one that stalls does not yet. */
static bool is_half_taken(const struct abi_status *status)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < status->worker_count; i++)
		told += __atomic_load_n(&status->workers[i].taken_at, __ATOMIC_RELAXED) != 0;
	return told > 0 && told < status->worker_count;
}

/* One that is away, or starting, takes the generation when it is there: that is no time of ours. */
static bool is_forwarding(struct stats *stats)
{
	const struct abi_status *status = stats_status(stats);

	return stats_dataplane_lives(stats, status) && status->state == ABI_DATAPLANE_RUNNING;
}

static void end(struct publish_times *times)
{
	times->generation = 0;
	ev_timer_stop(times->loop, &times->look);
}

static void on_look(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct publish_times *times = watcher->data;
	const struct abi_status *status = stats_status(times->stats);

	(void)loop;
	(void)events;
	if (status != NULL &&
	    __atomic_load_n(&status->generation_taken, __ATOMIC_ACQUIRE) >= times->generation &&
	    !is_half_taken(status)) {
		uint64_t at = taken_at(status);

		/* It may be taken before we know that it is out. */
		if (at >= times->began_ns)
			histogram_add(&times->taking,
				      at > times->published_ns ? at - times->published_ns : 0);
		end(times);
	} else if (clock_now_ns() - times->published_ns > GIVE_UP_NS ||
		   !stats_dataplane_lives(times->stats, status)) {
		end(times);
	}
}

void publish_times_start(struct publish_times *times, struct ev_loop *loop, struct stats *stats)
{
	*times = (struct publish_times){.loop = loop, .stats = stats};
	ev_timer_init(&times->look, on_look, LOOK_SECONDS, LOOK_SECONDS);
	times->look.data = times;
}

void publish_times_stop(struct publish_times *times)
{
	if (times->loop != NULL)
		ev_timer_stop(times->loop, &times->look);
}

void publish_times_note(struct publish_times *times, int outcome, uint64_t generation,
			uint64_t began_ns)
{
	uint64_t now = clock_now_ns();

	if (outcome < 0)
		times->failures++;
	if (outcome <= 0)
		return;
	histogram_add(&times->making, now - began_ns);
	if (times->generation != 0 || !is_forwarding(times->stats))
		return;
	times->generation = generation;
	times->began_ns = began_ns;
	times->published_ns = now;
	ev_timer_again(times->loop, &times->look);
}
