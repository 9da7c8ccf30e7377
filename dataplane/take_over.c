/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/take_over.h"

#include "dataplane/log.h"
#include "dataplane/status.h"

#include <inttypes.h>
#include <stdio.h>

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

	if (!take_over->flows->waits)
		return;
	for (unsigned i = 0; i < take_over->worker_count; i++)
		engines[i] = &take_over->workers[i].engine;
	flows_file_recover(take_over->flows, &recovery);
	tell(&recovery, status_clock() - begun);
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
