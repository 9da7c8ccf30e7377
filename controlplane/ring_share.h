/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How much of the new flows another ring gives to other backends. Pure. */
#pragma once

#include "controlplane/publish/maglev.h"

#include <stdbool.h>

/* What a service's ring is built from; of no members it is empty. */
struct ring_share {
	struct maglev_member *members; /* `slot_value` is written */
	size_t count;
	uint32_t size; /* a prime */
};

/*
 * The share of clients whose backend, known by address and port, differs between
 * the two; `rehashed`: a client's place in one ring tells nothing about that in
 * the other. Sorts the members. Negative: no memory.
 */
double ring_share(struct ring_share *before, struct ring_share *after, bool rehashed);
