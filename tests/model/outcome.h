/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What became of a packet, the engine's word beside the model's. */
#pragma once

#include "tests/model/model.h"

bool outcome_is_sent(const struct model_packet *packet);

/*
 * Tells the model's packet what the engine drew, and whether it says that it is another worker's:
 * that is in `run`, the same packet after the engine has run it.
 */
void outcome_tell(const struct model *model, const struct model_packet *run,
		  struct model_packet *packet);

/*
 * "verdict", "length", "out port", "VLAN" or "frame", whichever differs first; NULL: nothing does.
 * Frames that are not sent must be as they came.
 */
const char *outcome_differs(const struct model_packet *engine, const struct model_packet *model);

/* The first byte at which the frames differ, or where the shorter one ends. */
uint32_t outcome_first_byte(const struct model_packet *engine, const struct model_packet *model);

/* All of the packet, on standard error. */
void outcome_print(const char *whose, const struct model_packet *packet);
