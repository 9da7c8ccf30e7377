/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Prefixes as the dataplane wants them: ranges of addresses that it can search by halves. Pure. */
#pragma once

#include "config/model.h"
#include "dataplane/abi/tables.h"

/*
 * The addresses of `count` prefixes of one family, in ascending order, no two
 * ranges touching. `out` has room for `count`; returns how many there are.
 */
size_t ranges_of_prefixes(const struct config_prefix *prefixes, size_t count,
			  struct abi_range *out);
