/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/team.h"

#include "dataplane/core/owner.h"

#include <stdio.h>
#include <stdlib.h>

static struct owner *owner_new(uint32_t workers, struct choices *choices)
{
	struct owner *owner = malloc(sizeof(*owner));
	uint8_t key[TOEPLITZ_KEY_SIZE], reta[OWNER_RETA_SIZE];

	if (!owner)
		abort();
	owner_fill_reta(reta, sizeof(reta), workers);
	/* Few keys are refused: those that keep ports from leading anywhere. */
	do {
		for (unsigned i = 0; i < sizeof(key); i++)
			key[i] = (uint8_t)choose_below(choices, 256);
	} while (owner_init(owner, key, sizeof(key), workers, reta, sizeof(reta)) != NULL);
	return owner;
}

struct team *team_new(const struct pair_setup *setup, uint32_t workers, uint32_t foreign,
		      uint64_t seed)
{
	struct team *team = calloc(1, sizeof(*team));
	struct pair_setup own = *setup;

	if (!team || workers > TEAM_MOST)
		abort();
	team->workers = workers;
	team->arrival = choices_seeded(seed);
	if (workers > 1)
		team->owner = owner_new(workers, &team->arrival);
	own.owner = team->owner;
	own.foreign = foreign;
	for (own.number = 0; own.number < workers; own.number++)
		team->pairs[own.number] = pair_new(&own);
	return team;
}

void team_free(struct team *team)
{
	for (uint32_t i = 0; i < team->workers; i++)
		pair_free(team->pairs[i]);
	free(team->owner);
	free(team);
}

bool team_publish(struct team *team, const struct model_tables *tables)
{
	bool same = true;

	for (uint32_t i = 0; i < team->workers; i++)
		same = pair_publish(team->pairs[i], tables) && same;
	return same;
}

/* A worker gets what is its own, in the order in which it came. */
static bool hand_over(struct team *team, uint32_t to, struct model_packet *packets, unsigned count)
{
	struct model_packet own[PACKET_BURST];
	unsigned places[PACKET_BURST], own_count = 0;

	for (unsigned i = 0; i < count; i++) {
		if (packets[i].verdict != MODEL_FOREIGN || packets[i].owner != to)
			continue;
		places[own_count] = i;
		own[own_count++] = packets[i];
	}
	if (own_count == 0)
		return true;
	team->handed_over += own_count;
	bool same = pair_run_owned(team->pairs[to], own, own_count);
	for (unsigned i = 0; i < own_count; i++)
		packets[places[i]] = own[i];
	return same;
}

/* If it is another worker's: there must be such a one. */
static bool is_given_on(const struct team *team, uint32_t from, const struct model_packet *packet)
{
	if (packet->verdict != MODEL_FOREIGN ||
	    (packet->owner < team->workers && packet->owner != from))
		return true;
	fprintf(stderr, "worker %u of %u gives a packet to worker %u\n", from, team->workers,
		packet->owner);
	return false;
}

bool team_run(struct team *team, struct model_packet *packets, unsigned count)
{
	uint32_t at = team->workers > 1 ? choose_below(&team->arrival, team->workers) : 0;
	bool same = pair_run(team->pairs[at], packets, count);

	team->steps++;
	team->packets += count;
	for (unsigned i = 0; i < count; i++)
		same = same && is_given_on(team, at, &packets[i]);
	for (uint32_t i = 0; same && i < team->workers; i++)
		same = hand_over(team, i, packets, count);
	return same;
}

bool team_wait(struct team *team, uint64_t milliseconds)
{
	bool same = true;

	for (uint32_t i = 0; i < team->workers; i++)
		same = pair_wait(team->pairs[i], milliseconds) && same;
	return same;
}

bool team_check(struct team *team)
{
	bool same = true;

	for (uint32_t i = 0; i < team->workers; i++)
		same = pair_check(team->pairs[i]) && same;
	return same;
}

uint32_t team_most_flows(const struct team *team)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < team->workers; i++)
		if (team->pairs[i]->model->flow_count > most)
			most = team->pairs[i]->model->flow_count;
	return most;
}
