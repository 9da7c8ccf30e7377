/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of what became of all packets, and the law of accounts. */
#include "controlplane/metrics/families.h"

/* Of a dataplane that knows more verdicts than we do. */
static uint64_t count_unknown(const struct abi_counters_block *totals)
{
	uint64_t count = 0;

	for (uint32_t i = ABI_VERDICT_COUNT; i < ABI_VERDICT_MAX; i++)
		count += totals->verdicts[i];
	return count;
}

static void write_verdicts(struct metrics_text *text, const struct abi_counters_block *totals,
			   const char *key, uint32_t first)
{
	uint64_t unknown = count_unknown(totals);

	for (uint32_t i = first; i < ABI_VERDICT_COUNT; i++)
		metrics_count_of(text, NULL, key, abi_verdict_text(i), totals->verdicts[i]);
	if (unknown > 0)
		metrics_count_of(text, NULL, key, "unknown", unknown);
}

/* What the law of accounts leaves over; below 0 when counters of two moments meet. */
static double count_held(const struct abi_counters_block *totals)
{
	uint64_t dropped = count_unknown(totals);

	for (uint32_t i = ABI_VERDICT_FIRST_DROP; i < ABI_VERDICT_COUNT; i++)
		dropped += totals->verdicts[i];
	return (double)(int64_t)(totals->received + totals->generated + totals->from_linux -
				 totals->sent - totals->to_linux - dropped);
}

void metrics_of_packets(struct metrics_text *text, const struct metrics_source *source)
{
	const struct abi_counters_block *totals = source->totals;

	metrics_one_count(text, "headrace_received_packets_total", METRICS_COUNTER,
			  "Packets that ports gave.", totals->received);
	metrics_one_count(text, "headrace_generated_packets_total", METRICS_COUNTER,
			  "Packets the dataplane made itself.", totals->generated);
	metrics_one_count(text, "headrace_from_linux_packets_total", METRICS_COUNTER,
			  "Packets Linux sent through the kernel path.", totals->from_linux);
	metrics_one_count(text, "headrace_sent_packets_total", METRICS_COUNTER,
			  "Packets that ports took.", totals->sent);
	metrics_one_count(text, "headrace_to_linux_packets_total", METRICS_COUNTER,
			  "Packets Linux took from the kernel path.", totals->to_linux);
	metrics_family(text, "headrace_dropped_packets_total", METRICS_COUNTER,
		       "Packets dropped, by reason.");
	write_verdicts(text, totals, "reason", ABI_VERDICT_FIRST_DROP);
	metrics_one_value(text, "headrace_held_packets", METRICS_GAUGE,
			  "Received, generated and from Linux, less sent, to Linux and dropped.",
			  count_held(totals));
	metrics_family(text, "headrace_packets_total", METRICS_COUNTER,
		       "Packets by what was decided to become of them, drops included.");
	write_verdicts(text, totals, "verdict", 0);
}
