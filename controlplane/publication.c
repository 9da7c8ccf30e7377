/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publication.h"

#include "controlplane/clock.h"
#include "controlplane/controlplane.h"
#include "controlplane/gather.h"
#include "controlplane/health/check_group.h"
#include "controlplane/log.h"
#include "controlplane/neighbours/resolver.h"

#include <errno.h>
#include <string.h>

#define SETTLE_SECONDS 0.002
#define RETRY_SECONDS  1.0
#define WATCH_SECONDS  1.0

/* What first checks, and answers to ARP, may take beyond that. */
#define START_SLACK_MS 500

static uint64_t flows_of_backend(void *context, uint32_t index)
{
	return stats_flows_of_backend(context, index);
}

/* Tells the counters whose index is whose. */
static void assign_indexes(struct controlplane *controlplane)
{
	const struct config *config = controlplane->config;

	for (size_t i = 0; i < config->service_count; i++) {
		const char *name = config->services[i].name;
		int index = publisher_service_index(controlplane->publisher, name);

		if (index >= 0)
			stats_assign(controlplane->stats, STATS_SERVICE, (uint32_t)index,
				     stats_identity(name, strlen(name), 0));
	}
	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		uint64_t seed = stats_identity(pool->name, strlen(pool->name), 0);

		for (size_t j = 0; j < pool->backend_count; j++) {
			const struct config_backend *backend = &pool->backends[j];
			int index = publisher_backend_index(controlplane->publisher, pool->name,
							    backend);
			uint64_t identity =
				stats_identity(backend->name, strlen(backend->name), seed);

			identity = stats_identity(&backend->address, sizeof(backend->address),
						  identity + backend->port);
			if (index >= 0)
				stats_assign(controlplane->stats, STATS_BACKEND, (uint32_t)index,
					     identity);
		}
	}
}

static int publish(struct controlplane *controlplane)
{
	struct gathered gathered;
	int error = gathered_collect(controlplane->config, controlplane->network,
				     controlplane->health, &gathered);

	if (error < 0)
		return error;

	struct publish_input input = {.config = controlplane->config,
				      .backends = gathered.backends,
				      .backend_count = gathered.backend_count,
				      .next_hops = gathered.next_hops,
				      .next_hop_count = gathered.next_hop_count,
				      .routes = gathered.routes,
				      .route_count = gathered.route_count,
				      .group_numbers = controlplane->failover.numbers.of_group,
				      .host_addresses = gathered.hosts,
				      .host_address_count = gathered.host_count,
				      .now_ms = clock_now_ms(),
				      .flows_of_backend = flows_of_backend,
				      .context = controlplane->stats};

	int outcome = publisher_publish(controlplane->publisher, &input);

	gathered_free(&gathered);
	return outcome;
}

static void start_timer(struct publication *publication, ev_timer *timer, double seconds)
{
	ev_timer_stop(publication->controlplane->loop, timer);
	ev_timer_set(timer, seconds, 0.0);
	ev_timer_start(publication->controlplane->loop, timer);
}

static void schedule_next(struct publication *publication)
{
	uint64_t due = publisher_next_due(publication->controlplane->publisher);
	uint64_t now = clock_now_ms();

	ev_timer_stop(publication->controlplane->loop, &publication->due);
	if (due != 0)
		start_timer(publication, &publication->due,
			    due > now ? (double)(due - now) / 1000.0 : SETTLE_SECONDS);
}

/* True when publishing must wait a while longer for first checks and for the MACs of next hops. */
static bool must_wait(struct publication *publication)
{
	struct controlplane *controlplane = publication->controlplane;

	if (!publication->waiting)
		return false;
	/* Not the loop's time, which steps with the machine's clock. */
	uint64_t now = clock_now_ms();

	if ((health_is_decided(controlplane->health) &&
	     resolver_is_settled(controlplane->network->resolver)) ||
	    now >= publication->wait_until_ms) {
		publication->waiting = false;
		return false;
	}
	start_timer(publication, &publication->due,
		    (double)(publication->wait_until_ms - now) / 1000.0 + SETTLE_SECONDS);
	return true;
}

static void tell_cut_short(const struct publisher *publisher)
{
	size_t count = publisher_cut_short(publisher);

	if (count > 0)
		log_warning("there are %u backends with those that drain: the %zu removed ones "
			    "that drained longest went at once, and their flows end; add backends "
			    "more slowly, or set a shorter drain_timeout",
			    ABI_MAX_BACKENDS, count);
}

void publication_publish(struct publication *publication)
{
	struct controlplane *controlplane = publication->controlplane;

	ev_timer_stop(controlplane->loop, &publication->settle);
	if (must_wait(publication))
		return;

	uint64_t began = clock_now_ns();
	int outcome = publish(controlplane);

	publication->pending = outcome < 0;
	publish_times_note(&publication->times, outcome,
			   publisher_generation(controlplane->publisher), began);

	if (outcome < 0) {
		if (!publication->failed)
			log_error("cannot publish a new generation: %s; generation %lu goes on, "
				  "trying again each second",
				  outcome == -ENOMEM ? "no memory"
						     : publisher_reason(controlplane->publisher),
				  (unsigned long)publisher_generation(controlplane->publisher));
		publication->failed = true;
		start_timer(publication, &publication->due, RETRY_SECONDS);
		return;
	}
	if (publication->failed)
		log_info("publishing works again");
	tell_cut_short(controlplane->publisher);
	publication->failed = false;
	if (outcome > 0 && publisher_moved_indexes(controlplane->publisher))
		assign_indexes(controlplane);
	/* A generation also begins and ends the drains of backends that left. */
	if (outcome > 0 || controlplane->leaving != NULL)
		controlplane_settle(controlplane);
	schedule_next(publication);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	publication_publish(watcher->data);
}

static bool is_refused(struct publication *publication)
{
	struct controlplane *controlplane = publication->controlplane;
	const struct abi_status *status = stats_status(controlplane->stats);

	return stats_dataplane_lives(controlplane->stats, status) &&
	       refusals_call_for_repair(&publication->refusals, status,
					publisher_generation(controlplane->publisher),
					clock_now_ms());
}

static void on_watch(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct publication *publication = watcher->data;
	struct publisher *publisher = publication->controlplane->publisher;

	(void)loop;
	(void)events;
	if (!publisher_is_installed(publisher)) {
		log_error("the tables in %s were taken away, cut or written over by somebody else: "
			  "they are written anew",
			  publication->controlplane->run_dir);
		publication_publish(publication);
	} else if (is_refused(publication)) {
		log_error("the dataplane refuses generation %lu of the tables: they are written "
			  "anew",
			  (unsigned long)publisher_generation(publisher));
		publisher_doubt(publisher);
		publication_publish(publication);
	}
}

/* Later changes wait for nothing: see gather.c for what becomes of their new backends. */
static void wait_for_first_checks(struct publication *publication)
{
	publication->waiting = true;
	publication->wait_until_ms =
		clock_now_ms() + check_first_ms(publication->controlplane->config) + START_SLACK_MS;
}

void publication_start(struct publication *publication, struct controlplane *controlplane)
{
	*publication = (struct publication){.controlplane = controlplane};
	ev_init(&publication->settle, on_timer);
	ev_init(&publication->due, on_timer);
	ev_timer_init(&publication->watch, on_watch, WATCH_SECONDS, WATCH_SECONDS);
	publication->settle.data = publication;
	publication->due.data = publication;
	publication->watch.data = publication;
	ev_timer_start(controlplane->loop, &publication->watch);
	publish_times_start(&publication->times, controlplane->loop, controlplane->stats);
	assign_indexes(controlplane);
	wait_for_first_checks(publication);
	publication_request(publication);
}

void publication_stop(struct publication *publication)
{
	if (publication->controlplane == NULL)
		return;
	ev_timer_stop(publication->controlplane->loop, &publication->settle);
	ev_timer_stop(publication->controlplane->loop, &publication->due);
	ev_timer_stop(publication->controlplane->loop, &publication->watch);
	publish_times_stop(&publication->times);
}

void publication_request(struct publication *publication)
{
	if (publication->controlplane == NULL)
		return;
	publication->pending = true;
	if (!ev_is_active(&publication->settle))
		start_timer(publication, &publication->settle, SETTLE_SECONDS);
}
