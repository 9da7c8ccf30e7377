/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The bytes decide a world, and then packets, changes of its tables and pauses.
 * The engine and the model must agree all the way. In half of the worlds there are several
 * workers, and packets arrive at any of them.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/model/team.h"
#include "tests/model/traffic.h"

#include <stdlib.h>

#define FLOWS         48
#define CONVERSATIONS 8
#define CHANGES_MOST  3 /* each takes as long as hundreds of packets */

struct play {
	struct choices choices;
	struct scene *scene;
	struct traffic *traffic;
	struct team *team;
	unsigned changes;
};

static bool run_burst(struct play *play)
{
	struct model_packet packets[PACKET_BURST];
	unsigned count = traffic_make(play->traffic, packets);
	bool same = team_run(play->team, packets, count);

	traffic_learn(play->traffic, packets, count);
	return same;
}

static bool run_one(struct play *play)
{
	struct model_packet packet;

	traffic_make_one(play->traffic, &packet);
	bool same = team_run(play->team, &packet, 1);
	traffic_learn(play->traffic, &packet, 1);
	return same;
}

static bool change(struct play *play)
{
	scene_change(play->scene);
	return team_publish(play->team, &play->scene->tables);
}

static bool pass_time(struct play *play)
{
	static const uint32_t most[] = {64, 1000, 10000, 1000000};

	return team_wait(play->team,
			 choose_below(&play->choices, most[choose_below(&play->choices, 4)]));
}

static bool step(struct play *play)
{
	uint32_t kind = choose_below(&play->choices, 64);
	bool has_room = team_most_flows(play->team) + PACKET_BURST <= FLOWS;

	/* Into a full table they go one by one: after each it can be seen which flow gave way. */
	if (kind < 48 || (kind < 56 && !has_room))
		return run_one(play);
	if (kind < 56)
		return run_burst(play);
	if (kind < 62 || play->changes == CHANGES_MOST)
		return pass_time(play);
	play->changes++;
	return change(play);
}

/* What the world does not say by its bytes: so that an input means the same packets with one. */
static struct team *open_team(const struct scene *scene, struct choices *world)
{
	uint32_t workers = choose_below(world, 2) == 0 ? 1 : 2 + choose_below(world, TEAM_MOST - 1);

	return team_new(
		&(struct pair_setup){
			.features = ENGINE_FEATURES,
			.flow_capacity = FLOWS,
			.ports = scene->ports,
			.port_count = SCENE_PORTS,
		},
		workers, choose_below(world, 1u << SCENE_PORTS), choices_random(world));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = {.choices = choices_of(data, size)};
	struct choices world = choices_seeded(choose_below(&play.choices, 65536));

	play.scene = scene_new(&world, ENGINE_FEATURES);
	play.scene->choices = &play.choices;
	play.traffic = traffic_new(play.scene, CONVERSATIONS);
	play.team = open_team(play.scene, &world);
	bool same = team_publish(play.team, &play.scene->tables);
	while (same && choices_are_left(&play.choices))
		same = step(&play);
	if (!same || !team_check(play.team))
		abort();
	team_free(play.team);
	traffic_free(play.traffic);
	scene_free(play.scene);
	return 0;
}
