/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The one thing that is drawn and cannot be known beforehand: the identification
 * that the fragments of a datagram go out with. It must be the same for all of
 * them, and another one for each datagram of a case.
 */
#pragma once

#include "tests/vectors/vector_file.h"

#define DRAWN_MOST 8 /* datagrams of a case */

struct drawn {
	uint32_t said[DRAWN_MOST], found[DRAWN_MOST];
	unsigned count;
};

/*
 * Gives `out` the identification that `must` says, when that is a fragment; an IPv4 header's
 * checksum is as right or wrong as before. False: its datagram has another one already.
 */
bool drawn_undo(struct drawn *drawn, struct vector_frame *out, const struct vector_frame *must);
