/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/derived.h"

#include "config/index.h"

#include <string.h>

void derive_last_hop_from(const struct field *field, const struct config *config,
			  const void *object, void *value)
{
	const struct config_port *port = object;
	bool linux_knows = port->kind == CONFIG_DEVICE_AF_XDP || port->kind == CONFIG_DEVICE_PCI;
	enum config_last_hop_from from = linux_knows ? CONFIG_FROM_NEIGHBOURS : CONFIG_FROM_ANYONE;

	(void)field;
	(void)config;
	memcpy(value, &from, sizeof(from));
}

/* The pool that a check is part of. */
static const struct config_pool *pool_of_check(const void *check)
{
	return (const void *)((const char *)check - offsetof(struct config_pool, health_check));
}

/* The services that use the pool stand together, from index_first_service() on; NULL: no more. */
static const struct config_service *service_of(const struct config *config,
					       const struct config_pool *pool, size_t position)
{
	const struct config_service *service =
		position < config->service_count ? config->service_order[position] : NULL;

	return service != NULL && strcmp(service->pool, pool->name) == 0 ? service : NULL;
}

void derive_check_type(const struct field *field, const struct config *config, const void *object,
		       void *value)
{
	const struct config_pool *pool = pool_of_check(object);
	const struct config_service *service;
	bool tcp = false, udp = false;

	(void)field;
	for (size_t i = index_first_service(config, pool->name);
	     (service = service_of(config, pool, i)) != NULL; i++) {
		if (service->protocol == CONFIG_TCP)
			tcp = true;
		else
			udp = true;
	}
	enum config_check_type type =
		udp && !tcp ? CONFIG_CHECK_NONE : config->defaults.health_check.type;
	memcpy(value, &type, sizeof(type));
}

void derive_check_fast_interval(const struct field *field, const struct config *config,
				const void *object, void *value)
{
	const struct config_health_check *check = object;
	uint32_t usual = config->defaults.health_check.fast_interval;
	uint32_t interval = usual != 0 && usual < check->interval ? usual : check->interval;

	(void)field;
	memcpy(value, &interval, sizeof(interval));
}

/* True when no backend has a port of its own. */
static bool keeps_ports(const struct config_pool *pool)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (pool->backends[i].port != 0)
			return false;
	}
	return pool->backend_count > 0;
}

void derive_check_port(const struct field *field, const struct config *config, const void *object,
		       void *value)
{
	const struct config_pool *pool = pool_of_check(object);
	uint16_t usual = config->defaults.health_check.port, port = 0;
	const struct config_service *service;
	bool single = usual == 0 && keeps_ports(pool);

	(void)field;
	for (size_t i = index_first_service(config, pool->name);
	     single && (service = service_of(config, pool, i)) != NULL; i++) {
		for (size_t j = 0; j < service->port_count; j++) {
			uint16_t first = service->ports[j].first;
			single = first == service->ports[j].last && (port == 0 || port == first);
			if (!single)
				break;
			port = first;
		}
	}
	port = single ? port : usual;
	memcpy(value, &port, sizeof(port));
}
