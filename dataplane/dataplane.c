/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/dataplane.h"

#include "bpf/loader.h"
#include "dataplane/core/owner.h"
#include "dataplane/counters.h"
#include "dataplane/cpus.h"
#include "dataplane/eal.h"
#include "dataplane/flows_file.h"
#include "dataplane/generation.h"
#include "dataplane/inbox.h"
#include "dataplane/kernel_path.h"
#include "dataplane/laps.h"
#include "dataplane/log.h"
#include "dataplane/port.h"
#include "dataplane/queues.h"
#include "dataplane/status.h"
#include "dataplane/take_over.h"
#include "dataplane/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Kept by each thread that frees buffers, beside the pool. */
#define BUFFER_CACHE 256

/* To share out packets by, until one is good. */
#define KEYS_TRIED 64

/* DPDK's own structures, beside the buffers. */
#define MEBIBYTES_ELSEWHERE 64

/*
 * The main thread looks at the workers' rings and at `tables` so often, and
 * more often while the kernel path is busy. What Linux sends wakes it at once.
 */
#define LONGEST_NAP_NS  2000000
#define SHORTEST_NAP_NS 20000

struct dataplane {
	const struct config *config;
	const struct dataplane_options *options;
	struct run_directory directory;
	struct cpus cpus;
	struct eal eal;
	struct rte_mempool *pool;
	struct ports ports;
	struct run_file counters, status_file, inbox;
	struct abi_status *status;
	struct flows_file flows;
	struct kernel_path kernel_path;
	struct handoff handoff;
	struct owner owner; /* with several workers */
	struct rte_rcu_qsbr *quiescent;
	struct worker *workers;
	unsigned worker_count;
	unsigned launched;
	struct generations generations;
	struct take_over take_over;
	struct laps laps; /* of the start */
	int signals;
};

static uint64_t clock_ms(void)
{
	return status_clock() / 1000000;
}

/* SIGTERM and SIGINT are read, not caught; before EAL makes threads that would take them. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static unsigned buffer_mebibytes(unsigned count)
{
	return (unsigned)((uint64_t)count * PORTS_BUFFER_SIZE >> 20) + MEBIBYTES_ELSEWHERE;
}

static int make_pool(struct dataplane *dataplane)
{
	const unsigned count = ports_buffer_count(&dataplane->config->dataplane);

	dataplane->pool = ports_make_pool(&dataplane->ports, count, BUFFER_CACHE);
	return dataplane->pool == NULL ? -1 : 0;
}

static int start_eal(struct dataplane *dataplane)
{
	const struct config_dataplane *config = &dataplane->config->dataplane;
	const unsigned mebibytes = buffer_mebibytes(ports_buffer_count(config));

	if (eal_start(&dataplane->eal, config, &dataplane->cpus, &dataplane->directory,
		      mebibytes) != 0)
		return -1;
	log_line("DPDK started with %s", dataplane->eal.huge_pages
						 ? "huge pages"
						 : "ordinary memory (no huge pages are free)");
	return 0;
}

static int open_files(struct dataplane *dataplane)
{
	const struct config_dataplane *config = &dataplane->config->dataplane;
	const unsigned workers = dataplane->worker_count;
	const uint32_t capacities[FAMILY_COUNT] = {config->flows_per_worker,
						   config->flows_per_worker_ipv6};

	if (status_create(&dataplane->status_file, &dataplane->directory, &dataplane->cpus,
			  capacities) != 0 ||
	    counters_create(&dataplane->counters, &dataplane->directory, workers) != 0 ||
	    inbox_create(&dataplane->inbox, &dataplane->directory, workers) != 0)
		return -1;
	dataplane->status = dataplane->status_file.data;
	return 0;
}

static void *open_flows(void *argument)
{
	struct dataplane *dataplane = argument;
	int error = flows_file_open(&dataplane->flows, &dataplane->directory,
				    &dataplane->config->dataplane, dataplane->worker_count);

	return error == 0 ? NULL : dataplane;
}

/*
 * Both at once: DPDK sleeps for 100 ms, where the processor does not tell how fast its
 * clock runs, while millions of flows have their pages fetched.
 */
static int start_eal_and_open_flows(struct dataplane *dataplane)
{
	pthread_t thread;
	void *failed = NULL;
	int error;

	if (pthread_create(&thread, NULL, open_flows, dataplane) != 0)
		return open_flows(dataplane) == NULL ? start_eal(dataplane) : -1;
	error = start_eal(dataplane);
	pthread_join(thread, &failed);
	return failed == NULL ? error : -1;
}

static int make_quiescent(struct dataplane *dataplane)
{
	const unsigned count = dataplane->worker_count;

	dataplane->quiescent =
		rte_zmalloc("quiescent", rte_rcu_qsbr_get_memsize(count), RTE_CACHE_LINE_SIZE);
	if (dataplane->quiescent == NULL || rte_rcu_qsbr_init(dataplane->quiescent, count) != 0) {
		log_line("no memory for the workers' quiescent states");
		return -1;
	}
	for (unsigned i = 0; i < count; i++)
		rte_rcu_qsbr_thread_register(dataplane->quiescent, i);
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

static void describe_ports(struct worker *worker, const struct ports *ports)
{
	worker->engine.port_count = worker->output_count = ports->count;
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct queue_sender sender =
			queue_sender(i, port->queue_count, worker->number, worker->worker_count);

		worker->engine.ports[i] = port_for_engine(port);
		worker->outputs[i].dpdk_id = port->dpdk_id;
		worker->outputs[i].sender = sender.worker;
		worker->outputs[i].queue = sender.queue;
		give_queues(worker, port);
	}
}

/* By a key drawn at each start: a sender who knew it could send everything to one worker. */
static int make_owner(struct dataplane *dataplane)
{
	uint8_t key[TOEPLITZ_KEY_SIZE], reta[OWNER_RETA_SIZE];
	const char *wrong = "no key was tried";

	owner_fill_reta(reta, OWNER_RETA_SIZE, dataplane->worker_count);
	/* Few keys are no good. */
	for (unsigned i = 0; i < KEYS_TRIED && wrong != NULL; i++) {
		if (getrandom(key, sizeof(key), 0) != sizeof(key)) {
			log_line("no random numbers: %s", strerror(errno));
			return -1;
		}
		wrong = owner_init(&dataplane->owner, key, sizeof(key), dataplane->worker_count,
				   reta, OWNER_RETA_SIZE);
	}
	if (wrong != NULL)
		log_line("cannot share packets out to %u workers: %s", dataplane->worker_count,
			 wrong);
	return wrong == NULL ? 0 : -1;
}

static int make_workers(struct dataplane *dataplane)
{
	dataplane->workers = rte_zmalloc("workers", dataplane->worker_count * sizeof(struct worker),
					 RTE_CACHE_LINE_SIZE);
	if (dataplane->workers == NULL) {
		log_line("no memory for the workers");
		return -1;
	}
	for (unsigned i = 0; i < dataplane->worker_count; i++) {
		struct worker *worker = &dataplane->workers[i];

		worker->number = i;
		worker->worker_count = dataplane->worker_count;
		worker->assert_owners = dataplane->options->assert_owners;
		handoff_wire(&dataplane->handoff, i, worker->peers);
		worker->idle_latency_us = UINT32_MAX;
		worker->idle_mode = dataplane->config->dataplane.idle;
		worker->quiescent = dataplane->quiescent;
		worker->status = &dataplane->status->workers[i];
		worker->inbox = inbox_ring(&dataplane->inbox, i);
		worker->to_linux = dataplane->kernel_path.to_linux[i];
		worker->from_linux = i == 0 ? dataplane->kernel_path.from_linux : NULL;
		if (dataplane->worker_count > 1) {
			worker->engine.owner = &dataplane->owner;
			worker->engine.number = i;
			worker->engine.foreign = UINT32_MAX;
		}
		worker->engine.counters = counters_block(&dataplane->counters, i);
		engine_set_isa(&worker->engine, dataplane->options->isa);
		for (unsigned family = 0; family < FAMILY_COUNT; family++)
			worker->engine.flows[family] =
				flows_file_table(&dataplane->flows, i, family, clock_ms());
		if (getrandom(worker->engine.random, sizeof(worker->engine.random), 0) !=
		    sizeof(worker->engine.random)) {
			log_line("no random numbers: %s", strerror(errno));
			return -1;
		}
		describe_ports(worker, &dataplane->ports);
	}
	return 0;
}

static void wire_generations(struct dataplane *dataplane)
{
	struct generations *generations = &dataplane->generations;

	generation_init(generations, &dataplane->directory, dataplane->eal.huge_pages);
	generations->ports = &dataplane->ports;
	generations->workers = dataplane->workers;
	generations->worker_count = dataplane->worker_count;
	generations->quiescent = dataplane->quiescent;
	generations->status = dataplane->status;
	dataplane->take_over = (struct take_over){.flows = &dataplane->flows,
						  .workers = dataplane->workers,
						  .worker_count = dataplane->worker_count,
						  .owner = &dataplane->owner};
	generations->prepare = take_over_flows;
	generations->context = &dataplane->take_over;
}

static int launch(struct dataplane *dataplane)
{
	for (unsigned i = 0; i < dataplane->worker_count; i++) {
		int error = rte_eal_remote_launch(worker_run, &dataplane->workers[i],
						  EAL_MAIN_LCORE + 1 + i);

		if (error != 0) {
			log_line("worker %u does not start: %s", i, strerror(-error));
			return -1;
		}
		dataplane->launched++;
	}
	return 0;
}

static void announce_ports(const struct dataplane *dataplane)
{
	for (uint16_t i = 0; i < dataplane->ports.count; i++) {
		const struct port *port = &dataplane->ports.items[i];
		struct steering_attachment attachment = {0};

		if (port->steering != NULL)
			steering_inspect(port->interface.index, &attachment);
		log_line("port %s: %s (%s, %u queue%s%s), MTU %u, tap %s", port->config->name,
			 port->config->device, port->driver, port->queue_count,
			 port->queue_count == 1 ? "" : "s",
			 port->steering == NULL ? ""
			 : attachment.native    ? ", XDP in the driver"
						: ", XDP in generic mode",
			 port->mtu, dataplane->kernel_path.taps[i].name);
	}
}

static void announce_flows(const struct dataplane *dataplane)
{
	const struct config_dataplane *config = &dataplane->config->dataplane;

	log_line("flows of a worker: %u of IPv4 and %u of IPv6, %zu MiB in all in %s pages; "
		 "packet path for %s",
		 config->flows_per_worker, config->flows_per_worker_ipv6,
		 (dataplane->flows.file.size + dataplane->flows.working_size) >> 20,
		 dataplane->flows.file.target[0] != '\0' ? "huge" : "ordinary",
		 engine_isa_text(dataplane->options->isa));
}

static void announce_workers(struct dataplane *dataplane)
{
	announce_flows(dataplane);
	for (unsigned i = 0; i < dataplane->worker_count; i++) {
		struct worker *worker = &dataplane->workers[i];
		const struct timespec nap = {.tv_nsec = 1000000};
		uint32_t latency;

		while ((latency = __atomic_load_n(&worker->idle_latency_us, __ATOMIC_ACQUIRE)) ==
		       UINT32_MAX)
			nanosleep(&nap, NULL);
		if (worker->idle_mode == CONFIG_IDLE_SLEEP)
			log_line("worker %u: CPU %u; idle sleep: naps when no packet comes, which "
				 "adds up to %u us to the first one after a pause",
				 i, dataplane->cpus.workers[i], latency);
		else
			log_line("worker %u: CPU %u; idle poll: takes the whole CPU", i,
				 dataplane->cpus.workers[i]);
	}
}

/*
 * Everything slow comes before ports_start(): from there, where a program that
 * a dead dataplane left gives way, to the first steering rules only the guard
 * keeps Linux from answering.
 */
static int start(struct dataplane *dataplane)
{
	const struct config_dataplane *config = &dataplane->config->dataplane;
	struct laps *laps = &dataplane->laps;
	char text[320];

	laps_begin(laps);
	if (cpus_plan(&dataplane->cpus, config) != 0)
		return -1;
	dataplane->worker_count = dataplane->cpus.worker_count;
	if (open_files(dataplane) != 0)
		return -1;
	laps_add(laps, "files");
	if (start_eal_and_open_flows(dataplane) != 0)
		return -1;
	laps_add(laps, "DPDK and the flows' file");
	if (ports_probe(&dataplane->ports, config, &dataplane->directory) != 0)
		return -1;
	laps_add(laps, "ports found");
	if (make_pool(dataplane) != 0)
		return -1;
	laps_add(laps, "buffers");
	if (kernel_path_open(&dataplane->kernel_path, &dataplane->ports, dataplane->worker_count,
			     dataplane->pool,
			     counters_block(&dataplane->counters, dataplane->worker_count)) != 0 ||
	    handoff_open(&dataplane->handoff, dataplane->worker_count) != 0 ||
	    make_owner(dataplane) != 0 || make_quiescent(dataplane) != 0 ||
	    make_workers(dataplane) != 0)
		return -1;
	laps_add(laps, "taps and workers");

	dataplane->status->cycles_per_us = (uint32_t)(rte_get_tsc_hz() / 1000000);
	wire_generations(dataplane);
	while (dataplane->generations.phase != GENERATION_SWITCHING) {
		generation_poll(&dataplane->generations, clock_ms());
		if (dataplane->generations.phase == GENERATION_IDLE)
			break; /* nothing is published yet */
	}
	laps_add(laps, "tables and flows");
	if (ports_start(&dataplane->ports, dataplane->pool) != 0 || launch(dataplane) != 0)
		return -1;
	laps_add(laps, "ports started");
	dataplane->generations.steering = true;
	generation_poll(&dataplane->generations, clock_ms());
	laps_add(laps, "steering");

	status_describe_ports(dataplane->status, &dataplane->ports, &dataplane->kernel_path);
	status_set_state(dataplane->status, ABI_DATAPLANE_RUNNING);
	announce_ports(dataplane);
	announce_workers(dataplane);
	log_line("running after %s; run directory %s", laps_tell(laps, text),
		 dataplane->directory.path);
	return 0;
}

/*
 * Waits until Linux sends something by a tap, a signal asks to stop, or the
 * time is over, and takes what Linux sent; *busy tells whether it did. False: stop.
 */
static bool wait_and_read(struct dataplane *dataplane, long nanoseconds, bool *busy)
{
	const struct timespec time = {.tv_nsec = nanoseconds};
	struct kernel_path *path = &dataplane->kernel_path;
	struct pollfd fds[ABI_MAX_PORTS + 1];

	*busy = false;
	for (uint16_t i = 0; i < path->tap_count; i++)
		fds[i] = (struct pollfd){.fd = path->taps[i].fd, .events = POLLIN};
	fds[path->tap_count] = (struct pollfd){.fd = dataplane->signals, .events = POLLIN};
	if (ppoll(fds, path->tap_count + 1u, &time, NULL) <= 0)
		return true;
	for (uint16_t i = 0; i < path->tap_count; i++)
		if (fds[i].revents & POLLIN)
			*busy |= kernel_path_read(path, i);
	return fds[path->tap_count].revents == 0;
}

static void run(struct dataplane *dataplane)
{
	uint64_t refreshed_ms = clock_ms();
	long nap_ns = SHORTEST_NAP_NS;
	bool busy = false;

	prctl(PR_SET_TIMERSLACK, 1ul);
	while (wait_and_read(dataplane, busy ? 0 : nap_ns, &busy)) {
		const uint64_t now_ms = clock_ms();

		busy |= kernel_path_write(&dataplane->kernel_path);
		nap_ns = busy ? SHORTEST_NAP_NS : nap_ns * 2;
		if (nap_ns > LONGEST_NAP_NS)
			nap_ns = LONGEST_NAP_NS;
		generation_poll(&dataplane->generations, now_ms);
		status_heartbeat(dataplane->status);
		if (now_ms - refreshed_ms >= 1000) {
			refreshed_ms = now_ms;
			ports_refresh_status(&dataplane->ports, dataplane->status);
		}
	}
}

static void stop_workers(struct dataplane *dataplane)
{
	for (unsigned i = 0; i < dataplane->launched; i++)
		__atomic_store_n(&dataplane->workers[i].stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < dataplane->launched; i++)
		rte_eal_wait_lcore(EAL_MAIN_LCORE + 1 + i);
	dataplane->launched = 0;
}

/* The start's steps the other way round; each does nothing when its step was not reached. */
static void stop(struct dataplane *dataplane)
{
	bool clean;

	if (dataplane->status != NULL)
		status_set_state(dataplane->status, ABI_DATAPLANE_STOPPING);
	if (dataplane->generations.steering)
		generation_stop_steering(&dataplane->generations);
	stop_workers(dataplane);
	generation_close(&dataplane->generations);
	handoff_close(&dataplane->handoff);
	take_over_close(&dataplane->take_over);
	kernel_path_close(&dataplane->kernel_path);
	clean = ports_close(&dataplane->ports);
	if (dataplane->eal.started && clean) {
		rte_free(dataplane->workers);
		rte_free(dataplane->quiescent);
		rte_mempool_free(dataplane->pool);
		eal_stop(&dataplane->eal);
	}
	flows_file_close(&dataplane->flows);
	run_file_remove(&dataplane->inbox);
	run_file_remove(&dataplane->counters);
	run_file_remove(&dataplane->status_file);
}

int dataplane_run(const struct config *config, const struct dataplane_options *options)
{
	struct dataplane *dataplane;
	int error = -1;

	dataplane = calloc(1, sizeof(*dataplane));
	if (dataplane == NULL) {
		log_line("no memory");
		return -1;
	}
	dataplane->config = config;
	dataplane->options = options;
	dataplane->signals = open_signals();
	if (run_directory_open(&dataplane->directory, options->run_dir) == 0) {
		error = start(dataplane);
		if (error == 0)
			run(dataplane);
		stop(dataplane);
		run_directory_close(&dataplane->directory);
		if (error == 0)
			log_line("stopped");
	}
	close(dataplane->signals);
	free(dataplane);
	return error;
}
