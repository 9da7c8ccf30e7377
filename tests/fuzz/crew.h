/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The engines of some workers, packets that go through them as through a dataplane (bursts,
 * packets handed over, packets held), and what must hold of any packet, whatever is in it:
 * - it comes out once, with one verdict, and is counted under it, in one engine;
 * - one that is not sent is as it came;
 * - what is sent lies within the packet's memory, goes to a port that is there, and its checksums
 *   are right when they were right before, and wrong when they were wrong;
 * - messages of our own are right, and as many are counted as there are verdicts that say so.
 * Each lies in memory of just its size, headroom and tailroom included.
 */
#pragma once

#include "tests/model/scene.h"

#define CREW_MOST 4

struct crew;

struct crew *crew_new(const struct scene *scene, unsigned workers, uint64_t seed);
/* All that is held has come out, and all flows are over, when enough time has passed. */
void crew_end(struct crew *crew);

void crew_publish(struct crew *crew, const struct model_tables *tables);

/* A burst, PACKET_BURST packets at most, comes in at one of the workers. What becomes of each is
 * in it afterwards; when it is held, it has not yet a verdict: VERDICT_HELD. */
void crew_run(struct crew *crew, struct model_packet *packets, unsigned count);
void crew_wait(struct crew *crew, uint64_t milliseconds);

/* The law of accounts, of each verdict. */
void crew_check_law(const struct crew *crew);

/* Of packets that came out. */
uint64_t crew_counted(const struct crew *crew, uint8_t verdict);
uint64_t crew_handed_over(const struct crew *crew);
