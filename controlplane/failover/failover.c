/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/failover.h"

#include "config/groups.h"
#include "controlplane/addresses/placement.h"
#include "controlplane/backend_state.h"
#include "controlplane/clock.h"
#include "controlplane/controlplane.h"
#include "controlplane/failover/plan_file.h"
#include "controlplane/failover/plan_make.h"
#include "controlplane/failover/program.h"
#include "controlplane/log.h"
#include "controlplane/vrrp/control.h"
#include "controlplane/vrrp/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_SECONDS 1.0
#define START_MS      1000

static void find_interface(void *context, const struct address *address, char *name)
{
	const struct network *network = context;
	const struct network_link *loopback = network_find_link_by_name(network, "lo");
	uint32_t index = placement_find_interface(network->addresses, network->address_count,
						  loopback != NULL ? loopback->index : 1, address);
	const struct network_link *link = network_find_link(network, index);

	snprintf(name, PLAN_INTERFACE_SIZE, "%s", link != NULL ? link->name : "lo");
}

/* Of each service; malloc'ed. */
static size_t *count_healthy(const struct controlplane *controlplane)
{
	const struct config *config = controlplane->config;
	struct pool_count *counts = pool_counts_make(config, controlplane->health);
	size_t *healthy = calloc(config->service_count + 1, sizeof(*healthy));

	for (size_t i = 0; counts != NULL && healthy != NULL && i < config->service_count; i++) {
		const struct pool_count *count =
			pool_count_find(counts, config, config->services[i].pool);

		healthy[i] = count == NULL ? 0 : count->up;
	}
	free(counts);
	return healthy;
}

static void *make_plan(const struct failover *failover, size_t *size)
{
	const struct controlplane *controlplane = failover->controlplane;
	size_t *healthy = count_healthy(controlplane);
	struct plan_input input = {.config = controlplane->config,
				   .numbers = &failover->numbers,
				   .healthy = healthy,
				   .find_interface = find_interface,
				   .context = controlplane->network};
	void *plan = healthy == NULL ? NULL : plan_make(&input, size);

	free(healthy);
	return plan;
}

/* Takes the plan over when it could be written. */
static bool write_plan(struct failover *failover, void *plan, size_t size)
{
	const char *run_dir = failover->controlplane->run_dir;
	int error = plan_file_write(run_dir, plan, size);

	if (error < 0) {
		log_error("cannot write %s/" PLAN_FILE
			  ": %s; headrace-vrrp goes on by the one before",
			  run_dir, strerror(-error));
		return false;
	}
	free(failover->plan);
	failover->plan = plan;
	failover->plan_size = size;
	return true;
}

static void start_program(struct failover *failover)
{
	int error = program_start(failover->controlplane->run_dir);

	if (error < 0 && !failover->told_of_start)
		log_error("cannot start headrace-vrrp: %s; this node takes part in no failover",
			  strerror(-error));
	failover->told_of_start = error < 0;
	failover->started_ms = clock_now_ms();
	failover->owes_plan = false;
}

/* So long yet it may need to get to its lock and its socket; 0: it was not just started. */
static uint64_t starting_ms(const struct failover *failover)
{
	uint64_t since = clock_now_ms() - failover->started_ms;

	return failover->started_ms != 0 && since < START_MS ? START_MS - since : 0;
}

static bool is_starting(const struct failover *failover)
{
	return starting_ms(failover) != 0;
}

/* It reads the new plan when it starts, or is told to; if it cannot be told now, the watch does. */
static void bring_plan(struct failover *failover)
{
	char answer[CONTROL_LINE_MAX];
	bool lives = program_lives(failover->controlplane->run_dir);

	if (!lives && !is_starting(failover)) {
		start_program(failover);
		return;
	}
	failover->owes_plan = !lives || failover_say(failover, "plan", answer) < 0;
	if (failover->owes_plan && !is_starting(failover))
		log_warning("headrace-vrrp does not answer: it goes on by the plan before");
	else if (!failover->owes_plan && strcmp(answer, "ok") != 0)
		log_error("headrace-vrrp refuses its plan: %s", answer);
}

static bool has_plan(const struct failover *failover)
{
	return failover->plan != NULL;
}

static void drop_plan(struct failover *failover)
{
	failover_stop_program(failover);
	plan_file_remove(failover->controlplane->run_dir);
	free(failover->plan);
	failover->plan = NULL;
}

void failover_update(struct failover *failover)
{
	size_t size = 0;
	void *plan;

	if (failover->controlplane == NULL)
		return;
	if (failover->controlplane->config->vrrp_group_count == 0) {
		if (has_plan(failover))
			drop_plan(failover);
		return;
	}
	group_numbers_assign(&failover->numbers, failover->controlplane->config);
	plan = make_plan(failover, &size);
	if (plan == NULL) {
		log_error("no memory for headrace-vrrp's plan");
		return;
	}
	if (has_plan(failover) && plan_is_same(plan, size, failover->plan, failover->plan_size)) {
		free(plan);
		return;
	}
	if (write_plan(failover, plan, size))
		bring_plan(failover);
	else
		free(plan);
}

static void on_watch(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct failover *failover = timer->data;

	(void)loop;
	(void)events;
	failover_update(failover);
	if (has_plan(failover) &&
	    (failover->owes_plan || !program_lives(failover->controlplane->run_dir)))
		bring_plan(failover);
}

void failover_open(struct failover *failover, struct controlplane *controlplane)
{
	*failover = (struct failover){.controlplane = controlplane};
	report_reader_open(&failover->report, controlplane->run_dir);
	failover->plan = plan_file_read(controlplane->run_dir, &failover->plan_size);
	if (has_plan(failover))
		plan_file_names(failover->plan, &failover->numbers);
	group_numbers_assign(&failover->numbers, controlplane->config);
	ev_timer_init(&failover->watch, on_watch, WATCH_SECONDS, WATCH_SECONDS);
	failover->watch.data = failover;
	ev_timer_start(controlplane->loop, &failover->watch);
}

int failover_say(const struct failover *failover, const char *line, char *answer)
{
	return program_say(failover->controlplane->run_dir, line, answer);
}

void failover_stop_program(struct failover *failover)
{
	if (failover->controlplane != NULL && has_plan(failover))
		program_stop(failover->controlplane->run_dir,
			     failover->told_of_start ? 0 : starting_ms(failover));
}

void failover_close(struct failover *failover)
{
	if (failover->controlplane == NULL)
		return;
	ev_timer_stop(failover->controlplane->loop, &failover->watch);
	report_reader_close(&failover->report);
	free(failover->plan);
	*failover = (struct failover){0};
}
