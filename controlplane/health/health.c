/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/health.h"

#include "controlplane/clock.h"
#include "controlplane/health/check.h"
#include "controlplane/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first checks of many new backends start spread over this time, or an interval when that is
 * less. */
#define FIRST_SPREAD_MS 200.0

struct health {
	const struct network *network;
	struct health_callbacks callbacks;
	struct check_context shared;
	struct check **checks;
	size_t count;
};

static uint32_t source_of(void *context, const struct check *check)
{
	const struct health *health = context;

	return check->position < health->network->path_count
		       ? health->network->paths[check->position].be_source
		       : 0;
}

static void count_up(const struct health *health, const char *pool, size_t *up, size_t *all)
{
	*up = *all = 0;
	for (size_t i = 0; i < health->count; i++) {
		if (strcmp(health->checks[i]->pool, pool) != 0)
			continue;
		*all += 1;
		*up += health->checks[i]->backend.admin != CONFIG_MAINT &&
		       health->checks[i]->state.verdict == CHECK_UP;
	}
}

static void tell(const struct health *health, const struct check *check, uint32_t results)
{
	bool is_up = check->state.verdict == CHECK_UP;
	size_t up, all;

	count_up(health, check->pool, &up, &all);
	if (results == 1)
		log_info("backend %s/%s is %s, reason: %s, after 1 %s check; %zu of %zu up in "
			 "pool %s",
			 check->pool, check->backend.name, is_up ? "UP" : "DOWN", check->reason,
			 is_up ? "good" : "failed", up, all, check->pool);
	else
		log_info("backend %s/%s is %s, reason: %s, after %u %s checks; %zu of %zu up in "
			 "pool %s",
			 check->pool, check->backend.name, is_up ? "UP" : "DOWN", check->reason,
			 results, is_up ? "good" : "failed", up, all, check->pool);
}

static void on_result(void *context, const struct check *check, bool changed, uint32_t results)
{
	struct health *health = context;

	if (!changed)
		return;
	tell(health, check, results);
	health->callbacks.on_change(health->callbacks.context);
}

int health_open(struct ev_loop *loop, const struct network *network,
		const struct health_callbacks *callbacks, struct health **out)
{
	struct health *health = calloc(1, sizeof(*health));

	if (health == NULL)
		return -ENOMEM;
	health->network = network;
	health->callbacks = *callbacks;
	health->shared = (struct check_context){
		.loop = loop, .source = source_of, .on_result = on_result, .context = health};

	int error = http_prober_open(loop, &health->shared.http);

	if (error < 0) {
		free(health);
		return error;
	}
	*out = health;
	return 0;
}

static void destroy_checks(struct check **checks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_destroy(checks[i]);
	free(checks);
}

void health_close(struct health *health)
{
	if (health == NULL)
		return;
	destroy_checks(health->checks, health->count);
	http_prober_close(health->shared.http);
	free(health);
}

static bool is_same_backend(const struct check *check, const struct config_pool *pool,
			    const struct config_backend *backend)
{
	return check != NULL && strcmp(check->pool, pool->name) == 0 &&
	       strcmp(check->backend.name, backend->name) == 0 &&
	       address_equal(&check->backend.address, &backend->address) &&
	       check->backend.port == backend->port;
}

/* Takes the backend's check out of the old list; NULL: it is new. */
static struct check *take_check(struct health *health, size_t hint, const struct config_pool *pool,
				const struct config_backend *backend)
{
	for (size_t i = 0; i < health->count; i++) {
		size_t at = (hint + i) % health->count; /* mostly it is where it was */
		struct check *check = health->checks[at];

		if (is_same_backend(check, pool, backend)) {
			health->checks[at] = NULL;
			return check;
		}
	}
	return NULL;
}

static bool is_same_definition(const struct config_health_check *a,
			       const struct config_health_check *b)
{
	return a->type == b->type && a->interval == b->interval && a->timeout == b->timeout &&
	       a->port == b->port && strcmp(a->path, b->path) == 0 && strcmp(a->host, b->host) == 0;
}

/* What is decided without asking the backend. */
static void decide_early(struct health *health, struct check *check, const struct config_pool *pool,
			 const struct config_backend *backend)
{
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
	} else if (!is_decided) {
		check->state =
			(struct check_state){.verdict = health->callbacks.adopted(
						     health->callbacks.context, pool, backend),
					     .since_ms = clock_now_ms()};
		strcpy(check->reason, check->state.verdict == CHECK_UNDECIDED
					      ? "waiting for its first check"
					      : "as it was before the control plane's restart");
	}
}

static void schedule(struct check *check, size_t position, size_t count)
{
	double interval = check->definition.interval;
	double spread = check->state.verdict == CHECK_UNDECIDED && interval > FIRST_SPREAD_MS
				? FIRST_SPREAD_MS
				: interval;

	check_schedule(check, spread * (double)position / (double)count);
}

/* The check of one backend of the new configuration, new or taken over. */
static struct check *adopt_check(struct health *health, size_t position, size_t count,
				 const struct config_pool *pool,
				 const struct config_backend *backend)
{
	struct check *check = take_check(health, position, pool, backend);
	bool is_new = check == NULL;

	if (is_new)
		check = check_create(&health->shared);
	if (check == NULL)
		return NULL;

	bool reschedule = is_new || check->backend.admin != backend->admin ||
			  !is_same_definition(&check->definition, &pool->health_check);

	strcpy(check->pool, pool->name);
	check->position = position;
	check->backend = *backend;
	check->definition = pool->health_check;
	decide_early(health, check, pool, backend);
	if (reschedule)
		schedule(check, position, count);
	return check;
}

int health_set_config(struct health *health, const struct config *config)
{
	size_t count = 0, position = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		count += config->pools[i].backend_count;

	struct check **checks = calloc(count + 1, sizeof(*checks));

	if (checks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++, position++) {
			checks[position] =
				adopt_check(health, position, count, pool, &pool->backends[j]);
			if (checks[position] == NULL) {
				destroy_checks(checks, position);
				destroy_checks(health->checks, health->count);
				health->checks = NULL;
				health->count = 0;
				return -ENOMEM;
			}
		}
	}
	destroy_checks(health->checks, health->count);
	health->checks = checks;
	health->count = count;
	return 0;
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

	return (struct health_view){.verdict = check->state.verdict,
				    .since_ms = check->state.since_ms,
				    .reason = check->reason,
				    .duration_us = check->duration_ns / 1000};
}
