/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a change of the configuration would move. */
#pragma once

#include "config/config.h"
#include "controlplane/publish/maglev.h"

struct controlplane;

/*
 * For each pool of both configurations whose ring would be another one: {"pool": NAME, "share":
 * 0.031}, the share of new flows that would meet another backend than now, with the backends'
 * health as it is now and new ones taken for healthy. A new reference; NULL: no memory. The event
 * loop's thread only.
 */
json_t *preview_moves(const struct controlplane *controlplane, const struct config *next);

/*
 * The share of a ring's slots whose backend, known by address and port, differs between the rings
 * that these members make; `slot_value` is not read. Of no members the ring is empty. Negative: no
 * memory. Pure.
 */
double preview_share(const struct maglev_member *before, size_t before_count,
		     const struct maglev_member *after, size_t after_count, uint32_t size);
