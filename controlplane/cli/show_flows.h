/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `headrace show flows`: a line a flow, printed as they come. The first ones are
 * kept until it is known how wide the columns must be; a cell that is wider
 * later on pushes the rest of its line.
 */
#pragma once

#include "controlplane/cli/flat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FLOW_COLUMNS 12

struct flow_table;

/* NULL: no memory. */
struct flow_table *flow_table_new(FILE *stream, bool colours);

/* Bytes of the answer, in pieces that end anywhere. False: it is no list of flows. */
bool flow_table_add(struct flow_table *table, const char *bytes, size_t length);

/* Prints what is kept. False: the last line has no end. */
bool flow_table_finish(struct flow_table *table);
void flow_table_free(struct flow_table *table);

/* Seconds as the API writes them, "12.064", in as few signs as tell a person: 12s, 3m5s, 2h4m,
 * 5d3h. Without blanks, so that each cell is a word. Returns where it ended. */
char *flow_table_duration(char *to, const struct flat_value *seconds);
