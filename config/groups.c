/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/groups.h"

#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t config_find_vrrp_group(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		if (strcmp(config->vrrp_groups[i].name, name) == 0)
			return i;
	}
	return GROUP_NONE;
}

/* Of an address that is named twice the one that is written first comes first. */
static int compare(const void *left, const void *right)
{
	const struct config_group_address *a = left, *b = right;
	int order = address_compare(&a->address, &b->address);

	if (order != 0)
		return order;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->instance > b->instance) - (a->instance < b->instance);
}

static void add(struct config *config, const struct address *address, size_t group, size_t instance)
{
	if (!address_is_missing(address))
		config->group_addresses[config->group_address_count++] =
			(struct config_group_address){*address, group, instance};
}

static void add_local_pools(struct config *config, size_t group)
{
	const struct config_vrrp_group *row = &config->vrrp_groups[group];

	for (size_t i = 0; i < row->local_pool_count; i++) {
		const struct config_local_pool *pool =
			row->local_pools[i] == NULL
				? NULL
				: config_find_local_pool(config, row->local_pools[i]);

		for (size_t j = 0; pool != NULL && j < pool->address_count; j++)
			add(config, &pool->addresses[j], group, GROUP_NONE);
	}
}

static size_t count_addresses(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		const struct config_vrrp_group *group = &config->vrrp_groups[i];

		for (size_t j = 0; j < group->instance_count; j++)
			count += group->instances[j].address_count;
		for (size_t j = 0; j < group->local_pool_count; j++) {
			const struct config_local_pool *pool =
				group->local_pools[j] == NULL
					? NULL
					: config_find_local_pool(config, group->local_pools[j]);

			count += pool == NULL ? 0 : pool->address_count;
		}
	}
	return count;
}

int groups_make(struct config *config)
{
	config->group_addresses =
		calloc(count_addresses(config) + 1, sizeof(*config->group_addresses));
	if (config->group_addresses == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		const struct config_vrrp_group *group = &config->vrrp_groups[i];

		for (size_t j = 0; j < group->instance_count; j++)
			for (size_t k = 0; k < group->instances[j].address_count; k++)
				add(config, &group->instances[j].addresses[k].address, i, j);
		add_local_pools(config, i);
	}
	qsort(config->group_addresses, config->group_address_count,
	      sizeof(*config->group_addresses), compare);
	return 0;
}

void groups_free(struct config *config)
{
	free(config->group_addresses);
}

const struct config_group_address *config_find_group_address(const struct config *config,
							     const struct address *address)
{
	size_t from = 0, to = config->group_address_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (address_compare(&config->group_addresses[middle].address, address) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < config->group_address_count &&
			       address_equal(&config->group_addresses[from].address, address)
		       ? &config->group_addresses[from]
		       : NULL;
}

static size_t group_of(const struct config *config, const struct address *addresses, size_t count)
{
	const struct config_group_address *row =
		count == 0 ? NULL : config_find_group_address(config, &addresses[0]);

	return row == NULL ? GROUP_NONE : row->group;
}

size_t config_group_of_service(const struct config *config, const struct config_service *service)
{
	return group_of(config, service->addresses, service->address_count);
}

size_t config_group_of_local_pool(const struct config *config, const struct config_local_pool *pool)
{
	return group_of(config, pool->addresses, pool->address_count);
}
