/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What headrace-vrrp is to do (controlplane/vrrp/plan.h), made of the configuration. Pure. */
#pragma once

#include "controlplane/failover/numbers.h"

#include <stddef.h>

struct plan_input {
	const struct config *config;
	const struct group_numbers *numbers;
	/* Backends that are up, of each of config->services. */
	const size_t *healthy;
	/* Into `name`, of at least PLAN_INTERFACE_SIZE bytes: where an address of a local pool is
	 * put. */
	void (*find_interface)(void *context, const struct address *address, char *name);
	void *context;
};

/* The file's bytes, malloc'ed; NULL: no memory. Nothing in it depends on the revision but its
 * `revision`: see plan_is_same(). */
void *plan_make(const struct plan_input *input, size_t *size);

/* True when they say the same, of whatever revision. */
bool plan_is_same(const void *one, size_t one_size, const void *other, size_t other_size);
