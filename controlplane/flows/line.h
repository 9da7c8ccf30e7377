/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A flow as a line of JSON. By hand: there may be a million of them, and a
 * general formatter takes longer for an address than all of this does.
 */
#pragma once

#include "controlplane/flows/filter.h"

/* No line is longer, its newline included. */
#define FLOW_LINE_SIZE 1024

struct flow_line {
	const struct abi_flow6 *flow;
	uint32_t worker;
	uint32_t now; /* in ticks */
	const struct flow_names *names;
	const struct abi_flow_hop *hop; /* NULL: its answers take the route */
};

/* Into FLOW_LINE_SIZE bytes; its length, the newline included. */
size_t flow_line_write(const struct flow_line *line, char *to);

/* Pieces of it; each returns where it ended. */
char *flow_line_number(char *to, uint64_t number);
char *flow_line_address(char *to, const struct address *address);
