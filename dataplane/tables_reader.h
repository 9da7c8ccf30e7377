/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The file `tables`, as the dataplane reads it: by pread(2), never mapped. A
 * page of a mapping that somebody cuts off kills the process that looks at it;
 * a read that finds nothing is only refused.
 */
#pragma once

#include "dataplane/core/tables.h"

#include <sys/types.h>

struct tables_reader {
	const char *directory;
	int file; /* the one that was in place when it was last looked for; -1: none yet */
	dev_t device;
	ino_t inode;
	uint64_t looked_ms; /* when that was */
	uint64_t size;

	/* What has_news() saw last, and what has been dealt with. */
	struct tables_head seen, settled;
	uint64_t settled_size;
	bool has_settled;
};

/* `directory`, the run directory's path, must stay. */
void tables_reader_open(struct tables_reader *reader, const char *directory);
/* Does nothing to one that is all zero. */
void tables_reader_close(struct tables_reader *reader);

/*
 * True when the file is another, or says something else, than what was settled
 * last. Never waits, whatever lies in the file's place. `now_ms` is
 * CLOCK_MONOTONIC.
 */
bool tables_reader_has_news(struct tables_reader *reader, uint64_t now_ms);

/* For tables_take(), after has_news(). */
struct tables_source tables_reader_source(struct tables_reader *reader);

/* What has_news() saw has been taken or refused: it is no news any more. */
void tables_reader_settle(struct tables_reader *reader);
