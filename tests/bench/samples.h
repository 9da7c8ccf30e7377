/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What a row's engine sends is compared with what the slow model (tests/model) makes of the
 * same frames: verdict, out port, VLAN, length, every byte. Not while time is taken: after the
 * runs, in the world and table that they leave behind.
 *
 * The model walks over all flows for each packet, and is never given ten million. It knows
 * only those of the burst under way: they are told to it by their handshakes, with the
 * local ports that the engine drew when it had them, or begin in that burst.
 */
#pragma once

#include "tests/bench/world.h"

/* Outputs that are compared, of each row; and the bursts they fill. */
#define SAMPLES        10000u
#define SAMPLES_BURSTS ((SAMPLES + PACKET_BURST - 1) / PACKET_BURST)

struct samples;

struct samples *samples_new(struct bench_world *world, const char *row);

/* Frees it. Returns how many outputs were compared, which must be SAMPLES. */
uint32_t samples_end(struct samples *samples);

/* The model forgets all flows. */
void samples_forget(struct samples *samples);

/* The model learns a flow that the engine has. Frame 0 is written over. */
void samples_teach(struct samples *samples, const struct bench_tuple *client,
		   const struct bench_tuple *reply);

/*
 * Runs a burst that is written, in the place of bench_run(), and compares what comes out as
 * long as there are fewer than SAMPLES. The first that differs ends the program.
 */
void samples_run(struct samples *samples, unsigned count);
