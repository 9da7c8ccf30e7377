/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/addresses/owned.h"

#include "config/groups.h"

#include <errno.h>
#include <stdlib.h>

static int compare_addresses(const void *left, const void *right)
{
	return address_compare(left, right);
}

static size_t count_addresses(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++)
		count += config->services[i].address_count;
	for (size_t i = 0; i < config->local_pool_count; i++)
		count += config->local_pools[i].address_count;
	return count + config->group_address_count;
}

static void add_addresses(struct owned_addresses *owned, const struct address *addresses,
			  size_t count)
{
	for (size_t i = 0; i < count; i++)
		owned->rows[owned->count++] = addresses[i];
}

int owned_addresses_gather(const struct config *config, struct owned_addresses *out)
{
	struct owned_addresses owned = {0};
	size_t kept = 0;

	owned.rows = calloc(count_addresses(config) + 1, sizeof(owned.rows[0]));
	if (owned.rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->service_count; i++)
		add_addresses(&owned, config->services[i].addresses,
			      config->services[i].address_count);
	for (size_t i = 0; i < config->local_pool_count; i++)
		add_addresses(&owned, config->local_pools[i].addresses,
			      config->local_pools[i].address_count);
	for (size_t i = 0; i < config->group_address_count; i++)
		add_addresses(&owned, &config->group_addresses[i].address, 1);

	qsort(owned.rows, owned.count, sizeof(owned.rows[0]), compare_addresses);
	for (size_t i = 0; i < owned.count; i++) {
		if (kept == 0 || !address_equal(&owned.rows[kept - 1], &owned.rows[i]))
			owned.rows[kept++] = owned.rows[i];
	}
	owned.count = kept;
	*out = owned;
	return 0;
}

int owned_addresses_select_held(const struct config *config, const struct owned_addresses *owned,
				struct owned_addresses *out)
{
	struct owned_addresses held = {0};

	held.rows = calloc(owned->count + 1, sizeof(held.rows[0]));
	if (held.rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < owned->count; i++)
		if (config_find_group_address(config, &owned->rows[i]) == NULL)
			add_addresses(&held, &owned->rows[i], 1);
	*out = held;
	return 0;
}

void owned_addresses_free(struct owned_addresses *owned)
{
	free(owned->rows);
	*owned = (struct owned_addresses){0};
}

bool owned_addresses_have(const struct owned_addresses *owned, const struct address *address)
{
	return owned->count > 0 && bsearch(address, owned->rows, owned->count, sizeof(*address),
					   compare_addresses) != NULL;
}
