/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/take_over.h"

#include "dataplane/core/owner.h"
#include "dataplane/log.h"
#include "dataplane/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#define TEXT_SIZE 256

/* ", 3 half-written, ..." of those that were dropped; how many. */
static uint64_t describe_dropped(const struct flow_recovery *recovery, char text[TEXT_SIZE])
{
	uint64_t dropped = 0;
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = FLOW_ACCEPTED + 1; i < FLOW_REFUSAL_COUNT; i++) {
		if (recovery->flows[i] == 0 || used >= TEXT_SIZE)
			continue;
		used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%" PRIu64 " %s",
					 used == 0 ? ": " : ", ", recovery->flows[i],
					 flow_refusal_text((enum flow_refusal)i));
		dropped += recovery->flows[i];
	}
	return dropped;
}

static void tell(const struct flow_recovery *recovery, uint64_t nanoseconds)
{
	char text[TEXT_SIZE];
	uint64_t dropped = describe_dropped(recovery, text);

	log_line("%" PRIu64 " flows taken over %s in %" PRIu64 " ms, %" PRIu64 " dropped%s",
		 recovery->flows[FLOW_ACCEPTED],
		 recovery->from == NULL ? "where they lay" : "into a new file",
		 nanoseconds / 1000000, dropped, text);
}

/* What the owner is asked with, of each flow. */
struct question {
	struct take_over *take_over;
	const struct snapshot *snapshot;
};

/* The owner of the client's packets; where another worker gets the replies, it is told. */
static uint32_t find_owner(void *context, const struct flow_tuple tuples[2])
{
	const struct question *question = context;
	struct take_over *take_over = question->take_over;
	const struct owner_roles *roles = question->snapshot->owner_roles;
	const struct flow_table *table = take_over->workers[0].engine.flows[FAMILY_IPV4];
	uint8_t owners[2];

	for (unsigned i = 0; i < 2; i++) {
		const struct headers headers = {.tuple = tuples[i], .has_ports = true};

		owners[i] = owner_of(take_over->owner, roles, &headers);
	}
	if (owners[0] != owners[1] && take_over->strays_size > 0)
		strays_add(&take_over->strays,
			   flow_hash(table->secret, &tuples[ABI_FLOW_FROM_BACKEND]), owners[0]);
	return owners[0];
}

/* Room for all flows there can be; what is not used of it is never touched. */
static void open_strays(struct take_over *take_over)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < take_over->worker_count; i++)
		for (unsigned family = 0; family < FAMILY_COUNT; family++)
			most += take_over->workers[i].engine.flows[family]->capacity;
	take_over->strays_size = strays_size(most);
	void *memory = mmap(NULL, take_over->strays_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		log_line("no memory to note which flows two workers have to do with");
		take_over->strays_size = 0;
		return;
	}
	take_over->strays = strays_new(memory, most);
}

void take_over_close(struct take_over *take_over)
{
	if (take_over->strays_size > 0)
		munmap(take_over->strays.slots, take_over->strays_size);
	take_over->strays_size = 0;
}

static void show_strays(struct take_over *take_over)
{
	if (take_over->strays.count == 0) {
		take_over_close(take_over);
		return;
	}
	log_line("%" PRIu64 " of them have replies that come to another worker, which hands them "
		 "over",
		 take_over->strays.count);
	for (unsigned i = 0; i < take_over->worker_count; i++)
		take_over->workers[i].engine.strays = &take_over->strays;
}

void take_over_flows(void *context, const struct snapshot *first)
{
	struct take_over *take_over = context;
	struct engine *engines[ABI_MAX_WORKERS];
	const uint64_t begun = status_clock();
	struct flow_recovery recovery = {
		.snapshot = first,
		.engines = engines,
		.workers = take_over->worker_count,
		.now_ms = begun / 1000000,
	};
	struct question question = {take_over, first};

	if (!take_over->flows->waits)
		return;
	for (unsigned i = 0; i < take_over->worker_count; i++)
		engines[i] = &take_over->workers[i].engine;
	if (take_over->worker_count > 1) {
		open_strays(take_over);
		recovery.owner = find_owner;
		recovery.owner_context = &question;
	}
	flows_file_recover(take_over->flows, &recovery);
	tell(&recovery, status_clock() - begun);
	if (take_over->worker_count > 1)
		show_strays(take_over);
}

int take_over_forget(const char *run_dir)
{
	struct run_directory directory;

	if (run_directory_open(&directory, run_dir) != 0)
		return -1;
	flows_file_forget(&directory);
	run_directory_close(&directory);
	return 0;
}
