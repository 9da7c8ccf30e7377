/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the guard must know, as the sets of its table hold it. Pure.
 *
 * Rows of one port go into hash sets, ranges of ports into interval sets: a
 * change of an interval set copies all of it in the kernel, and there are
 * thousands of the former and few of the latter.
 */
#pragma once

#include "controlplane/neighbours/network.h"
#include "controlplane/publish/publish.h"

/* An address with a range of ports. */
struct guard_row {
	struct address address;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP; 0: both */
	uint16_t first, last;
};

struct guard_rows {
	struct guard_row *items;
	size_t count, room;
};

struct guard_input {
	struct guard_rows services;  /* what clients talk to */
	struct guard_rows locals;    /* what full NAT speaks from */
	struct guard_rows endpoints; /* where dnat services send */
	struct guard_rows hosts;     /* every address of this host; no ports */
	struct guard_rows closed;    /* addresses of VRRP instances without accept mode; no ports */
};

/* Adds the rows of a configuration; of two configurations both are guarded. 0 or -ENOMEM. */
int guard_input_add_config(struct guard_input *input, const struct config *config);

/*
 * Adds the endpoints of the published generation: of backends that left the
 * configuration, or the last dnat service of which did, and that have flows.
 * Their replies are as little Linux's as before. 0 or -ENOMEM.
 */
int guard_input_add_published(struct guard_input *input, const struct publisher *publisher);

/* Adds the addresses that Linux holds now. 0 or -ENOMEM. */
int guard_input_add_hosts(struct guard_input *input, const struct network *network);

/* Adds, behind a configuration alone, the rows of the one to come; 0 or -ENOMEM. Those it has in
 * the same order are not repeated. */
int guard_input_add_change(struct guard_input *input, const struct config *next);

/* True when both have the same rows in the same order: the same sets come of them. */
bool guard_input_equal(const struct guard_input *a, const struct guard_input *b);
void guard_input_free(struct guard_input *input);

/* Adds one row. 0 or -ENOMEM. */
int guard_rows_add(struct guard_rows *rows, struct guard_row row);

bool guard_rows_equal(const struct guard_rows *a, const struct guard_rows *b);

enum guard_set {
	GUARD_SERVICES,
	GUARD_SERVICE_RANGES,
	GUARD_LOCALS,
	GUARD_ENDPOINTS,
	GUARD_ENDPOINT_RANGES,
	GUARD_OUR_ADDRESSES,
	GUARD_ENDPOINT_ADDRESSES,
	GUARD_HOSTS,
	GUARD_CLOSED,
	GUARD_SET_COUNT
};

/*
 * Each sorted, without two that overlap: the kernel takes no others. Of both
 * families, of which the table has a set each.
 */
struct guard_sets {
	struct guard_rows rows[GUARD_SET_COUNT];
};

/* Sorts and merges rows as the input has them and deals them out; 0 or -ENOMEM. */
int guard_sets_make(const struct guard_input *input, struct guard_sets *out);
void guard_sets_free(struct guard_sets *sets);

/* True when both have the same ranges: rows have not moved between a hash set and an interval set.
 */
bool guard_ranges_equal(const struct guard_sets *a, const struct guard_sets *b);

/* Order of rows in a set. */
int guard_row_compare(const struct guard_row *a, const struct guard_row *b);
