/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What is on its way out.
 *
 * A backend that left the configuration stays, taking no new flows, until the
 * dataplane has none with it or drain_timeout is over. `removed_at` in its
 * object tells since when, so that a restart does not begin the wait again. Then
 * it stays for a minute more, expired: connections that are still there are reset
 * by their next packets, and its own have to be known as such until then.
 *
 * Those that drain take indexes, which configured ones may need: then the ones
 * that have drained longest go at once, and their indexes to the new ones in
 * the generation that follows.
 */
#include "controlplane/publish/round.h"

#include <errno.h>
#include <stdlib.h>

/* Before this, workers may still begin flows with a backend that was just removed. */
#define SETTLING_MS 1000

/* How long connections with an expired backend are reset. Those silent for longer are reset on
 * the sides of which nothing needs the backend: see engine_flow.c. */
#define RESETTING_MS 60000

/* A backend that left. */
struct leaver {
	const struct abi_backend *last;
	uint64_t since_ms;
	uint32_t index;
	bool expired;
};

static bool is_drained(const struct round *round, uint32_t index, uint64_t since_ms,
		       uint64_t deadline_ms)
{
	const struct publish_input *input = round->input;

	if (input->now_ms >= deadline_ms)
		return true;
	return input->now_ms >= since_ms + SETTLING_MS && input->flows_of_backend &&
	       input->flows_of_backend(input->context, index) == 0;
}

/* Until there are no flows, or the deadline; another round is due before it ends. */
static bool waits(struct round *round, uint32_t index, uint64_t since_ms, uint64_t deadline_ms)
{
	struct publisher *publisher = round->publisher;
	uint64_t due_ms = round->input->now_ms + SETTLING_MS;

	if (is_drained(round, index, since_ms, deadline_ms))
		return false;
	if (due_ms > deadline_ms)
		due_ms = deadline_ms;
	if (publisher->next_due == 0 || due_ms < publisher->next_due)
		publisher->next_due = due_ms;
	return true;
}

static uint64_t drain_ends(const struct round *round, uint64_t since_ms)
{
	return since_ms + round->config->defaults.drain_timeout;
}

bool round_drains(struct round *round, uint32_t index, uint64_t since_ms)
{
	return waits(round, index, since_ms, drain_ends(round, since_ms));
}

static bool stays(struct round *round, struct leaver *leaver)
{
	uint64_t ends_ms = drain_ends(round, leaver->since_ms);

	leaver->expired = round->input->now_ms >= ends_ms;
	return waits(round, leaver->index, leaver->since_ms,
		     leaver->expired ? ends_ms + RESETTING_MS : ends_ms);
}

/* The way to a removed backend stays as long as it does, though nobody asks for it any more. */
static uint32_t keep_next_hop(struct round *round, uint32_t index)
{
	const struct identities *hops = &round->publisher->kinds[ABI_NEXT_HOP];
	const struct abi_next_hop *hop;

	if (index >= hops->count || hops->rows[index].wanted)
		return index < hops->count ? index : ABI_NONE;
	hop = published_bytes(round->publisher, &hops->rows[index]);
	if (!hop || hop->port >= round->config->dataplane.port_count)
		return ABI_NONE;
	round_keep(round, ABI_NEXT_HOP, index);
	return index;
}

static int put_leaver(struct round *round, const struct leaver *leaver)
{
	struct abi_backend object = *leaver->last;

	object.removed_at = leaver->since_ms;
	object.expired = leaver->expired;
	if (leaver->expired)
		object.state = ABI_BACKEND_DOWN;
	else if (object.state == ABI_BACKEND_UP)
		object.state = ABI_BACKEND_DRAINING;
	object.next_hop = keep_next_hop(round, object.next_hop);
	return round_put(round, ABI_BACKEND, leaver->index, &object, sizeof(object));
}

/* Those that left and drain on; how many. *freed: the indexes that nobody needs any more. */
static size_t find_leavers(struct round *round, struct leaver *leavers, size_t *freed)
{
	const struct identities *backends = &round->publisher->kinds[ABI_BACKEND];
	uint64_t now = round->input->now_ms > 0 ? round->input->now_ms : 1;
	size_t count = 0;

	*freed = 0;
	for (uint32_t i = 0; i < backends->count; i++) {
		const struct abi_backend *last;
		uint64_t since;

		if (backends->rows[i].key == 0 || backends->rows[i].wanted)
			continue;
		last = published_bytes(round->publisher, &backends->rows[i]);
		since = last ? last->removed_at : 0;
		if (since == 0 || since > now)
			since = now;
		leavers[count] = (struct leaver){.last = last, .since_ms = since, .index = i};
		if (last && stays(round, &leavers[count]))
			count++;
		else
			++*freed;
	}
	return count;
}

static int by_age(const void *left, const void *right)
{
	const struct leaver *a = left, *b = right;

	if (a->since_ms != b->since_ms)
		return a->since_ms < b->since_ms ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

/* How many of the oldest leavers go before their time. */
static size_t count_cut_short(const struct round *round, size_t freed)
{
	return round->waiting > freed ? round->waiting - freed : 0;
}

static int put_leavers(struct round *round, struct leaver *leavers)
{
	size_t freed, count = find_leavers(round, leavers, &freed);
	size_t cut_short = count_cut_short(round, freed);
	int rc = 0;

	if (cut_short > count)
		return round_fail(round, -E2BIG, "more than %u objects of kind backend",
				  ABI_MAX_BACKENDS);
	if (cut_short > 0)
		qsort(leavers, count, sizeof(*leavers), by_age);
	for (size_t i = cut_short; rc == 0 && i < count; i++)
		rc = put_leaver(round, &leavers[i]);
	if (round->waiting > 0)
		round->publisher->cut_short = cut_short;
	return rc;
}

int round_put_removed(struct round *round)
{
	struct leaver *leavers =
		malloc((round->publisher->kinds[ABI_BACKEND].count + 1) * sizeof(*leavers));
	int rc = leavers ? put_leavers(round, leavers) : -ENOMEM;

	free(leavers);
	return rc;
}
