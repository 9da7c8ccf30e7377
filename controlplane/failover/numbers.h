/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The numbers of VRRP groups' leases (dataplane/abi/lease.h): a name keeps its number for as
 * long as it is configured, across restarts too. Pure.
 */
#pragma once

#include "config/model.h"
#include "dataplane/abi/lease.h"

struct group_numbers {
	char names[ABI_MAX_GROUPS + 1]
		  [CONFIG_NAME_SIZE];     /* by number; [0] is not used; empty: free */
	uint8_t of_group[ABI_MAX_GROUPS]; /* by position in config->vrrp_groups */
};

/* Frees the numbers of names that are gone, and gives new names the lowest ones free. */
void group_numbers_assign(struct group_numbers *numbers, const struct config *config);
