/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/check.h"

#include "controlplane/clock.h"
#include "controlplane/publish/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS UINT64_C(1000000)

bool check_is_wanted(const struct check *check)
{
	return check->group->definition.type != CONFIG_CHECK_NONE &&
	       check->backend.admin != CONFIG_MAINT;
}

static void cancel_probe(struct check *check)
{
	if (check->tcp != NULL)
		tcp_probe_cancel(check->tcp);
	if (check->http != NULL)
		http_probe_cancel(check->http);
	check->tcp = NULL;
	check->http = NULL;
	ev_timer_stop(check->shared->loop, &check->failed);
}

static uint64_t lost_since(const struct check *check)
{
	uint64_t lost = pulse_lost(&check->shared->pulse, clock_now_ns());

	return lost > check->lost_ns ? lost - check->lost_ns : 0;
}

static void arm(struct check *check, uint64_t due_ns, uint64_t now_ns)
{
	uint64_t ahead = due_ns > now_ns ? due_ns - now_ns : 0;

	check->due_ns = due_ns;
	check->lost_ns = pulse_lost(&check->shared->pulse, clock_now_ns());
	/* The loop's time is that of its waking, which may be a while ago. */
	ev_now_update(check->shared->loop);
	ev_timer_stop(check->shared->loop, &check->timer);
	ev_timer_set(&check->timer, (double)ahead / 1e9, 0.0);
	ev_timer_start(check->shared->loop, &check->timer);
}

/* True when so much of the probe's time was lost to this process that no answer tells nothing. */
static bool was_deaf(const struct check *check)
{
	return lost_since(check) > check->group->definition.timeout * MS_NS / 2;
}

/* How long the answer took. Time in which it was not looked for is not the backend's. */
static uint64_t duration_of(const struct check *check, uint64_t now_ns)
{
	uint64_t passed = now_ns - check->began_ns, lost = was_deaf(check) ? lost_since(check) : 0;

	return passed > lost ? passed - lost : 0;
}

/* The group counts on. */
static void count_change(struct check *check, enum check_verdict before)
{
	check->group->up += check->state.verdict == CHECK_UP;
	check->group->up -= before == CHECK_UP;
}

static void apply_result(struct check *check, bool good, const char *reason, uint64_t now_ns)
{
	const struct config_health_check *definition = &check->group->definition;
	struct check_rules rules = {.rise = definition->rise, .fall = definition->fall};
	enum check_verdict before = check->state.verdict;
	uint32_t results = before == CHECK_UNDECIDED ? 1 : check->state.against + 1;

	check->ended_ns = now_ns;
	check->duration_ns = duration_of(check, now_ns);
	*(good ? &check->good_count : &check->fail_count) += 1;
	snprintf(check->reason, sizeof(check->reason), "%s", reason);
	if (!check_state_apply(&check->state, &rules, good, now_ns / MS_NS))
		return;
	count_change(check, before);
	check->shared->on_change(check->shared->context, check, results);
}

static uint64_t next_due(const struct check *check, bool deaf, uint64_t now_ns)
{
	bool in_doubt = check_state_in_doubt(&check->state);

	/* What was not looked at for a while goes on where it would be, not at once. */
	if (deaf)
		return schedule_moment_after(&check->schedule, now_ns);

	uint64_t next =
		schedule_next(&check->schedule, check->planned_ns, check->began_ns, in_doubt);

	return next > now_ns ? next : now_ns;
}

/*
 * An answer is one however late it is looked at; that there was none cannot be
 * told when deaf. But not twice in a row: were this process short of time for
 * good, it would never see a backend go.
 */
static void probe_ended(void *context, enum probe_result result, const char *reason)
{
	struct check *check = context;
	uint64_t now = clock_now_ns();
	bool deaf = was_deaf(check);

	check->tcp = NULL;
	check->http = NULL;
	check->excused = deaf && result == PROBE_FAILED && !check->excused;
	if (result == PROBE_UNABLE)
		check->shared->on_unable(check->shared->context, reason);
	else if (!check->excused)
		apply_result(check, result == PROBE_GOOD, reason, now);
	arm(check, next_due(check, deaf, now), now);
}

static void on_failed(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct check *check = watcher->data;
	char reason[REASON_SIZE];

	(void)loop;
	(void)events;
	probe_ended(check, probe_result_of_errno(check->error),
		    reason_of_errno(check->error, reason));
}

static int start_probe(struct check *check)
{
	const struct check_group *group = check->group;
	struct probe_target target = {
		.address = check->backend.address,
		.source = check->shared->source(check->shared->context, check),
		.port = group->definition.port != 0 ? group->definition.port : check->backend.port,
		.timeout_ms = group->definition.timeout};

	if (group->http != NULL)
		return http_probe_start(group->http, &target, probe_ended, check, &check->http);
	return tcp_probe_start(check->shared->loop, &target, probe_ended, check, &check->tcp);
}

static void begin(struct check *check, uint64_t now_ns)
{
	check->planned_ns = check->due_ns;
	check->due_ns = 0;
	check->began_ns = now_ns;
	check->lost_ns = pulse_lost(&check->shared->pulse, clock_now_ns());
	ev_now_update(check->shared->loop);
	check->error = -start_probe(check);
	if (check->error != 0) {
		ev_timer_set(&check->failed, 0.0, 0.0);
		ev_timer_start(check->shared->loop, &check->failed);
	}
}

/*
 * True when the check waits for its next moment: it is late, or it is one of all
 * those that fell due while this process did not run, and must not begin at
 * once. But not twice in a row: were this process short of time for good, there
 * would be no checks.
 */
static bool must_wait(const struct check *check, uint64_t now_ns)
{
	return !check->put_off && (schedule_is_missed(&check->schedule, check->due_ns, now_ns) ||
				   lost_since(check) >= check->schedule.interval_ns);
}

/* The end of the probe arms the timer again, so that there is never more than one. */
static void on_due(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct check *check = watcher->data;
	uint64_t now = clock_now_ns();

	(void)loop;
	(void)events;
	check->put_off = must_wait(check, now);
	if (check->put_off)
		arm(check, schedule_moment_after(&check->schedule, now), now);
	else
		begin(check, now);
}

struct check *check_create(const struct check_context *shared)
{
	struct check *check = calloc(1, sizeof(*check));

	if (check == NULL)
		return NULL;
	check->shared = shared;
	ev_init(&check->timer, on_due);
	ev_init(&check->failed, on_failed);
	check->timer.data = check;
	check->failed.data = check;
	return check;
}

static void stop(struct check *check)
{
	cancel_probe(check);
	ev_timer_stop(check->shared->loop, &check->timer);
	check->due_ns = 0;
}

void check_destroy(struct check *check)
{
	if (check == NULL)
		return;
	stop(check);
	free(check);
}

void check_schedule(struct check *check, uint64_t spread_ns)
{
	const struct config_health_check *definition = &check->group->definition;
	uint64_t now = clock_now_ns();

	stop(check);
	if (!check_is_wanted(check))
		return;
	check->schedule = (struct schedule){
		.seed = identity_of_backend(check->group->pool, check->backend.name,
					    check->backend.address.bytes, check->backend.port),
		.interval_ns = definition->interval * MS_NS,
		.fast_interval_ns = definition->fast_interval * MS_NS};
	arm(check,
	    check->state.verdict == CHECK_UNDECIDED
		    ? schedule_first(&check->schedule, now, spread_ns)
		    : schedule_moment_after(&check->schedule, now),
	    now);
}
