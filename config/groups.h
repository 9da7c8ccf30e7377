/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which VRRP group an address moves with: of its instances, and of its local pools. */
#pragma once

#include "config/model.h"

#define GROUP_NONE SIZE_MAX

/* Of all groups together. */
#define GROUPS_MAX_INSTANCES 256
#define GROUPS_MAX_ADDRESSES 4096
#define GROUPS_MAX_TRACKED   256

struct config_group_address {
	struct address address;
	size_t group;    /* position in config->vrrp_groups */
	size_t instance; /* position in its instances; GROUP_NONE: a local pool's */
};

/* Sorts them once they are read; 0 or -ENOMEM. */
int groups_make(struct config *config);
void groups_free(struct config *config);

/* Position of the group of this name, or GROUP_NONE. */
size_t config_find_vrrp_group(const struct config *config, const char *name);

/* NULL: it moves with none, and this node always holds it if anybody's. */
const struct config_group_address *config_find_group_address(const struct config *config,
							     const struct address *address);
/* Position of the group, or GROUP_NONE. Of a valid configuration all addresses of a service, or of
 * a local pool, have the same. */
size_t config_group_of_service(const struct config *config, const struct config_service *service);
size_t config_group_of_local_pool(const struct config *config,
				  const struct config_local_pool *pool);
