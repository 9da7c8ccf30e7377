/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Settings, local pools and services: what the configuration alone decides. */
#include "controlplane/publish/round.h"

#include "config/groups.h"

#include <errno.h>
#include <string.h>

static int put_settings(struct round *round)
{
	struct abi_settings object;
	uint32_t index, epoch;
	int rc = round_claim(round, ABI_SETTINGS, 1, &index, &epoch);

	object_settings(&object, round->config);
	return rc < 0 ? rc : round_put(round, ABI_SETTINGS, index, &object, sizeof(object));
}

/* Of a group's lease. */
static uint8_t number_of(const struct round *round, size_t group)
{
	return group == GROUP_NONE ? 0 : round->input->group_numbers[group];
}

static int put_local_pool(struct round *round, const struct config_local_pool *pool)
{
	struct abi_local_pool *object;
	uint32_t index;
	size_t length;
	int rc;

	if (pool->address_count > ABI_MAX_POOL_ADDRESSES)
		return round_fail(round, -E2BIG, "local pool %s has %zu addresses, at most %u",
				  pool->name, pool->address_count, ABI_MAX_POOL_ADDRESSES);
	object = object_local_pool(&round->scratch, pool, &length);
	if (!object)
		return -ENOMEM;
	object->group = number_of(round, config_group_of_local_pool(round->config, pool));
	rc = round_claim(round, ABI_LOCAL_POOL, identity_of_name(pool->name), &index,
			 &object->epoch);
	if (rc < 0)
		return rc == -ENOSPC ? 0 : rc;
	return round_put(round, ABI_LOCAL_POOL, index, object, length);
}

/* -ENOSPC: it waits for an index. */
static int find_local_pool(const struct round *round, const struct config_service *service,
			   uint32_t *index)
{
	*index = ABI_NONE;
	if (service->forwarding != CONFIG_FULL_NAT)
		return 0;
	*index = identities_find(&round->publisher->kinds[ABI_LOCAL_POOL],
				 identity_of_name(service->local_pool));
	if (!round_bytes(round, ABI_LOCAL_POOL, *index))
		return round->missing[ABI_LOCAL_POOL] > 0
			       ? -ENOSPC
			       : round_fail(round, -EINVAL, "service %s: there is no local pool %s",
					    service->name, service->local_pool);
	return 0;
}

static int put_service(struct round *round, const struct config_service *service)
{
	size_t listeners = service->address_count * service->port_count;
	uint32_t pool = keymap_find(&round->pools, identity_of_name(service->pool));
	uint32_t index, local_pool;
	struct abi_service *object;
	size_t length;
	int rc = find_local_pool(round, service, &local_pool);

	if (rc < 0)
		return rc == -ENOSPC ? 0 : rc;
	if (listeners > ABI_MAX_LISTENERS)
		return round_fail(round, -E2BIG,
				  "service %s: %zu addresses times ports, at most %u",
				  service->name, listeners, ABI_MAX_LISTENERS);
	if (service->allow_count > ABI_MAX_RANGES || service->deny_count > ABI_MAX_RANGES)
		return round_fail(round, -E2BIG,
				  "service %s: %zu prefixes of clients allowed and %zu denied, at "
				  "most %u each",
				  service->name, service->allow_count, service->deny_count,
				  ABI_MAX_RANGES);
	object = object_service(&round->scratch, service, &length);
	if (!object)
		return -ENOMEM;
	object->ring = round->uses[pool].ring;
	object->local_pool = local_pool;
	object->group = number_of(round, config_group_of_service(round->config, service));
	rc = round_claim(round, ABI_SERVICE, identity_of_name(service->name), &index,
			 &object->epoch);
	if (rc < 0)
		return rc == -ENOSPC ? 0 : rc;
	return round_put(round, ABI_SERVICE, index, object, length);
}

/* They are sorted already. */
static int put_group_addresses(struct round *round)
{
	const struct config *config = round->config;
	struct abi_group_addresses *object;
	uint32_t index, epoch;
	size_t length =
		sizeof(*object) + config->group_address_count * sizeof(struct abi_group_address);
	int rc;

	if (config->group_address_count == 0)
		return 0;
	if (config->group_address_count > ABI_MAX_HOST_ADDRESSES)
		return round_fail(round, -E2BIG, "VRRP groups have %zu addresses, at most %u",
				  config->group_address_count, ABI_MAX_HOST_ADDRESSES);
	object = scratch_reserve(&round->scratch, length);
	if (!object)
		return -ENOMEM;
	object->count = (uint32_t)config->group_address_count;
	for (size_t i = 0; i < config->group_address_count; i++) {
		const struct config_group_address *row = &config->group_addresses[i];

		memcpy(object->rows[i].address, row->address.bytes, 16);
		object->rows[i].group = number_of(round, row->group);
	}
	rc = round_claim(round, ABI_GROUP_ADDRESSES, 1, &index, &epoch);
	return rc < 0 ? rc : round_put(round, ABI_GROUP_ADDRESSES, index, object, length);
}

int round_put_services(struct round *round)
{
	const struct config *config = round->config;
	int rc = put_settings(round);

	for (size_t i = 0; rc == 0 && i < config->local_pool_count; i++)
		rc = put_local_pool(round, &config->local_pools[i]);
	for (size_t i = 0; rc == 0 && i < config->service_count; i++)
		rc = put_service(round, &config->services[i]);
	return rc == 0 ? put_group_addresses(round) : rc;
}
