/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A generation's way to the workers, one of which stalls: when each is said to have it. */
#include "dataplane/generation.h"
#include "tests/unit/publish/world.h"

#include <rte_rcu_qsbr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORKERS 2

struct setting {
	struct world *world;
	struct run_directory directory;
	struct config_port port_configs[2];
	struct ports ports;
	struct worker workers[WORKERS];
	struct abi_counters_block *counters;
	struct abi_status status;
	struct generations generations;
	uint64_t now_ms;
};

static struct rte_rcu_qsbr *make_quiescent(void)
{
	void *quiescent = NULL;

	assert_int_equal(
		posix_memalign(&quiescent, RTE_CACHE_LINE_SIZE, rte_rcu_qsbr_get_memsize(WORKERS)),
		0);
	assert_int_equal(rte_rcu_qsbr_init(quiescent, WORKERS), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		rte_rcu_qsbr_thread_register(quiescent, i);
		rte_rcu_qsbr_thread_online(quiescent, i);
	}
	return quiescent;
}

static int set_up(void **state)
{
	struct setting *setting = calloc(1, sizeof(*setting));

	setting->world = world_open_published();
	setting->ports.count = 2;
	for (unsigned i = 0; i < 2; i++)
		setting->ports.items[i].config = &setting->port_configs[i];
	setting->counters = calloc(1, sizeof(*setting->counters));
	for (unsigned i = 0; i < WORKERS; i++)
		setting->workers[i].engine.counters = setting->counters;
	setting->generations = (struct generations){.ports = &setting->ports,
						    .workers = setting->workers,
						    .worker_count = WORKERS,
						    .quiescent = make_quiescent(),
						    .status = &setting->status,
						    .steering = true};
	snprintf(setting->directory.path, sizeof(setting->directory.path), "%s",
		 setting->world->run_dir);
	generation_init(&setting->generations, &setting->directory, false);
	setting->now_ms = 1000;
	*state = setting;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *setting = *state;

	generation_close(&setting->generations);
	free(setting->generations.quiescent);
	free(setting->counters);
	world_close(setting->world);
	free(setting);
	return 0;
}

/* Milliseconds of the main thread's loop, with these workers turning. */
static void turn(struct setting *setting, unsigned milliseconds, bool first, bool second)
{
	const bool turns[WORKERS] = {first, second};

	for (unsigned i = 0; i < milliseconds; i++) {
		generation_poll(&setting->generations, setting->now_ms++);
		for (unsigned worker = 0; worker < WORKERS; worker++)
			if (turns[worker])
				rte_rcu_qsbr_quiescent(setting->generations.quiescent, worker);
	}
}

static void all_that_turn_have_it_at_once(void **state)
{
	struct setting *setting = *state;

	turn(setting, 30, true, true);
	assert_int_equal(setting->status.generation_taken, 1);
	assert_int_not_equal(setting->status.workers[0].taken_at, 0);
	assert_int_not_equal(setting->status.workers[1].taken_at, 0);
}

static void one_that_stalls_has_it_when_it_turns_again(void **state)
{
	struct setting *setting = *state;
	uint64_t first;

	turn(setting, 30, true, true);
	setting->world->pools[0].backends[0].weight = 7;
	assert_int_equal(world_publish(setting->world), 1);
	turn(setting, 300, true, false);
	assert_int_equal(setting->status.generation_taken, 2);
	first = setting->status.workers[0].taken_at;
	assert_int_not_equal(first, 0);
	assert_int_equal(setting->status.workers[1].taken_at, 0);
	turn(setting, 2, true, true);
	assert_int_equal(setting->status.workers[0].taken_at, first);
	assert_true(setting->status.workers[1].taken_at > first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_turn_have_it_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_stalls_has_it_when_it_turns_again, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
