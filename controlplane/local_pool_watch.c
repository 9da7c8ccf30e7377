/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/local_pool_watch.h"

#include "controlplane/controlplane.h"
#include "controlplane/local_pool_use.h"
#include "controlplane/log.h"

#include <stdlib.h>
#include <string.h>

#define WATCH_SECONDS 5.0

struct local_pool_told {
	char name[CONFIG_NAME_SIZE];
	unsigned level;
};

unsigned local_pool_level(unsigned told, double share)
{
	unsigned passed = share >= 0.95 ? 95 : share >= 0.80 ? 80 : 0;

	return share < 0.70 || passed > told ? passed : told;
}

static unsigned level_of(const struct local_pool_watch *watch, const char *name)
{
	for (size_t i = 0; i < watch->count; i++)
		if (strcmp(watch->told[i].name, name) == 0)
			return watch->told[i].level;
	return 0;
}

static void tell(const struct config_local_pool *pool, const struct local_pool_use *use)
{
	log_warning("local pool %s is used to %.0f %%: backend %s/%s has %lu flows, and there are "
		    "%lu places; add addresses before new flows are dropped (no-local-port)",
		    pool->name, local_pool_share(use) * 100, use->pool, use->backend,
		    (unsigned long)use->flows, (unsigned long)use->places);
}

static struct local_pool_told look_at(const struct local_pool_watch *watch,
				      const struct config_local_pool *pool)
{
	const struct controlplane *controlplane = watch->controlplane;
	struct local_pool_use use = local_pool_use(controlplane->config, pool,
						   controlplane->publisher, controlplane->stats);
	unsigned before = level_of(watch, pool->name);
	struct local_pool_told told = {.level = local_pool_level(before, local_pool_share(&use))};

	memcpy(told.name, pool->name, sizeof(told.name));
	if (told.level > before)
		tell(pool, &use);
	return told;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct local_pool_watch *watch = timer->data;
	const struct config *config = watch->controlplane->config;
	struct local_pool_told *told = calloc(config->local_pool_count + 1, sizeof(*told));

	(void)loop;
	(void)events;
	if (told == NULL)
		return;
	for (size_t i = 0; i < config->local_pool_count; i++)
		told[i] = look_at(watch, &config->local_pools[i]);
	free(watch->told);
	watch->told = told;
	watch->count = config->local_pool_count;
}

void local_pool_watch_start(struct local_pool_watch *watch, struct controlplane *controlplane)
{
	*watch = (struct local_pool_watch){.controlplane = controlplane};
	ev_timer_init(&watch->timer, on_timer, WATCH_SECONDS, WATCH_SECONDS);
	watch->timer.data = watch;
	ev_timer_start(controlplane->loop, &watch->timer);
}

void local_pool_watch_stop(struct local_pool_watch *watch)
{
	if (watch->controlplane == NULL)
		return;
	ev_timer_stop(watch->controlplane->loop, &watch->timer);
	free(watch->told);
	watch->told = NULL;
}
