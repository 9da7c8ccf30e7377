/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/workers.h"

#include "dataplane/core/fragments.h"
#include "dataplane/counters.h"
#include "dataplane/eal.h"
#include "dataplane/inbox.h"
#include "dataplane/log.h"
#include "dataplane/queues.h"
#include "dataplane/status.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>
#include <string.h>
#include <sys/random.h>

/* To share out packets by, until one is good. */
#define KEYS_TRIED 64

static int draw(void *bytes, size_t size)
{
	if (getrandom(bytes, size, 0) == (ssize_t)size)
		return 0;
	log_line("no random numbers: %s", strerror(errno));
	return -1;
}

/* A key drawn at each start is the rule: who knew it could send everything to one worker. */
int workers_share_out(struct workers *workers, const uint8_t *given, uint8_t key[TOEPLITZ_KEY_SIZE],
		      uint32_t reta_size)
{
	const unsigned tries = given != NULL ? 1 : KEYS_TRIED; /* few of those drawn are no good */
	uint8_t reta[OWNER_RETA_MAX];
	const char *wrong = "no key was tried";

	owner_fill_reta(reta, reta_size, workers->count);
	for (unsigned i = 0; i < tries && wrong != NULL; i++) {
		if (given != NULL)
			memcpy(key, given, TOEPLITZ_KEY_SIZE);
		else if (draw(key, TOEPLITZ_KEY_SIZE) != 0)
			return -1;
		wrong = owner_init(&workers->owner, key, TOEPLITZ_KEY_SIZE, workers->count, reta,
				   reta_size);
	}
	if (wrong != NULL)
		log_line("cannot share packets out to %u workers%s: %s", workers->count,
			 given != NULL ? " by the key of --rss-key" : "", wrong);
	return wrong == NULL ? 0 : -1;
}

static int make_quiescent(struct workers *workers)
{
	workers->quiescent = rte_zmalloc("quiescent", rte_rcu_qsbr_get_memsize(workers->count),
					 RTE_CACHE_LINE_SIZE);
	if (workers->quiescent == NULL ||
	    rte_rcu_qsbr_init(workers->quiescent, workers->count) != 0) {
		log_line("no memory for the workers' quiescent states");
		return -1;
	}
	for (unsigned i = 0; i < workers->count; i++)
		rte_rcu_qsbr_thread_register(workers->quiescent, i);
	return 0;
}

static int make_fragments(const struct workers *workers, unsigned number, struct engine *engine)
{
	void *memory = rte_zmalloc("fragments", fragments_size(), RTE_CACHE_LINE_SIZE);

	if (memory == NULL) {
		log_line("no memory for the fragments of worker %u", number);
		return -1;
	}
	engine->fragments = fragments_open(memory, engine->flows[FAMILY_IPV4]->secret, number,
					   workers->count, engine->random[0]);
	return 0;
}

static int make_engine(struct workers *workers, unsigned number, const struct worker_parts *parts)
{
	struct engine *engine = &workers->items[number].engine;

	if (workers->count > 1) {
		engine->owner = &workers->owner;
		engine->number = number;
	}
	engine->counters = counters_block(parts->counters, number);
	engine_set_isa(engine, parts->options->isa);
	for (unsigned family = 0; family < FAMILY_COUNT; family++)
		engine->flows[family] =
			flows_file_table(parts->flows, number, family, status_clock() / 1000000);
	if (draw(engine->random, sizeof(engine->random)) != 0)
		return -1;
	return make_fragments(workers, number, engine);
}

static int make_worker(struct workers *workers, unsigned number, const struct worker_parts *parts)
{
	struct worker *worker = &workers->items[number];

	worker->number = number;
	worker->worker_count = workers->count;
	worker->assert_owners = parts->options->assert_owners;
	handoff_wire(&workers->handoff, number, worker->peers);
	worker->idle_latency_us = UINT32_MAX;
	worker->idle_mode = parts->config->idle;
	worker->quiescent = workers->quiescent;
	worker->status = &parts->status->workers[number];
	worker->inbox = inbox_ring(parts->inbox, number);
	worker->to_linux = parts->kernel_path->to_linux[number];
	worker->from_linux = number == 0 ? parts->kernel_path->from_linux : NULL;
	return make_engine(workers, number, parts);
}

int workers_open(struct workers *workers, const struct worker_parts *parts)
{
	if (handoff_open(&workers->handoff, workers->count) != 0 || make_quiescent(workers) != 0)
		return -1;
	workers->items =
		rte_zmalloc("workers", workers->count * sizeof(struct worker), RTE_CACHE_LINE_SIZE);
	if (workers->items == NULL) {
		log_line("no memory for the workers");
		return -1;
	}
	for (unsigned i = 0; i < workers->count; i++)
		if (make_worker(workers, i, parts) != 0)
			return -1;
	return 0;
}

static void give_queues(struct worker *worker, const struct port *port)
{
	for (uint16_t queue = 0; queue < port->queue_count; queue++)
		if (queue_receiver(port->index, port->queue_count, queue, worker->worker_count) ==
		    worker->number)
			worker->queues[worker->queue_count++] =
				(struct worker_queue){port->index, port->dpdk_id, queue};
}

static void wire_port(struct worker *worker, const struct port *port)
{
	struct worker_output *output = &worker->outputs[port->index];
	struct queue_sender sender =
		queue_sender(port->index, port->queue_count, worker->number, worker->worker_count);

	worker->engine.ports[port->index] = port_for_engine(port);
	output->dpdk_id = port->dpdk_id;
	output->sender = sender.worker;
	output->queue = sender.queue;
	give_queues(worker, port);
}

void workers_wire_ports(struct workers *workers, const struct ports *ports)
{
	for (unsigned i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->items[i];

		worker->engine.port_count = worker->output_count = ports->count;
		for (uint16_t port = 0; port < ports->count; port++)
			wire_port(worker, &ports->items[port]);
	}
}

int workers_launch(struct workers *workers)
{
	for (unsigned i = 0; i < workers->count; i++) {
		int error = rte_eal_remote_launch(worker_run, &workers->items[i],
						  EAL_MAIN_LCORE + 1 + i);

		if (error != 0) {
			log_line("worker %u does not start: %s", i, strerror(-error));
			return -1;
		}
		workers->launched++;
	}
	return 0;
}

void workers_stop(struct workers *workers)
{
	for (unsigned i = 0; i < workers->launched; i++)
		__atomic_store_n(&workers->items[i].stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < workers->launched; i++)
		rte_eal_wait_lcore(EAL_MAIN_LCORE + 1 + i);
	workers->launched = 0;
}

void workers_free(struct workers *workers)
{
	for (unsigned i = 0; workers->items != NULL && i < workers->count; i++)
		rte_free(workers->items[i].engine.fragments);
	rte_free(workers->items);
	rte_free(workers->quiescent);
	workers->items = NULL;
	workers->quiescent = NULL;
}
