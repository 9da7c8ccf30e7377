/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/dataplane.h"

#include "dataplane/announce.h"
#include "dataplane/buffers.h"
#include "dataplane/card_checksums.h"
#include "dataplane/core/fragments.h"
#include "dataplane/counters.h"
#include "dataplane/cpus.h"
#include "dataplane/delivery.h"
#include "dataplane/eal.h"
#include "dataplane/generation.h"
#include "dataplane/inbox.h"
#include "dataplane/laps.h"
#include "dataplane/log.h"
#include "dataplane/rss.h"
#include "dataplane/status.h"
#include "dataplane/take_over.h"
#include "dataplane/workers.h"

#include <poll.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Kept by each thread that frees buffers, beside the pool. */
#define BUFFER_CACHE 256

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
	struct ports ports;
	struct run_file counters, status_file, inbox;
	struct abi_status *status;
	struct flows_file flows;
	struct kernel_path kernel_path;
	struct workers workers;
	struct delivery deliveries[ABI_MAX_PORTS];
	struct generations generations;
	struct take_over take_over;
	struct lease_file lease;
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

static unsigned mebibytes_needed(const struct config_dataplane *config, unsigned workers)
{
	const uint64_t bytes = buffers_bytes(config) + workers * fragments_size();

	return (unsigned)(bytes >> 20) + MEBIBYTES_ELSEWHERE;
}

static int start_eal(struct dataplane *dataplane)
{
	const struct config_dataplane *config = &dataplane->config->dataplane;
	const unsigned mebibytes = mebibytes_needed(config, dataplane->workers.count);

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
	const unsigned workers = dataplane->workers.count;
	const uint32_t capacities[FAMILY_COUNT] = {config->flows_per_worker,
						   config->flows_per_worker_ipv6};

	if (status_create(&dataplane->status_file, &dataplane->directory, &dataplane->cpus,
			  capacities) != 0 ||
	    counters_create(&dataplane->counters, &dataplane->directory, workers) != 0 ||
	    inbox_create(&dataplane->inbox, &dataplane->directory, workers) != 0)
		return -1;
	dataplane->status = dataplane->status_file.data;
	lease_open(&dataplane->lease, dataplane->directory.path);
	return 0;
}

static void *open_flows(void *argument)
{
	struct dataplane *dataplane = argument;
	int error = flows_file_open(&dataplane->flows, &dataplane->directory,
				    &dataplane->config->dataplane, dataplane->workers.count);

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

static int open_workers(struct dataplane *dataplane)
{
	const struct worker_parts parts = {
		.config = &dataplane->config->dataplane,
		.options = dataplane->options,
		.kernel_path = &dataplane->kernel_path,
		.flows = &dataplane->flows,
		.counters = &dataplane->counters,
		.inbox = &dataplane->inbox,
		.status = dataplane->status,
	};

	if (workers_open(&dataplane->workers, &parts) != 0)
		return -1;
	workers_wire_ports(&dataplane->workers, &dataplane->ports);
	return 0;
}

static void wire_generations(struct dataplane *dataplane)
{
	struct generations *generations = &dataplane->generations;

	generation_init(generations, &dataplane->directory, dataplane->eal.huge_pages);
	generations->ports = &dataplane->ports;
	generations->workers = dataplane->workers.items;
	generations->worker_count = dataplane->workers.count;
	generations->quiescent = dataplane->workers.quiescent;
	generations->status = dataplane->status;
	dataplane->take_over = (struct take_over){.flows = &dataplane->flows,
						  .workers = dataplane->workers.items,
						  .worker_count = dataplane->workers.count,
						  .owner = &dataplane->workers.owner};
	generations->prepare = take_over_flows;
	generations->context = &dataplane->take_over;
}

/* To the workers a file that is new, to the ports' XDP programs its times. */
static void follow_lease(struct dataplane *dataplane, uint64_t now_ms)
{
	const struct snapshot *snapshot = dataplane->generations.current;

	if (lease_look(&dataplane->lease, now_ms))
		for (unsigned i = 0; i < dataplane->workers.count; i++)
			__atomic_store_n(&dataplane->workers.items[i].lease, dataplane->lease.data,
					 __ATOMIC_RELEASE);
	lease_tell(&dataplane->lease, &dataplane->ports, snapshot == NULL ? 0 : snapshot->groups);
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
	uint8_t key[TOEPLITZ_KEY_SIZE];
	char text[320];

	laps_begin(laps);
	if (cpus_plan(&dataplane->cpus, config) != 0)
		return -1;
	dataplane->workers.count = dataplane->cpus.worker_count;
	if (open_files(dataplane) != 0)
		return -1;
	laps_add(laps, "files");
	if (start_eal_and_open_flows(dataplane) != 0)
		return -1;
	laps_add(laps, "DPDK and the flows' file");
	if (ports_probe(&dataplane->ports, config, &dataplane->directory,
			dataplane->workers.count) != 0)
		return -1;
	laps_add(laps, "ports found");
	if (buffers_make(&dataplane->ports, config, BUFFER_CACHE) != 0)
		return -1;
	laps_add(laps, "buffers");
	if (kernel_path_open(&dataplane->kernel_path, &dataplane->ports, dataplane->workers.count,
			     counters_block(&dataplane->counters, dataplane->workers.count)) != 0 ||
	    workers_share_out(&dataplane->workers, dataplane->options->rss_key, key,
			      rss_reta_size(&dataplane->ports)) != 0 ||
	    open_workers(dataplane) != 0)
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
	if (ports_start(&dataplane->ports, &dataplane->workers.owner, key) != 0)
		return -1;
	deliveries_begin(dataplane->deliveries, &dataplane->workers, &dataplane->ports);
	card_checksums_begin(&dataplane->workers, &dataplane->ports);
	if (workers_launch(&dataplane->workers) != 0)
		return -1;
	laps_add(laps, "ports started");
	dataplane->generations.steering = true;
	generation_poll(&dataplane->generations, clock_ms());
	follow_lease(dataplane, clock_ms());
	laps_add(laps, "steering");

	status_describe_ports(dataplane->status, &dataplane->ports, &dataplane->kernel_path);
	status_set_state(dataplane->status, ABI_DATAPLANE_RUNNING);
	announce_ports(&dataplane->ports, &dataplane->kernel_path);
	announce_flows(&dataplane->flows, config, dataplane->options->isa);
	announce_workers(&dataplane->workers, &dataplane->cpus);
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
	struct pollfd fds[ABI_MAX_PORTS + 2];
	const unsigned signals = path->tap_count, lease = signals + 1;

	*busy = false;
	for (uint16_t i = 0; i < path->tap_count; i++)
		fds[i] = (struct pollfd){.fd = path->taps[i].fd, .events = POLLIN};
	fds[signals] = (struct pollfd){.fd = dataplane->signals, .events = POLLIN};
	fds[lease] = (struct pollfd){.fd = dataplane->lease.watch, .events = POLLIN};
	if (ppoll(fds, lease + 1u, &time, NULL) <= 0)
		return true;
	for (uint16_t i = 0; i < path->tap_count; i++)
		if (fds[i].revents & POLLIN)
			*busy |= kernel_path_read(path, i);
	if (fds[lease].revents & POLLIN)
		lease_take_events(&dataplane->lease);
	return fds[signals].revents == 0;
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
		follow_lease(dataplane, now_ms);
		status_heartbeat(dataplane->status);
		if (now_ms - refreshed_ms >= 1000) {
			refreshed_ms = now_ms;
			ports_refresh_status(&dataplane->ports, dataplane->status);
			deliveries_refresh(dataplane->deliveries, &dataplane->workers,
					   dataplane->status);
			card_checksums_refresh(&dataplane->workers, &dataplane->ports,
					       dataplane->status);
		}
	}
}

/* The start's steps the other way round; each does nothing when its step was not reached. */
static void stop(struct dataplane *dataplane)
{
	bool clean;

	if (dataplane->status != NULL)
		status_set_state(dataplane->status, ABI_DATAPLANE_STOPPING);
	if (dataplane->generations.steering)
		generation_stop_steering(&dataplane->generations);
	workers_stop(&dataplane->workers);
	generation_close(&dataplane->generations);
	handoff_close(&dataplane->workers.handoff);
	take_over_close(&dataplane->take_over);
	kernel_path_close(&dataplane->kernel_path);
	clean = ports_close(&dataplane->ports);
	if (dataplane->eal.started && clean) {
		workers_free(&dataplane->workers);
		buffers_free(&dataplane->ports);
		eal_stop(&dataplane->eal);
	}
	flows_file_close(&dataplane->flows);
	lease_close(&dataplane->lease);
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
