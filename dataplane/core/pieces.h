/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which bytes of a datagram have come: a bit for each eight, and one for each eight
 * that a fragment began with. So a fragment that was there before is told from one that
 * overlaps others, exactly, whatever sizes there are (RFC 5722).
 */
#pragma once

#include "dataplane/core/fragment.h"

#define PIECES_EIGHTS (65536 / 8) /* more than any datagram has */

/* All 0: none. */
struct pieces {
	uint16_t there; /* eights */
	uint16_t end;   /* eights of the whole; 0: the last fragment has not come */
	uint8_t odd;    /* the last one's */
	uint64_t bits[PIECES_EIGHTS / 64];
	uint64_t begins[PIECES_EIGHTS / 64];
};

/* Whether this very fragment is there: as one, of the same place and length. */
bool pieces_have(const struct pieces *pieces, const struct fragment *fragment);

/* VERDICT_NONE: it is new, and noted; or FRAGMENT_DUPLICATE or FRAGMENT_OVERLAP. */
uint8_t pieces_add(struct pieces *pieces, const struct fragment *fragment);

static inline bool pieces_are_whole(const struct pieces *pieces)
{
	return pieces->there == pieces->end;
}
