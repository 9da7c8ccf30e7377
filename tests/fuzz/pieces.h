/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets of the model's traffic cut into fragments. */
#pragma once

#include "tests/model/choices.h"
#include "tests/model/model.h"

#define PIECES_MOST 3

/* How many; 0: it is none that can be cut. Their identification is one of a few. */
unsigned pieces_cut(struct choices *choices, const struct model_packet *whole,
		    struct model_packet pieces[PIECES_MOST]);
