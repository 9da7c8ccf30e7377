/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A process on the next CPU that lists the flows of a file, over and over, by the code of
 * GET /v1/flows: pieces as they are sent, through a socket, to somebody who counts lines. Or that
 * calculates, to tell what anything at work there takes. It is stopped but for when it is wanted.
 */
#pragma once

#include "tests/bench/measure.h"

#include <stdbool.h>
#include <sys/types.h>

enum lister_work { LISTER_LISTS, LISTER_CALCULATES };

/* In memory that both have. */
struct lister_state {
	enum lister_work work;
	uint64_t turns;         /* pieces, or some thousand steps of arithmetic */
	uint64_t lines, passes; /* of the file; whole ones */
	uint64_t wrong;         /* passes that had not so many lines as there are flows */
};

struct lister {
	pid_t process;
	uint64_t flows;
	char directory[64]; /* where it finds the file */
	struct lister_state *state;
	uint64_t listed_ns; /* time it had for it */
};

/* To be made before the memory that is measured: it does not share what is not there yet. */
struct lister *lister_new(const struct measure *measure, uint64_t flows);
void lister_free(struct lister *lister);

/* Tells it of the file, which stays the caller's. */
void lister_use(const struct lister *lister, int flows_fd);

/* It works from before the first returns until after the second is called. */
void lister_go(struct lister *lister, enum lister_work work);
void lister_stop(struct lister *lister);

/* Lets it come to the end of the list once more. */
void lister_finish(struct lister *lister);
