/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/stats/stats.h"

#include "controlplane/clock.h"
#include "controlplane/stats/liveness.h"
#include "controlplane/stats/mapped_file.h"
#include "dataplane/abi/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stats {
	struct mapped_file status, counters;
	char lock_path[256];
	struct baselines *baselines;
};

int stats_open(const char *run_dir, struct stats **out)
{
	struct stats *stats = calloc(1, sizeof(*stats));

	if (stats == NULL)
		return -ENOMEM;
	mapped_file_init(&stats->status, run_dir, ABI_FILE_STATUS, ABI_MAGIC_STATUS,
			 sizeof(struct abi_status));
	mapped_file_init(&stats->counters, run_dir, ABI_FILE_COUNTERS, ABI_MAGIC_COUNTERS,
			 sizeof(struct abi_counters));
	liveness_path(run_dir, stats->lock_path, sizeof(stats->lock_path));
	stats->baselines = baselines_open(run_dir);
	if (stats->baselines == NULL) {
		stats_close(stats);
		return -ENOMEM;
	}
	*out = stats;
	return 0;
}

void stats_close(struct stats *stats)
{
	if (stats == NULL)
		return;
	mapped_file_close(&stats->status);
	mapped_file_close(&stats->counters);
	baselines_close(stats->baselines);
	free(stats);
}

const struct abi_status *stats_status(struct stats *stats)
{
	if (!mapped_file_refresh(&stats->status))
		return NULL;

	const struct abi_status *status = stats->status.data;

	if (status->worker_count > ABI_MAX_WORKERS || status->port_count > ABI_MAX_PORTS)
		return NULL;
	return status;
}

bool stats_dataplane_lives(const struct stats *stats, const struct abi_status *status)
{
	return status != NULL && liveness_check(stats->lock_path, status->file.writer_pid,
						status->heartbeat, clock_now_ns());
}

/* The blocks of `counters`; 0: there are none. */
static uint32_t find_blocks(struct stats *stats, const uint8_t **first, uint64_t *step)
{
	if (!mapped_file_refresh(&stats->counters))
		return 0;

	const struct abi_counters *counters = stats->counters.data;
	uint64_t size = stats->counters.size;
	uint32_t count = counters->block_count;

	*step = counters->block_size;
	if (count == 0 || count > ABI_MAX_WORKERS + 1 || counters->block_offset > size ||
	    *step < sizeof(struct abi_counters_block) || *step % sizeof(uint64_t) != 0 ||
	    counters->block_offset % sizeof(uint64_t) != 0 ||
	    *step > (size - counters->block_offset) / count)
		return 0;
	*first = (const uint8_t *)counters + counters->block_offset;
	return count;
}

/* Adds up rows of 64-bit counters, each of which is written whole. */
static void add_counters(void *sum, const void *row, size_t size)
{
	uint64_t *to = sum;
	const uint64_t *from = row;

	for (size_t i = 0; i < size / sizeof(uint64_t); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void stats_totals(struct stats *stats, struct abi_counters_block *out)
{
	const uint8_t *block = NULL;
	uint64_t step = 0;
	size_t size = offsetof(struct abi_counters_block, services);
	uint32_t count = find_blocks(stats, &block, &step);

	memset(out, 0, size);
	for (uint32_t i = 0; i < count; i++)
		add_counters(out, block + i * step, size);
}

/* The block of one worker; NULL: there is none. */
static const struct abi_counters_block *find_worker(struct stats *stats, uint32_t worker)
{
	const uint8_t *block = NULL;
	uint64_t step = 0;
	uint32_t count = find_blocks(stats, &block, &step);

	/* The last block is the main thread's. */
	if (count == 0 || worker >= count - 1)
		return NULL;
	return (const struct abi_counters_block *)(const void *)(block + worker * step);
}

bool stats_worker(struct stats *stats, uint32_t worker, struct abi_counters_block *out)
{
	size_t size = offsetof(struct abi_counters_block, services);
	const struct abi_counters_block *block = find_worker(stats, worker);

	memset(out, 0, size);
	if (block == NULL)
		return false;
	add_counters(out, block, size);
	return true;
}

bool stats_latency(struct stats *stats, uint32_t worker, uint32_t cycles_per_us,
		   struct latency *out)
{
	const struct abi_counters_block *block = find_worker(stats, worker);

	*out = (struct latency){.cycles_per_us = cycles_per_us};
	if (block == NULL || cycles_per_us == 0)
		return false;
	add_counters(out->buckets, block->latency, sizeof(out->buckets));
	add_counters(&out->cycles, &block->latency_cycles, sizeof(out->cycles));
	return true;
}

static void sum_traffic(struct stats *stats, enum stats_kind kind, uint32_t index,
			struct abi_traffic *out)
{
	const uint8_t *block = NULL;
	uint64_t step = 0;
	uint32_t count = find_blocks(stats, &block, &step);

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < count; i++) {
		const struct abi_counters_block *counters =
			(const struct abi_counters_block *)(const void *)(block + i * step);

		add_counters(out,
			     kind == STATS_SERVICE ? &counters->services[index]
						   : &counters->backends[index],
			     sizeof(*out));
	}
}

uint64_t stats_identity(const void *data, size_t length, uint64_t seed)
{
	const uint64_t key[2] = {seed, length};
	uint64_t hash = abi_siphash(key, data, length);

	return hash != 0 ? hash : 1;
}

/*
 * Flows of the object before may end later still, and count as ended under this
 * index: as if they had already, or there would seem to be too few for ever.
 */
static void begin_at_zero(struct stats *stats, enum stats_kind kind, uint32_t index,
			  struct baseline *baseline)
{
	sum_traffic(stats, kind, index, &baseline->traffic);
	baseline->traffic.flows_ended = baseline->traffic.flows_started;
	baseline->instance = stats->counters.instance;
}

void stats_assign(struct stats *stats, enum stats_kind kind, uint32_t index, uint64_t identity)
{
	struct baseline baseline = {.identity = identity};
	uint64_t before;

	if (index >= baselines_limit(kind))
		return;
	before = baselines_get(stats->baselines, kind, index)->identity;
	if (before == identity)
		return;
	if (before != 0)
		begin_at_zero(stats, kind, index, &baseline);
	baselines_set(stats->baselines, kind, index, &baseline);
}

/* A counter never goes below its baseline but in a file that lies. */
static uint64_t difference(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

void stats_traffic(struct stats *stats, enum stats_kind kind, uint32_t index,
		   struct abi_traffic *out)
{
	memset(out, 0, sizeof(*out));
	if (index >= baselines_limit(kind))
		return;

	const struct baseline *baseline = baselines_get(stats->baselines, kind, index);

	sum_traffic(stats, kind, index, out);
	if (baseline->instance == 0 || baseline->instance != stats->counters.instance)
		return;
	out->packets_in = difference(out->packets_in, baseline->traffic.packets_in);
	out->bytes_in = difference(out->bytes_in, baseline->traffic.bytes_in);
	out->packets_out = difference(out->packets_out, baseline->traffic.packets_out);
	out->bytes_out = difference(out->bytes_out, baseline->traffic.bytes_out);
	out->flows_started = difference(out->flows_started, baseline->traffic.flows_started);
	out->flows_ended = difference(out->flows_ended, baseline->traffic.flows_ended);
	out->drops = difference(out->drops, baseline->traffic.drops);
	out->client_on_backend_link =
		difference(out->client_on_backend_link, baseline->traffic.client_on_backend_link);
}

/* Before it has tables it has not taken over the flows that it will go on with. */
static bool knows_its_flows(struct stats *stats)
{
	const struct abi_status *status = stats_status(stats);

	return stats_dataplane_lives(stats, status) &&
	       __atomic_load_n(&status->generation_taken, __ATOMIC_ACQUIRE) != 0;
}

uint64_t stats_flows_of_backend(struct stats *stats, uint32_t index)
{
	struct abi_traffic traffic;

	if (index >= ABI_MAX_BACKENDS || !knows_its_flows(stats))
		return UINT64_MAX;
	sum_traffic(stats, STATS_BACKEND, index, &traffic);
	return difference(traffic.flows_started, traffic.flows_ended);
}
