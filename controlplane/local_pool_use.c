/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/local_pool_use.h"

#include "config/config.h"

#include <string.h>

static void count_pool(const struct config_pool *pool, const struct publisher *publisher,
		       struct stats *stats, struct local_pool_use *use)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		int index = publisher_backend_index(publisher, pool->name, &pool->backends[i]);
		uint64_t flows = index < 0 ? 0 : stats_flows_of_backend(stats, (uint32_t)index);

		/* Without a dataplane nobody knows. */
		if (flows == UINT64_MAX || flows <= use->flows)
			continue;
		use->flows = flows;
		use->pool = pool->name;
		use->backend = pool->backends[i].name;
	}
}

struct local_pool_use local_pool_use(const struct config *config,
				     const struct config_local_pool *local_pool,
				     const struct publisher *publisher, struct stats *stats)
{
	uint64_t ports = (uint64_t)local_pool->port_last - local_pool->port_first + 1;
	struct local_pool_use use = {.places = local_pool->address_count * ports};

	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		const struct config_pool *pool = NULL;

		if (service->forwarding == CONFIG_FULL_NAT &&
		    strcmp(service->local_pool, local_pool->name) == 0)
			pool = config_find_pool(config, service->pool);
		if (pool != NULL)
			count_pool(pool, publisher, stats, &use);
	}
	return use;
}

double local_pool_share(const struct local_pool_use *use)
{
	double share = use->places == 0 ? 1 : (double)use->flows / (double)use->places;

	return share < 1 ? share : 1;
}
