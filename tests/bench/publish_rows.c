/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One backend of many services changes its weight: its ring is rebuilt,
 * published, taken over, and the engine switched, while packets go on between
 * one step and the next. What runs in two processes is one after the other here;
 * the dataplane's main thread looks for a new generation at least each 2 ms.
 */
#include "config/config.h"
#include "controlplane/publish/publish.h"
#include "tests/bench/rows.h"
#include "tests/unit/core/check.h"
#include "tests/unit/memory_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKENDS_EACH 10
#define CHANGES       20

struct publishing {
	struct bench_world *world;
	char run_dir[64];
	struct config *config;
	struct publisher *publisher;
	struct publish_input input;
	uint32_t changes;
	struct bench_tuple client;
	uint64_t lost; /* packets that were not sent on */
};

/* The document: services of 10 backends each, and a port for both sides. */
static char *write_config(uint32_t services)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "{\"dataplane\": {\"ports\": [{\"name\": \"wan\", \"device\": \"null:\"},"
		     "{\"name\": \"lan\", \"device\": \"null:\"}]}, \"services\": [");
	for (uint32_t i = 0; i < services; i++) {
		fprintf(out,
			"%s{\"name\": \"s%u\", \"addresses\": [\"198.18.%u.%u\"], \"ports\": "
			"[\"80\"],"
			"\"health_check\": {\"type\": \"none\"}, \"backends\": [",
			i == 0 ? "" : ",", i, i / 250, i % 250 + 1);
		for (uint32_t j = 0; j < BACKENDS_EACH; j++) {
			uint32_t number = i * BACKENDS_EACH + j;
			fprintf(out,
				"%s{\"name\": \"b%u\", \"address\": \"10.%u.%u.%u\", \"port\": "
				"8080}",
				j == 0 ? "" : ",", j, 1 + number / 62500, number / 250 % 250,
				number % 250 + 1);
		}
		fprintf(out, "]}");
	}
	fprintf(out, "]}");
	fclose(out);
	return text;
}

static uint64_t no_flows(void *context, uint32_t index)
{
	(void)context;
	(void)index;
	return 0;
}

/* All backends up, each its own neighbour. */
static void fill_input(struct publishing *row)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < row->config->pool_count; i++)
		count += row->config->pools[i].backend_count;
	struct publish_backend *backends = calloc(count, sizeof(*backends));
	struct publish_next_hop *hops = calloc(count, sizeof(*hops));
	for (size_t i = 0; i < row->config->pool_count; i++)
		for (size_t j = 0; j < row->config->pools[i].backend_count; j++, at++) {
			const struct address *address = &row->config->pools[i].backends[j].address;

			hops[at] = (struct publish_next_hop){
				.address = *address,
				.mac = {2, 0, 0, 1, (uint8_t)(at >> 8), (uint8_t)at},
				.port = 1,
				.resolved = true};
			backends[at] = (struct publish_backend){
				.up = true, .has_next_hop = true, .port = 1, .next_hop = *address};
		}
	row->input = (struct publish_input){
		.config = row->config,
		.backends = backends,
		.backend_count = count,
		.next_hops = hops,
		.next_hop_count = count,
		.now_ms = 1000,
		.flows_of_backend = no_flows,
	};
}

static void *allocate(void *context, size_t size)
{
	void *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);

	(void)context;
	return memory == NULL ? NULL : memset(memory, 0, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static bool read_file(void *context, uint64_t offset, void *to, size_t length)
{
	return pread(*(int *)context, to, length, (off_t)offset) == (ssize_t)length;
}

/* What the dataplane's main thread does with a generation. */
static void take(struct publishing *row)
{
	const struct allocator allocator = {.allocate = allocate, .release = release};
	const struct tables_limits limits = {2, row->world->engine.ports, false};
	struct snapshot *before = row->world->snapshot, *snapshot = NULL;
	struct stat state;
	uint64_t generation;
	char path[96], reason[256] = "";

	snprintf(path, sizeof(path), "%s/tables", row->run_dir);
	int fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &state), 0);
	const struct tables_source source = {read_file, &fd, (uint64_t)state.st_size};
	if (tables_take(&source, before, &limits, &allocator, &snapshot, &generation, reason,
			sizeof(reason)) != TABLES_TAKEN)
		fail_msg("not taken: %s", reason);
	close(fd);
	engine_use(&row->world->engine, snapshot);
	row->world->snapshot = snapshot;
	snapshot_release(before);
}

/* A packet of the connection that is open all the time. */
static void send_one(struct publishing *row)
{
	bench_write(row->world, 0, &row->client);
	bench_run(row->world, 1);
	row->lost += row->world->packets[0].verdict != ABI_VERDICT_TO_BACKEND;
}

static void change_one(struct publishing *row)
{
	const struct config_pool *pool =
		&row->config->pools[row->changes % row->config->pool_count];

	pool->backends[row->changes % BACKENDS_EACH].weight = 101 + row->changes % 100;
	row->changes++;
	row->input.now_ms++;
	assert_int_equal(publisher_publish(row->publisher, &row->input), 1);
}

static void run(void *context, double *value, double *beside)
{
	struct publishing *row = context;
	uint64_t spent = 0;

	for (unsigned i = 0; i < CHANGES; i++) {
		uint64_t begun = measure_now_ns();

		change_one(row);
		take(row);
		spent += measure_now_ns() - begun;
		send_one(row);
	}
	assert_int_equal(row->lost, 0);
	*beside = 0;
	*value = (double)spent / CHANGES / 1000;
}

static void open_publisher(struct publishing *row, uint32_t services)
{
	struct config_errors errors = {0};
	char *text = write_config(services);

	assert_int_equal(config_parse(text, strlen(text), &row->config, &errors), 0);
	free(text);
	fill_input(row);
	/* As /run is elsewhere, in memory. */
	strcpy(row->run_dir, "/dev/shm/headrace-bench-XXXXXX");
	assert_non_null(mkdtemp(row->run_dir));
	assert_int_equal(publisher_open(row->run_dir, &row->publisher), 0);
	assert_int_equal(publisher_publish(row->publisher, &row->input), 1);
}

void bench_publish(struct measure *measure, const struct bench_settings *settings, const char *name,
		   uint32_t services)
{
	struct publishing row = {.world = bench_world_new(settings)};
	struct measure_row figures = {.name = name, .unit = "microseconds"};
	char path[96];

	open_publisher(&row, services);
	take(&row);
	bench_client(row.world, 0, &row.client);
	row.client.tcp_flags = TCP_FLAG_SYN;
	row.client.ipv4.be_destination = htobe32(0xc6120001); /* 198.18.0.1, the first service */
	bench_complete(row.world, &row.client);
	send_one(&row);
	row.client.tcp_flags = TCP_FLAG_ACK;
	measure_row(measure, &figures, run, &row);
	publisher_close(row.publisher);
	snprintf(path, sizeof(path), "%s/tables", row.run_dir);
	unlink(path);
	rmdir(row.run_dir);
	free((void *)(uintptr_t)row.input.backends);
	free((void *)(uintptr_t)row.input.next_hops);
	config_free(row.config);
	bench_world_free(row.world);
}
