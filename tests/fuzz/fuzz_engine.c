/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The bytes decide a world, and then packets, changes of its tables and pauses.
 * The engine and the model must agree all the way.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/model/pair.h"
#include "tests/model/traffic.h"

#include <stdlib.h>

#define FLOWS         48
#define CONVERSATIONS 8
#define CHANGES_MOST  3 /* each takes as long as hundreds of packets */

struct play {
	struct choices choices;
	struct scene *scene;
	struct traffic *traffic;
	struct pair *pair;
	unsigned changes;
};

static bool run_burst(struct play *play)
{
	struct model_packet packets[PACKET_BURST];
	unsigned count = traffic_make(play->traffic, packets);
	bool same = pair_run(play->pair, packets, count);

	traffic_learn(play->traffic, packets, count);
	return same;
}

static bool run_one(struct play *play)
{
	struct model_packet packet;

	traffic_make_one(play->traffic, &packet);
	bool same = pair_run(play->pair, &packet, 1);
	traffic_learn(play->traffic, &packet, 1);
	return same;
}

static bool change(struct play *play)
{
	scene_change(play->scene);
	return pair_publish(play->pair, &play->scene->tables);
}

static bool pass_time(struct play *play)
{
	static const uint32_t most[] = {64, 1000, 10000, 1000000};

	return pair_wait(play->pair,
			 choose_below(&play->choices, most[choose_below(&play->choices, 4)]));
}

static bool step(struct play *play)
{
	uint32_t kind = choose_below(&play->choices, 64);
	bool has_room = play->pair->model->flow_count + PACKET_BURST <= FLOWS;

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = {.choices = choices_of(data, size)};
	struct choices world = choices_seeded(choose_below(&play.choices, 65536));

	play.scene = scene_new(&world, ENGINE_FEATURES);
	play.scene->choices = &play.choices;
	play.traffic = traffic_new(play.scene, CONVERSATIONS);
	play.pair = pair_new(&(struct pair_setup){
		.features = ENGINE_FEATURES,
		.flow_capacity = FLOWS,
		.ports = play.scene->ports,
		.port_count = SCENE_PORTS,
	});
	bool same = pair_publish(play.pair, &play.scene->tables);
	while (same && choices_are_left(&play.choices))
		same = step(&play);
	if (!same || !pair_check(play.pair))
		abort();
	pair_free(play.pair);
	traffic_free(play.traffic);
	scene_free(play.scene);
	return 0;
}
