/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The engine and the slow model get the same random packets, while tables
 * change and time passes, and must say the same of each.
 *
 *   test_model [--packets N] [--seed N] [--features MASK]
 *
 * prints what it met; a difference ends it, with all there is to know.
 */
#include "tests/model/team.h"
#include "tests/model/traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct arguments {
	uint64_t packets, seed;
	uint32_t features;
};

/* A run: one world from its beginning to its end. */
struct run {
	uint64_t packets, seed;
	uint32_t features;
	uint32_t flow_capacity, conversations, workers;
	bool one_by_one;
};

/* Mostly none, at times enough for some flows to end, now and then for all. */
static uint64_t draw_pause(struct choices *choices)
{
	uint32_t kind = choose_below(choices, 2000);

	if (kind < 1600)
		return 0;
	if (kind < 1900)
		return choose_below(choices, 100);
	if (kind < 1990)
		return choose_below(choices, 1000);
	return choose_below(choices, kind < 1999 ? 60000 : 10000000);
}

static bool step(struct team *team, struct scene *scene, struct traffic *traffic, bool one_by_one)
{
	struct model_packet packets[PACKET_BURST];
	unsigned count = traffic_make(traffic, packets);

	for (unsigned i = 0; one_by_one && i < count; i++)
		if (!team_run(team, &packets[i], 1))
			return false;
	if (!one_by_one && !team_run(team, packets, count))
		return false;
	traffic_learn(traffic, packets, count);
	if (choose_rarely(scene->choices, 50)) {
		scene_change(scene);
		team_publish(team, &scene->tables);
	}
	return team_wait(team, draw_pause(scene->choices)) &&
	       (team->steps % 256 != 0 || team_check(team));
}

static void add_verdicts(const struct team *team, uint64_t verdicts[ABI_VERDICT_MAX])
{
	for (uint32_t worker = 0; worker < team->workers; worker++)
		for (unsigned i = 0; i < ABI_VERDICT_MAX; i++)
			verdicts[i] += team->pairs[worker]->model->verdicts[i];
}

static bool play(const struct run *run, uint64_t verdicts[ABI_VERDICT_MAX], uint32_t *most_flows)
{
	struct choices choices = choices_seeded(run->seed);
	struct scene *scene = scene_new(&choices, run->features);
	struct traffic *traffic = traffic_new(scene, run->conversations);
	struct team *team = team_new(
		&(struct pair_setup){
			.features = run->features,
			.flow_capacity = run->flow_capacity,
			.ports = scene->ports,
			.port_count = SCENE_PORTS,
		},
		run->workers, run->seed % (1u << SCENE_PORTS), run->seed);
	bool same = team_publish(team, &scene->tables);

	while (same && team->packets < run->packets) {
		same = step(team, scene, traffic, run->one_by_one);
		if (team_most_flows(team) > *most_flows)
			*most_flows = team_most_flows(team);
	}
	/* Everything ends. */
	same = same && team_check(team) && team_wait(team, 1ull << 30) && team_check(team) &&
	       team_most_flows(team) == 0 && (run->workers == 1 || team->handed_over > 0);
	add_verdicts(team, verdicts);
	team_free(team);
	traffic_free(traffic);
	scene_free(scene);
	return same;
}

/* In so many packets there is one of each kind that the features allow. */
#define ENOUGH_PACKETS 500000

static bool may_be_met(const struct run *run, unsigned verdict)
{
	switch (verdict) {
	case ABI_VERDICT_FLOW_TABLE_FULL:
		return run->one_by_one;
	case ABI_VERDICT_DENIED:
		return run->features & FEATURE_CLIENT_RANGES;
	case ABI_VERDICT_TOO_BIG: /* of all that are, the sender is told */
	case ABI_VERDICT_BACKEND_GONE:
		return false;
	case ABI_VERDICT_NO_CHECKSUM:
		return run->features & FEATURE_IPV6;
	case MODEL_FRAGMENT_OF_OURS:
		return false;
	default:
		return verdict <= ABI_VERDICT_TOO_BIG || abi_verdict_is_told(verdict);
	}
}

/* Prints what became of the packets; false when they were not good enough to meet everything. */
static bool report(const struct run *run, const uint64_t verdicts[ABI_VERDICT_MAX])
{
	uint64_t packets = 0;
	bool met_all = true;

	for (unsigned i = 0; i < ABI_VERDICT_COUNT; i++)
		packets += verdicts[i];
	for (unsigned i = 0; i < ABI_VERDICT_COUNT; i++) {
		bool is_missing = verdicts[i] == 0 && may_be_met(run, i);

		if (verdicts[i] != 0 || is_missing)
			printf("  %-17s %9" PRIu64 "\n", abi_verdict_text(i), verdicts[i]);
		met_all = met_all && !(is_missing && packets >= ENOUGH_PACKETS);
	}
	return met_all;
}

/* Worlds of so many packets each. */
static bool play_all(const struct arguments *arguments, struct run run, const char *name)
{
	const uint64_t packets_of_world = 25000;
	uint64_t verdicts[ABI_VERDICT_MAX] = {0};
	uint32_t most_flows = 0;
	clock_t began = clock();

	run.features = arguments->features;
	run.packets = packets_of_world;
	for (uint64_t i = 0; i * packets_of_world < arguments->packets; i++) {
		run.seed = arguments->seed + i;
		if (play(&run, verdicts, &most_flows))
			continue;
		fprintf(stderr, "%s: seed %" PRIu64 ", features %#x\n", name, run.seed,
			run.features);
		return false;
	}
	double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	bool met_all = report(&run, verdicts);
	printf("%s: %" PRIu64 " packets in %.1f s, up to %u flows%s\n", name, arguments->packets,
	       seconds, most_flows, met_all ? "" : "; NOT EVERY VERDICT WAS MET");
	return met_all;
}

static struct arguments parse_arguments(int count, char **texts)
{
	struct arguments arguments = {1000000, 1, ENGINE_FEATURES};

	for (int i = 1; i + 1 < count; i += 2) {
		uint64_t value = strtoull(texts[i + 1], NULL, 0);

		if (strcmp(texts[i], "--packets") == 0)
			arguments.packets = value;
		else if (strcmp(texts[i], "--seed") == 0)
			arguments.seed = value;
		else if (strcmp(texts[i], "--features") == 0)
			arguments.features = (uint32_t)value;
	}
	return arguments;
}

int main(int count, char **texts)
{
	struct arguments arguments = parse_arguments(count, texts);
	const struct run large = {.flow_capacity = 4096, .conversations = 400, .workers = 1};
	const struct run full = {
		.flow_capacity = 64, .conversations = 200, .workers = 1, .one_by_one = true};
	const struct run several = {.flow_capacity = 4096, .conversations = 400, .workers = 3};

	return play_all(&arguments, large, "equivalence") &&
			       play_all(&arguments, full, "full table") &&
			       play_all(&arguments, several, "several workers")
		       ? 0
		       : 1;
}
