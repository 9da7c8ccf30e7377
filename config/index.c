/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/index.h"

#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the same name the one that is written first comes first. */
static int compare_pools(const void *left, const void *right)
{
	const struct config_pool *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static int compare_services(const void *left, const void *right)
{
	const struct config_service *const *a = left, *const *b = right;
	int order = strcmp((*a)->pool, (*b)->pool);

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

int index_make(struct config *config)
{
	config->pool_order = calloc(config->pool_count + 1, sizeof(*config->pool_order));
	config->service_order = calloc(config->service_count + 1, sizeof(*config->service_order));
	if (config->pool_order == NULL || config->service_order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->pool_count; i++)
		config->pool_order[i] = &config->pools[i];
	for (size_t i = 0; i < config->service_count; i++)
		config->service_order[i] = &config->services[i];
	qsort(config->pool_order, config->pool_count, sizeof(*config->pool_order), compare_pools);
	qsort(config->service_order, config->service_count, sizeof(*config->service_order),
	      compare_services);
	return 0;
}

void index_free(struct config *config)
{
	free(config->pool_order);
	free(config->service_order);
}

size_t index_first_service(const struct config *config, const char *pool)
{
	size_t from = 0, to = config->service_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (strcmp(config->service_order[middle]->pool, pool) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct config_pool *config_find_pool(const struct config *config, const char *name)
{
	size_t from = 0, to = config->pool_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (strcmp(config->pool_order[middle]->name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < config->pool_count && strcmp(config->pool_order[from]->name, name) == 0
		       ? config->pool_order[from]
		       : NULL;
}
