/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* When results of checks make a backend up or down. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum check_verdict {
	CHECK_UNDECIDED, /* no check has ended yet */
	CHECK_UP,
	CHECK_DOWN
};

struct check_rules {
	uint32_t rise; /* good checks in a row that bring it up */
	uint32_t fall; /* failed ones that take it down */
};

struct check_state {
	enum check_verdict verdict;
	uint32_t against;  /* results in a row that speak against the verdict */
	uint64_t since_ms; /* of the verdict */
};

/*
 * A check ended. The first result decides at once; later, rise or fall results
 * in a row are needed. True when the verdict changed.
 */
bool check_state_apply(struct check_state *state, const struct check_rules *rules, bool good,
		       uint64_t now_ms);

/* True between the first result that speaks against the verdict and what follows from it. */
bool check_state_in_doubt(const struct check_state *state);
