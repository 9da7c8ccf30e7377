/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/check.h"

#include "controlplane/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool check_is_wanted(const struct check *check)
{
	return check->definition.type != CONFIG_CHECK_NONE && check->backend.admin != CONFIG_MAINT;
}

static void cancel_probe(struct check *check)
{
	if (check->tcp != NULL)
		tcp_probe_cancel(check->tcp);
	if (check->http != NULL)
		http_probe_cancel(check->http);
	check->tcp = NULL;
	check->http = NULL;
}

static void probe_ended(void *context, bool good, const char *reason)
{
	struct check *check = context;
	struct check_rules rules = {.rise = check->definition.rise, .fall = check->definition.fall};
	uint32_t results = check->state.verdict == CHECK_UNDECIDED ? 1 : check->state.against + 1;
	uint64_t now = clock_now_ns();

	check->tcp = NULL;
	check->http = NULL;
	check->duration_ns = now - check->started_ns;
	snprintf(check->reason, sizeof(check->reason), "%s", reason);

	bool changed = check_state_apply(&check->state, &rules, good, now / 1000000);

	check->shared->on_result(check->shared->context, check, changed, results);
	if (check->overdue) {
		check->overdue = false;
		ev_feed_event(check->shared->loop, &check->due, EV_TIMER);
	}
}

static void on_failed(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct check *check = watcher->data;
	char reason[REASON_SIZE];

	(void)loop;
	(void)events;
	snprintf(reason, sizeof(reason), "%s", check->reason);
	probe_ended(check, false, reason);
}

static int start_probe(struct check *check)
{
	const struct config_health_check *definition = &check->definition;
	struct probe_target target = {
		.be_address = address_to_ipv4(&check->backend.address),
		.be_source = check->shared->source(check->shared->context, check),
		.port = definition->port != 0 ? definition->port : check->backend.port,
		.timeout_ms = definition->timeout,
		.path = definition->path,
		.host = definition->host};

	if (definition->type == CONFIG_CHECK_HTTP)
		return http_probe_start(check->shared->http, &target, probe_ended, check,
					&check->http);
	return tcp_probe_start(check->shared->loop, &target, probe_ended, check, &check->tcp);
}

static void on_due(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct check *check = watcher->data;

	(void)events;
	if (check->tcp != NULL || check->http != NULL) {
		/* A timeout as long as the interval ends at the same moment. */
		check->overdue = true;
		return;
	}
	check->started_ns = clock_now_ns();

	int error = start_probe(check);

	if (error < 0) {
		reason_of_errno(-error, check->reason);
		ev_timer_stop(loop, &check->failed);
		ev_timer_set(&check->failed, 0.0, 0.0);
		ev_timer_start(loop, &check->failed);
	}
}

struct check *check_create(const struct check_context *shared)
{
	struct check *check = calloc(1, sizeof(*check));

	if (check == NULL)
		return NULL;
	check->shared = shared;
	ev_init(&check->due, on_due);
	ev_init(&check->failed, on_failed);
	check->due.data = check;
	check->failed.data = check;
	return check;
}

static void stop(struct check *check)
{
	cancel_probe(check);
	ev_timer_stop(check->shared->loop, &check->due);
	ev_timer_stop(check->shared->loop, &check->failed);
	check->overdue = false;
}

void check_destroy(struct check *check)
{
	if (check == NULL)
		return;
	stop(check);
	free(check);
}

void check_schedule(struct check *check, double first_ms)
{
	stop(check);
	if (!check_is_wanted(check))
		return;
	ev_timer_set(&check->due, first_ms / 1000.0, check->definition.interval / 1000.0);
	ev_timer_start(check->shared->loop, &check->due);
}
