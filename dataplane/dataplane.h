/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The dataplane as a whole: started, run until a signal asks it to stop, and ended. */
#pragma once

#include "config/model.h"
#include "dataplane/core/engine.h"

/* What the command line says. */
struct dataplane_options {
	const char *run_dir;
	enum engine_isa isa; /* one the machine has */
	bool assert_owners;  /* see struct worker */
	/* TOEPLITZ_KEY_SIZE bytes to share packets out by; NULL: drawn at each start. */
	const uint8_t *rss_key;
};

/* 0 when it was asked to stop, -1 when it could not start, with the reason logged. */
int dataplane_run(const struct config *config, const struct dataplane_options *options);
