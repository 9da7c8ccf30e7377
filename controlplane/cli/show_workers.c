/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `headrace show workers`: rates and shares between two readings; flows, and what
 * happens seldom, as they are at the second.
 */
#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

/* What one worker did between the readings. */
struct turns {
	double seconds;
	double busy;     /* cycles */
	double clock_hz; /* cycles a second */
	double packets;  /* received, and taken over from others */
	double polls, busy_polls;
};

static double grown(const json_t *before, const json_t *after, const char *key)
{
	uint64_t then = show_number(before, key), now = show_number(after, key);

	return now > then ? (double)(now - then) : 0.0;
}

static struct turns compare(const json_t *before, const json_t *after)
{
	return (struct turns){
		.busy = grown(before, after, "busy_cycles"),
		.packets = grown(before, after, "received") + grown(before, after, "taken_over"),
		.polls = grown(before, after, "polls"),
		.busy_polls = grown(before, after, "polls") - grown(before, after, "empty_polls")};
}

static void add_count(struct table *table, uint64_t count)
{
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", units_count(count, text));
}

/* "-" for what nothing tells. */
static void add_ratio(struct table *table, double part, double whole)
{
	if (whole > 0)
		table_add(table, TABLE_PLAIN, "%.1f", part / whole);
	else
		table_add(table, TABLE_PLAIN, "-");
}

static void add_rate(struct table *table, double count, double seconds)
{
	if (seconds > 0)
		add_count(table, (uint64_t)(count / seconds + 0.5));
	else
		table_add(table, TABLE_PLAIN, "-");
}

static void add_busy(struct table *table, const struct turns *turns)
{
	double all = turns->seconds * turns->clock_hz;
	/* The clocks of two processes: never more than all. */
	double share = all > 0 && turns->busy < all ? turns->busy / all : all > 0;

	if (all > 0)
		table_add(table, share > 0.9 ? TABLE_RED : TABLE_PLAIN, "%.1f %%", share * 100);
	else
		table_add(table, TABLE_PLAIN, "-");
}

static void add_use(struct table *table, const json_t *worker, const char *family)
{
	const json_t *use = json_object_get(json_object_get(worker, "tables"), family);
	uint64_t flows = show_number(use, "flows"), capacity = show_number(use, "capacity");
	char text[2][UNITS_SIZE];

	table_add(table, capacity > 0 && flows > capacity / 10 * 9 ? TABLE_RED : TABLE_PLAIN,
		  "%s of %s", units_count(flows, text[0]), units_count(capacity, text[1]));
}

static void add_worker(struct table *table, const json_t *worker, const struct turns *turns)
{
	static const char *const totals[] = {"handed_over", "taken_over", NULL};

	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(worker, "cpu"));
	add_busy(table, turns);
	add_rate(table, turns->packets, turns->seconds);
	add_ratio(table, turns->busy, turns->packets);
	add_ratio(table, turns->packets, turns->busy_polls);
	add_rate(table, turns->polls, turns->seconds);
	for (size_t i = 0; totals[i] != NULL; i++)
		add_count(table, show_number(worker, totals[i]));
	/* A dataplane of one worker has no such ring, and no such verdict. */
	add_count(table, show_number(json_object_get(worker, "verdicts"), "handoff-full"));
	add_use(table, worker, "ipv4");
	add_use(table, worker, "ipv6");
	add_count(table, show_number(worker, "evicted"));
	add_count(table, show_number(worker, "aged"));
}

void show_workers(const json_t *before, const json_t *after, const struct show_output *output)
{
	static const char *const titles[] = {
		"WORKER",         ">CPU",        ">BUSY",        ">PACKETS/S",  ">CYCLES/PACKET",
		">PACKETS/BURST", ">POLLS/S",    ">HANDED OVER", ">TAKEN OVER", ">RING FULL",
		">IPV4 FLOWS",    ">IPV6 FLOWS", ">EVICTED",     ">AGED OUT",   NULL};
	const json_t *rows = json_object_get(after, "workers");
	double seconds = json_number_value(json_object_get(after, "clock")) -
			 json_number_value(json_object_get(before, "clock"));
	struct table table;

	if (json_array_size(rows) == 0) {
		fputs("no dataplane runs, and none has\n", output->stream);
		return;
	}
	table_init(&table, titles);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *worker = json_array_get(rows, i);
		struct turns turns =
			compare(json_array_get(json_object_get(before, "workers"), i), worker);

		turns.seconds = seconds;
		turns.clock_hz = (double)show_number(after, "cycles_per_us") * 1e6;
		table_add(&table, TABLE_PLAIN, "%zu", i);
		add_worker(&table, worker, &turns);
	}
	table_print(&table, output->stream, output->colours);
	table_free(&table);
}
