/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/generation.h"

#include "bpf/loader.h"
#include "dataplane/generation_rules.h"
#include "dataplane/log.h"
#include "dataplane/status.h"

#include <inttypes.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>
#include <stdlib.h>
#include <string.h>

/* A worker that does not turn for so long is stalled: the rest goes on without it. */
#define DRAIN_MS  20
#define SWITCH_MS 200

/* Turns in which a worker has emptied the longest receive ring. */
#define DRAIN_TURNS 64

static void *allocate_huge(void *context, size_t size)
{
	(void)context;
	return rte_zmalloc("tables", size, ABI_CACHE_LINE);
}

static void release_huge(void *context, void *memory)
{
	(void)context;
	rte_free(memory);
}

/* Without huge pages DPDK's memory is of a fixed size and no better than any other. */
static void *allocate_ordinary(void *context, size_t size)
{
	void *memory = NULL;

	(void)context;
	if (posix_memalign(&memory, ABI_CACHE_LINE, size) != 0)
		return NULL;
	return memset(memory, 0, size);
}

static void release_ordinary(void *context, void *memory)
{
	(void)context;
	free(memory);
}

void generation_init(struct generations *generations, const struct run_directory *directory,
		     bool huge_pages)
{
	tables_reader_open(&generations->reader, directory->path);
	generations->allocator =
		huge_pages ? (struct allocator){allocate_huge, release_huge, NULL}
			   : (struct allocator){allocate_ordinary, release_ordinary, NULL};
}

static void refuse(struct generations *generations, uint64_t generation, const char *reason)
{
	status_refuse(generations->status, generation, reason);
	log_line("generation %" PRIu64 " of the tables is refused, the one before stays in use: %s",
		 generation, reason);
}

/* Copies and checks what is published; a snapshot, or NULL when there is nothing to change. */
static struct snapshot *take(struct generations *generations)
{
	struct engine_port ports[ABI_MAX_PORTS];
	const struct tables_limits limits = {generations->ports->count, ports,
					     generations->worker_count > 1};
	const struct tables_source source = tables_reader_source(&generations->reader);
	const uint64_t begin = status_clock();
	struct snapshot *snapshot = NULL;
	uint64_t generation = 0;
	char reason[256] = "";

	for (uint16_t i = 0; i < generations->ports->count; i++)
		ports[i] = port_for_engine(&generations->ports->items[i]);
	switch (tables_take(&source, generations->current, &limits, &generations->allocator,
			    &snapshot, &generation, reason, sizeof(reason))) {
	case TABLES_TORN:
		generations->status->torn_copies++;
		return NULL;
	case TABLES_TAKEN:
		generations->status->tables_instance = snapshot->instance;
		generations->status->take_nanoseconds = status_clock() - begin;
		break;
	case TABLES_REFUSED:
		refuse(generations, generation, reason);
		break;
	case TABLES_UNCHANGED:
	case TABLES_NONE:
		break;
	}
	tables_reader_settle(&generations->reader);
	return snapshot;
}

static void change_steering(struct generations *generations,
			    int (*change)(struct steering *steering,
					  const struct steering_rules *before,
					  const struct steering_rules *now),
			    const char *what)
{
	for (uint16_t i = 0; generations->steering && i < generations->ports->count; i++) {
		const struct port *port = &generations->ports->items[i];
		int error;

		if (port->steering == NULL)
			continue;
		error = change(port->steering, &generations->rules, &generations->next_rules);
		if (error != 0)
			log_line("port %s: %s the steering maps failed: %s; some packets of the "
				 "services go to Linux",
				 port->config->name, what, strerror(-error));
	}
}

static void begin_draining(struct generations *generations, struct snapshot *next, uint64_t now_ms)
{
	if (generation_rules(next, &generations->next_rules) != 0) {
		refuse(generations, next->generation, "no memory for the steering rules");
		steering_rules_free(&generations->next_rules);
		snapshot_release(next);
		return;
	}
	change_steering(generations, steering_remove, "removing from");
	generations->next = next;
	generations->phase = GENERATION_DRAINING;
	generations->deadline_ms = now_ms + DRAIN_MS;
	for (unsigned i = 0; i < generations->worker_count; i++) {
		const struct abi_counters_block *counters = generations->workers[i].engine.counters;

		generations->polls[i] = __atomic_load_n(&counters->polls, __ATOMIC_RELAXED);
		generations->empty_polls[i] =
			__atomic_load_n(&counters->empty_polls, __ATOMIC_RELAXED);
	}
}

/* What had waited in the receive rings when steering narrowed has been worked off. */
static bool is_drained(const struct generations *generations)
{
	for (unsigned i = 0; generations->steering && i < generations->worker_count; i++) {
		const struct abi_counters_block *counters = generations->workers[i].engine.counters;

		if (__atomic_load_n(&counters->polls, __ATOMIC_RELAXED) <
			    generations->polls[i] + DRAIN_TURNS &&
		    __atomic_load_n(&counters->empty_polls, __ATOMIC_RELAXED) <
			    generations->empty_polls[i] + 2)
			return false;
	}
	return true;
}

static void retire(struct generations *generations, struct snapshot *snapshot)
{
	struct retired *retired;

	if (snapshot == NULL)
		return;
	retired = malloc(sizeof(*retired));
	if (retired == NULL) {
		/* Rare enough to wait for the workers here. */
		rte_rcu_qsbr_check(generations->quiescent, generations->token, true);
		snapshot_release(snapshot);
		return;
	}
	*retired = (struct retired){snapshot, generations->token, generations->retired};
	generations->retired = retired;
}

static void reclaim(struct generations *generations)
{
	struct retired **link = &generations->retired;

	while (*link != NULL) {
		struct retired *retired = *link;

		if (rte_rcu_qsbr_check(generations->quiescent, retired->token, false) != 1) {
			link = &retired->next;
			continue;
		}
		*link = retired->next;
		snapshot_release(retired->snapshot);
		free(retired);
	}
}

static void switch_workers(struct generations *generations, uint64_t now_ms)
{
	struct snapshot *before = generations->current;

	generations->current = generations->next;
	generations->next = NULL;
	if (before == NULL && generations->prepare != NULL)
		generations->prepare(generations->context, generations->current);
	for (unsigned i = 0; i < generations->worker_count; i++)
		__atomic_store_n(&generations->workers[i].snapshot, generations->current,
				 __ATOMIC_RELEASE);
	generations->token = rte_rcu_qsbr_start(generations->quiescent);
	retire(generations, before);
	generations->phase = GENERATION_SWITCHING;
	generations->deadline_ms = now_ms + SWITCH_MS;
}

/* True when the worker cannot hold an older snapshot any more; one that does not run holds none. */
static bool has_passed(const struct generations *generations, unsigned worker)
{
	const uint64_t *count = &generations->quiescent->qsbr_cnt[worker].cnt;
	uint64_t seen = __atomic_load_n(count, __ATOMIC_ACQUIRE);

	return seen == __RTE_QSBR_CNT_THR_OFFLINE || seen >= generations->token;
}

/* Those that have passed and say no time yet. */
static void stamp_workers(struct generations *generations)
{
	for (unsigned i = 0; i < generations->worker_count; i++) {
		uint64_t *taken_at = &generations->status->workers[i].taken_at;

		if (*taken_at == 0 && has_passed(generations, i))
			__atomic_store_n(taken_at, status_clock(), __ATOMIC_RELAXED);
	}
}

static void finish(struct generations *generations)
{
	change_steering(generations, steering_add, "adding to");
	steering_rules_free(&generations->rules);
	generations->rules = generations->next_rules;
	generations->next_rules = (struct steering_rules){0};
	generations->phase = GENERATION_IDLE;
	for (unsigned i = 0; i < generations->worker_count; i++)
		__atomic_store_n(&generations->status->workers[i].taken_at, 0, __ATOMIC_RELAXED);
	stamp_workers(generations);
	__atomic_store_n(&generations->status->generation_taken, generations->current->generation,
			 __ATOMIC_RELEASE);
}

void generation_poll(struct generations *generations, uint64_t now_ms)
{
	const bool late = now_ms >= generations->deadline_ms;
	struct snapshot *next;

	if (generations->retired != NULL)
		reclaim(generations);
	switch (generations->phase) {
	case GENERATION_IDLE:
		if (generations->current != NULL)
			stamp_workers(generations);
		if (!tables_reader_has_news(&generations->reader, now_ms))
			return;
		next = take(generations);
		if (next != NULL)
			begin_draining(generations, next, now_ms);
		break;
	case GENERATION_DRAINING:
		if (late || is_drained(generations))
			switch_workers(generations, now_ms);
		break;
	case GENERATION_SWITCHING:
		if (!generations->steering)
			return; /* until the ports are open: there is nothing to add to */
		if (late ||
		    rte_rcu_qsbr_check(generations->quiescent, generations->token, false) == 1)
			finish(generations);
		break;
	}
}

void generation_stop_steering(struct generations *generations)
{
	steering_rules_free(&generations->next_rules);
	change_steering(generations, steering_remove, "emptying");
	generations->steering = false;
}

void generation_close(struct generations *generations)
{
	while (generations->retired != NULL) {
		struct retired *retired = generations->retired;

		generations->retired = retired->next;
		snapshot_release(retired->snapshot);
		free(retired);
	}
	snapshot_release(generations->next);
	snapshot_release(generations->current);
	generations->next = generations->current = NULL;
	steering_rules_free(&generations->rules);
	steering_rules_free(&generations->next_rules);
	tables_reader_close(&generations->reader);
}
