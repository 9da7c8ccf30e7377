/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/derived.h"

#include <string.h>

void derive_timeout(const struct field *field, const struct config *config, const void *object,
		    void *value)
{
	const char *defaults = (const char *)&config->defaults.timeouts;

	(void)object;
	memcpy(value, defaults + field->offset, field->size);
}

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

static const struct config_pool *pool_of_check(const struct config *config, const void *check)
{
	for (size_t i = 0; i < config->pool_count; i++) {
		if (&config->pools[i].health_check == check)
			return &config->pools[i];
	}
	return NULL;
}

static bool uses(const struct config_service *service, const struct config_pool *pool)
{
	return pool != NULL && strcmp(service->pool, pool->name) == 0;
}

void derive_check_type(const struct field *field, const struct config *config, const void *object,
		       void *value)
{
	const struct config_pool *pool = pool_of_check(config, object);
	bool tcp = false, udp = false;

	(void)field;
	for (size_t i = 0; i < config->service_count; i++) {
		if (!uses(&config->services[i], pool))
			continue;
		if (config->services[i].protocol == CONFIG_TCP)
			tcp = true;
		else
			udp = true;
	}
	enum config_check_type type = udp && !tcp ? CONFIG_CHECK_NONE : CONFIG_CHECK_TCP;
	memcpy(value, &type, sizeof(type));
}

/* True when no backend has a port of its own. */
static bool keeps_ports(const struct config_pool *pool)
{
	for (size_t i = 0; pool != NULL && i < pool->backend_count; i++) {
		if (pool->backends[i].port != 0)
			return false;
	}
	return pool != NULL && pool->backend_count > 0;
}

void derive_check_port(const struct field *field, const struct config *config, const void *object,
		       void *value)
{
	const struct config_pool *pool = pool_of_check(config, object);
	uint16_t port = 0;
	bool single = keeps_ports(pool);

	(void)field;
	for (size_t i = 0; single && i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		for (size_t j = 0; uses(service, pool) && j < service->port_count; j++) {
			uint16_t first = service->ports[j].first;
			single = first == service->ports[j].last && (port == 0 || port == first);
			if (!single)
				break;
			port = first;
		}
	}
	port = single ? port : 0;
	memcpy(value, &port, sizeof(port));
}
