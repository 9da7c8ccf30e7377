/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One worker or several, each an engine with the model beside (pair.h). Packets arrive at any of
 * them; what its engine says is another's is given to that one. Functions return false when
 * somebody does not agree, as those of a pair do.
 */
#pragma once

#include "tests/model/choices.h"
#include "tests/model/pair.h"

#define TEAM_MOST 4

struct team {
	struct pair *pairs[TEAM_MOST];
	uint32_t workers;
	struct owner *owner;    /* NULL: of one worker */
	struct choices arrival; /* where packets arrive */
	uint64_t steps, packets, handed_over;
};

/* `foreign`: ports that do not deliver to owners, a bit for each; of matter with several workers.
 */
struct team *team_new(const struct pair_setup *setup, uint32_t workers, uint32_t foreign,
		      uint64_t seed);
void team_free(struct team *team);

bool team_publish(struct team *team, const struct model_tables *tables);
bool team_run(struct team *team, struct model_packet *packets, unsigned count);
bool team_wait(struct team *team, uint64_t milliseconds);
bool team_check(struct team *team);

/* Flows of the worker that has most. */
uint32_t team_most_flows(const struct team *team);
