/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/past_us.h"

#include "config/config.h"
#include "controlplane/log.h"
#include "dataplane/abi/hash.h"

#include <string.h>

/* The prefix of the link on which the backend is; NULL: it is behind a router, or unknown. */
static const struct network_address *find_link(const struct network *network,
					       const struct config_backend *backend,
					       const struct network_path *path)
{
	if (!path->known || !address_equal(&path->next_hop, &backend->address))
		return NULL;
	for (size_t i = 0; i < network->address_count; i++) {
		const struct network_address *row = &network->addresses[i];

		if (row->interface == path->interface &&
		    address_same_family(&row->address, &backend->address) &&
		    address_in_prefix(&backend->address, &row->address, row->length))
			return row;
	}
	return NULL;
}

static bool overlaps(const struct config_prefix *prefix, const struct network_address *link)
{
	return address_same_family(&prefix->address, &link->address) &&
	       (address_in_prefix(&prefix->address, &link->address, link->length) ||
		address_in_prefix(&link->address, &prefix->address, prefix->length));
}

static bool is_denied(const struct config_service *service, const struct network_address *link)
{
	for (size_t i = 0; i < service->deny_count; i++) {
		const struct config_prefix *deny = &service->deny[i];

		if (deny->length <= link->length && overlaps(deny, link))
			return true;
	}
	return false;
}

static bool has_clients_on(const struct config_service *service, const struct network_address *link)
{
	if (is_denied(service, link))
		return false;
	for (size_t i = 0; i < service->allow_count; i++)
		if (overlaps(&service->allow[i], link))
			return true;
	for (size_t i = 0; service->allow_count == 0 && i < service->address_count; i++)
		if (address_same_family(&service->addresses[i], &link->address) &&
		    address_in_prefix(&service->addresses[i], &link->address, link->length))
			return true;
	return false;
}

const struct network_address *past_us_link(const struct network *network,
					   const struct config_service *service,
					   const struct config_pool *pool,
					   const struct network_path *paths,
					   const struct config_backend **backend)
{
	if (service->forwarding != CONFIG_DNAT)
		return NULL;
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct network_address *link =
			find_link(network, &pool->backends[i], &paths[i]);

		if (link != NULL && has_clients_on(service, link)) {
			*backend = &pool->backends[i];
			return link;
		}
	}
	return NULL;
}

static void warn(const struct config_service *service, const struct config_backend *backend,
		 const struct network_address *link)
{
	struct address prefix = address_first_of(&link->address, link->length);
	char text[ADDRESS_TEXT_SIZE];

	log_warning("service %s: with dnat, backend %s answers clients in %s/%u directly, since "
		    "they are on its link, and they take nothing from it; full-nat serves them",
		    service->name, backend->name, address_format(&prefix, text), link->length);
}

/* Visits the services of which it is so: the sum of their names. */
static uint64_t visit(const struct network *network, bool warns)
{
	const struct config *config = network->config;
	uint64_t sum = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		size_t first = 0;

		for (size_t j = 0; j < config->pool_count;
		     first += config->pools[j++].backend_count) {
			const struct config_pool *pool = &config->pools[j];
			const struct config_backend *backend;

			if (strcmp(pool->name, service->pool) != 0 ||
			    first + pool->backend_count > network->path_count)
				continue;
			const struct network_address *link = past_us_link(
				network, service, pool, &network->paths[first], &backend);
			if (link == NULL)
				continue;
			sum += abi_siphash((const uint64_t[2]){1, 2}, service->name,
					   strlen(service->name));
			if (warns)
				warn(service, backend, link);
		}
	}
	return sum;
}

void past_us_warn(struct network *network)
{
	uint64_t sum = visit(network, false);

	if (sum != network->past_us && sum != 0)
		visit(network, true);
	network->past_us = sum;
}
