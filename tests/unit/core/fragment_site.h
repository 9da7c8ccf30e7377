/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Engines of one worker or several, between which fragments are handed over, and what comes of
 * each frame that is put in. */
#pragma once

#include "dataplane/core/fragments.h"
#include "tests/unit/core/datagrams.h"
#include "tests/unit/core/owner_scene.h"

#define SITE_WORKERS 3
#define SITE_FRAMES  2048

struct site_frame {
	struct frame frame; /* as it is now */
	uint8_t verdict;    /* VERDICT_HELD: it waits */
	uint16_t out_port;
};

struct site {
	unsigned workers;
	struct owner owner;
	struct world *worlds[SITE_WORKERS];
	uint64_t random[2];
	uint64_t now_ms;
	unsigned handed_over;
	unsigned count, waiting; /* frames put in; of which wait */
	uint64_t gone;           /* verdicts that are no longer in `frames` */
	struct site_frame frames[SITE_FRAMES];
};

struct site *site_open(unsigned workers);
/* The law of accounts still holds. */
void site_close(struct site *site);

struct engine *site_engine(struct site *site, unsigned worker);
/* A frame comes in at a worker; the number of it. */
unsigned site_put(struct site *site, unsigned worker, const struct frame *frame, uint16_t in_port);
/* Forgets all frames; none may wait. */
void site_forget(struct site *site);
void site_wait(struct site *site, uint64_t milliseconds);
/* Of the verdict, of all workers. */
uint64_t site_counted(struct site *site, uint8_t verdict);
uint32_t site_flow_count(struct site *site);
