/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/health.h"

#include "controlplane/clock.h"
#include "controlplane/health/check.h"
#include "controlplane/log.h"
#include "controlplane/publish/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The pulse beats this often in the shortest timeout, within bounds. */
#define BEATS_IN_TIMEOUT 8
#define BEAT_LEAST_MS    5
#define BEAT_MOST_MS     100

/* Checks that cannot be made are told of so often. */
#define UNABLE_TOLD_NS UINT64_C(60000000000)

/* A loss that is worth a line in the log. */
#define LOSS_TOLD_NS UINT64_C(1000000000)

struct health {
	const struct network *network;
	struct health_callbacks callbacks;
	struct check_context shared;
	struct check **checks;
	size_t count;
	struct check_group **groups; /* one a pool */
	size_t group_count;
	uint64_t unable_told_ns; /* when the log last said so; 0: never */
	bool is_configured;      /* not the first configuration any more */
	ev_prepare sleep;        /* these two feed the pulse */
	ev_check wake;
	ev_timer beat; /* has the loop wake */
};

static struct address source_of(void *context, const struct check *check)
{
	const struct health *health = context;
	const struct address unknown = {{0}};

	return check->position < health->network->path_count
		       ? health->network->paths[check->position].source
		       : unknown;
}

static void on_change(void *context, const struct check *check, uint32_t results)
{
	struct health *health = context;
	bool is_up = check->state.verdict == CHECK_UP;

	log_info("backend %s/%s is %s, reason: %s, after %u %s check%s; %zu of %zu up in pool %s",
		 check->group->pool, check->backend.name, is_up ? "UP" : "DOWN", check->reason,
		 results, is_up ? "good" : "failed", results == 1 ? "" : "s", check->group->up,
		 check->group->count, check->group->pool);
	health->callbacks.on_change(health->callbacks.context);
}

static void on_unable(void *context, const char *reason)
{
	struct health *health = context;
	uint64_t now = clock_now_ns();

	if (health->unable_told_ns != 0 && now - health->unable_told_ns < UNABLE_TOLD_NS)
		return;
	health->unable_told_ns = now;
	log_error("backends cannot be checked: %s; their states stay until they can. Raise the "
		  "limit of open files (LimitNOFILE of the unit), or give the machine memory",
		  reason);
}

static void tell_loss(uint64_t lost_ns)
{
	if (lost_ns >= LOSS_TOLD_NS)
		log_info("this process did not run for %.1f s: failed checks that were under way "
			 "do not count, the others go on at their moments",
			 (double)lost_ns / 1e9);
}

static void on_sleep(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	struct health *health = watcher->data;

	(void)loop;
	(void)events;
	tell_loss(pulse_sleep(&health->shared.pulse, clock_now_ns()));
}

static void on_wake(struct ev_loop *loop, ev_check *watcher, int events)
{
	struct health *health = watcher->data;

	(void)loop;
	(void)events;
	tell_loss(pulse_wake(&health->shared.pulse, clock_now_ns()));
}

static void on_beat(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events;
}

int health_open(struct ev_loop *loop, const struct network *network,
		const struct health_callbacks *callbacks, struct health **out)
{
	struct health *health = calloc(1, sizeof(*health));

	if (health == NULL)
		return -ENOMEM;
	health->network = network;
	health->callbacks = *callbacks;
	health->shared = (struct check_context){.loop = loop,
						.source = source_of,
						.on_change = on_change,
						.on_unable = on_unable,
						.context = health};

	int error = http_prober_open(loop, &health->shared.http);

	if (error < 0) {
		free(health);
		return error;
	}
	ev_prepare_init(&health->sleep, on_sleep);
	ev_check_init(&health->wake, on_wake);
	ev_init(&health->beat, on_beat);
	health->sleep.data = health;
	health->wake.data = health;
	/* Before anything that ends a check. */
	ev_set_priority(&health->wake, EV_MAXPRI);
	*out = health;
	return 0;
}

static void destroy_checks(struct check **checks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_destroy(checks[i]);
	free(checks);
}

static void destroy_groups(struct check_group **groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_group_destroy(groups[i]);
	free(groups);
}

static void stop_pulse(struct health *health)
{
	ev_prepare_stop(health->shared.loop, &health->sleep);
	ev_check_stop(health->shared.loop, &health->wake);
	ev_timer_stop(health->shared.loop, &health->beat);
}

void health_close(struct health *health)
{
	if (health == NULL)
		return;
	stop_pulse(health);
	destroy_checks(health->checks, health->count);
	destroy_groups(health->groups, health->group_count);
	http_prober_close(health->shared.http);
	free(health);
}

/* A backend that comes later, or back from maintenance, is new: its first check decides. */
static enum check_verdict adopted(const struct health *health, const struct config_pool *pool,
				  const struct config_backend *backend)
{
	return health->is_configured
		       ? CHECK_UNDECIDED
		       : health->callbacks.adopted(health->callbacks.context, pool, backend);
}

/* What is decided without asking the backend; who `is_waiting` for its first check goes on so. */
static void decide_early(const struct health *health, struct check *check,
			 const struct config_pool *pool, bool is_waiting)
{
	const struct config_backend *backend = &check->backend;
	bool is_decided = check->state.verdict != CHECK_UNDECIDED;

	if (backend->admin == CONFIG_MAINT) {
		if (is_decided || check->state.since_ms == 0)
			check->state = (struct check_state){.since_ms = clock_now_ms()};
		strcpy(check->reason, "in maintenance: not checked");
	} else if (pool->health_check.type == CONFIG_CHECK_NONE) {
		if (check->state.verdict != CHECK_UP)
			check->state = (struct check_state){.verdict = CHECK_UP,
							    .since_ms = clock_now_ms()};
		strcpy(check->reason, "no health check");
	} else if (!is_decided && !is_waiting) {
		check->state = (struct check_state){.verdict = adopted(health, pool, backend),
						    .since_ms = clock_now_ms()};
		strcpy(check->reason, check->state.verdict == CHECK_UNDECIDED
					      ? "waiting for its first check"
					      : "as it was before the control plane's restart");
	}
}

/*
 * The checks of another configuration in the making: old ones where they fit,
 * which stay as they are until all is there.
 */
struct change {
	bool same_backends; /* all of them, in the same order: checks stay where they are */
	struct keymap checks_by_key, groups_by_key; /* where the old ones are */
	struct check **checks;
	struct check_group **groups;
	size_t count, group_count;
};

static uint64_t key_of(const char *pool, const struct config_backend *backend)
{
	return identity_of_backend(pool, backend->name, backend->address.bytes, backend->port);
}

static int index_old(const struct health *health, struct change *change)
{
	int error = 0;

	for (size_t i = 0; error == 0 && !change->same_backends && i < health->count; i++) {
		const struct check *check = health->checks[i];
		error = keymap_put(&change->checks_by_key,
				   key_of(check->group->pool, &check->backend), (uint32_t)i);
	}
	for (size_t i = 0; error == 0 && i < health->group_count; i++)
		error = keymap_put(&change->groups_by_key,
				   identity_of_name(health->groups[i]->pool), (uint32_t)i);
	return error;
}

static bool is_of(const struct check *check, const struct config_pool *pool,
		  const struct config_backend *backend)
{
	return check->backend.port == backend->port &&
	       address_equal(&check->backend.address, &backend->address) &&
	       strcmp(check->backend.name, backend->name) == 0 &&
	       strcmp(check->group->pool, pool->name) == 0;
}

/* Most changes are of something else. */
static bool has_same_backends(const struct health *health, const struct config *config)
{
	size_t position = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++, position++) {
			if (position == health->count ||
			    !is_of(health->checks[position], pool, &pool->backends[j]))
				return false;
		}
	}
	return position == health->count;
}

/* Where the old check of a backend is that is now in this position; none: not below the count. */
static size_t find_check(const struct change *change, size_t position,
			 const struct config_pool *pool, const struct config_backend *backend)
{
	return change->same_backends
		       ? position
		       : keymap_find(&change->checks_by_key, key_of(pool->name, backend));
}

/* The pool's group when its checks can go on as they are. */
static struct check_group *find_group(const struct health *health, const struct change *change,
				      const struct config_pool *pool)
{
	uint32_t at = keymap_find(&change->groups_by_key, identity_of_name(pool->name));

	return at < health->group_count && check_group_fits(health->groups[at], pool)
		       ? health->groups[at]
		       : NULL;
}

static int prepare_pool(const struct health *health, struct change *change,
			const struct config_pool *pool)
{
	struct check_group *group = find_group(health, change, pool);

	if (group == NULL)
		group = check_group_create(pool, health->shared.http);
	if (group == NULL)
		return -ENOMEM;
	change->groups[change->group_count++] = group;
	for (size_t i = 0; i < pool->backend_count; i++) {
		size_t at = find_check(change, change->count, pool, &pool->backends[i]);
		struct check *check =
			at < health->count ? health->checks[at] : check_create(&health->shared);

		if (check == NULL)
			return -ENOMEM;
		change->checks[change->count++] = check;
	}
	return 0;
}

static int prepare(const struct health *health, const struct config *config, struct change *change)
{
	size_t count = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		count += config->pools[i].backend_count;
	change->checks = calloc(count + 1, sizeof(*change->checks));
	change->groups = calloc(config->pool_count + 1, sizeof(*change->groups));
	change->same_backends = has_same_backends(health, config);
	if (change->checks == NULL || change->groups == NULL || index_old(health, change) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < config->pool_count; i++) {
		if (prepare_pool(health, change, &config->pools[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A new check belongs to no group yet; a new group is none of the old ones. */
static void give_up(const struct health *health, struct change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		if (change->checks[i]->group == NULL)
			check_destroy(change->checks[i]);
	}
	for (size_t i = 0; i < change->group_count; i++) {
		uint32_t at = keymap_find(&change->groups_by_key,
					  identity_of_name(change->groups[i]->pool));
		if (at >= health->group_count || health->groups[at] != change->groups[i])
			check_group_destroy(change->groups[i]);
	}
	free(change->checks);
	free(change->groups);
}

/* The check of `backend` as it is now; its state stays. */
static void begin_check(const struct health *health, struct check *check, struct check_group *group,
			const struct config_pool *pool, const struct config_backend *backend)
{
	bool reschedule = check->group != group || check->backend.admin != backend->admin;
	bool is_waiting = check->state.since_ms != 0 && check->backend.admin != CONFIG_MAINT;

	check->group = group;
	check->backend = *backend;
	decide_early(health, check, pool, is_waiting);
	group->up += check->state.verdict == CHECK_UP;
	if (reschedule)
		check_schedule(check, schedule_first_spread(health->count));
}

/* Old checks and groups that stay leave their places in the old lists. */
static void keep_old(struct health *health, const struct change *change,
		     const struct config *config)
{
	size_t position = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		size_t at = keymap_find(&change->groups_by_key, identity_of_name(pool->name));

		if (at < health->group_count && health->groups[at] == change->groups[i])
			health->groups[at] = NULL;
		for (size_t j = 0; j < pool->backend_count; j++, position++) {
			at = find_check(change, position, pool, &pool->backends[j]);
			if (at < health->count)
				health->checks[at] = NULL;
		}
	}
}

/* The loop turns often enough that a loss of half the shortest timeout shows. */
static void set_pulse(struct health *health)
{
	struct ev_loop *loop = health->shared.loop;
	uint32_t shortest = 0, beat;

	for (size_t i = 0; i < health->group_count; i++) {
		const struct config_health_check *definition = &health->groups[i]->definition;

		if (definition->type != CONFIG_CHECK_NONE &&
		    (shortest == 0 || definition->timeout < shortest))
			shortest = definition->timeout;
	}
	stop_pulse(health);
	if (shortest == 0) {
		health->shared.pulse.slept_ns = health->shared.pulse.woke_ns = 0;
		return;
	}
	beat = shortest / BEATS_IN_TIMEOUT;
	beat = beat < BEAT_LEAST_MS ? BEAT_LEAST_MS : beat > BEAT_MOST_MS ? BEAT_MOST_MS : beat;
	health->shared.pulse.beat_ns = beat * UINT64_C(1000000);
	ev_timer_set(&health->beat, beat / 1000.0, beat / 1000.0);
	ev_timer_start(loop, &health->beat);
	ev_prepare_start(loop, &health->sleep);
	ev_check_start(loop, &health->wake);
}

static void take_over(struct health *health, const struct change *change,
		      const struct config *config)
{
	struct check **old_checks = health->checks;
	struct check_group **old_groups = health->groups;
	size_t old_count = health->count, old_group_count = health->group_count, position = 0;

	keep_old(health, change, config);
	health->checks = change->checks;
	health->count = change->count;
	health->groups = change->groups;
	health->group_count = change->group_count;
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		health->groups[i]->count = pool->backend_count;
		health->groups[i]->up = 0;
		for (size_t j = 0; j < pool->backend_count; j++, position++) {
			health->checks[position]->position = position;
			begin_check(health, health->checks[position], health->groups[i], pool,
				    &pool->backends[j]);
		}
	}
	destroy_checks(old_checks, old_count);
	destroy_groups(old_groups, old_group_count);
	health->is_configured = true;
	set_pulse(health);
}

int health_set_config(struct health *health, const struct config *config)
{
	struct change change = {0};
	int error = prepare(health, config, &change);

	if (error < 0)
		give_up(health, &change);
	else
		take_over(health, &change, config);
	keymap_free(&change.checks_by_key);
	keymap_free(&change.groups_by_key);
	return error;
}

bool health_is_decided(const struct health *health)
{
	for (size_t i = 0; i < health->count; i++) {
		if (check_is_wanted(health->checks[i]) &&
		    health->checks[i]->state.verdict == CHECK_UNDECIDED)
			return false;
	}
	return true;
}

struct health_view health_view(const struct health *health, size_t backend)
{
	if (backend >= health->count)
		return (struct health_view){.reason = "not checked"};

	const struct check *check = health->checks[backend];
	const struct config_health_check *definition = &check->group->definition;

	return (struct health_view){.verdict = check->state.verdict,
				    .since_ms = check->state.since_ms,
				    .reason = check->reason,
				    .duration_us = check->duration_ns / 1000,
				    .checked_ms = check->ended_ns / 1000000,
				    .due_ms = check->due_ns / 1000000,
				    .good = check->good_count,
				    .failed = check->fail_count,
				    .against = check->state.against,
				    .needed = check->state.verdict == CHECK_UP ? definition->fall
									       : definition->rise};
}
