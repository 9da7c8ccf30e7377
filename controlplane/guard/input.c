/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the guard must know, out of the configuration and of Linux. */
#include "config/config.h"
#include "controlplane/guard/sets.h"

#include <netinet/in.h>
#include <stdlib.h>

static uint8_t protocol_number(enum config_protocol protocol)
{
	return protocol == CONFIG_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

static int add_listeners(struct guard_input *input, const struct config_service *service)
{
	int error = 0;

	for (size_t i = 0; i < service->address_count; i++) {
		for (size_t j = 0; j < service->port_count && error == 0; j++)
			error = guard_rows_add(
				&input->services,
				(struct guard_row){
					service->addresses[i], protocol_number(service->protocol),
					service->ports[j].first, service->ports[j].last});
	}
	return error;
}

/* Port 0: a backend that keeps the destination's answers from any. */
static int add_endpoint(struct guard_input *input, const struct address *address, uint16_t port,
			uint8_t protocol)
{
	return guard_rows_add(&input->endpoints, (struct guard_row){*address, protocol, port,
								    port == 0 ? UINT16_MAX : port});
}

static int add_endpoints(struct guard_input *input, const struct config *config,
			 const struct config_service *service)
{
	const struct config_pool *pool = config_find_pool(config, service->pool);
	int error = 0;

	if (pool == NULL || service->forwarding != CONFIG_DNAT)
		return 0;
	for (size_t i = 0; i < pool->backend_count && error == 0; i++)
		error = add_endpoint(input, &pool->backends[i].address, pool->backends[i].port,
				     protocol_number(service->protocol));
	return error;
}

static int add_locals(struct guard_input *input, const struct config_local_pool *pool)
{
	int error = 0;

	for (size_t i = 0; i < pool->address_count && error == 0; i++)
		error = guard_rows_add(&input->locals,
				       (struct guard_row){pool->addresses[i], 0, pool->port_first,
							  pool->port_last});
	return error;
}

static int add_closed(struct guard_input *input, const struct config_vrrp_group *group)
{
	int error = 0;

	for (size_t i = 0; i < group->instance_count; i++) {
		const struct config_vrrp_instance *instance = &group->instances[i];

		for (size_t j = 0; !instance->accept && j < instance->address_count && error == 0;
		     j++)
			error = guard_rows_add(
				&input->closed,
				(struct guard_row){.address = instance->addresses[j].address});
	}
	return error;
}

int guard_input_add_config(struct guard_input *input, const struct config *config)
{
	int error = 0;

	for (size_t i = 0; i < config->service_count && error == 0; i++) {
		error = add_listeners(input, &config->services[i]);
		if (error == 0)
			error = add_endpoints(input, config, &config->services[i]);
	}
	for (size_t i = 0; i < config->local_pool_count && error == 0; i++)
		error = add_locals(input, &config->local_pools[i]);
	for (size_t i = 0; i < config->vrrp_group_count && error == 0; i++)
		error = add_closed(input, &config->vrrp_groups[i]);
	return error;
}

/* True when the rows from there on are those before, once more. */
static bool is_repeated(const struct guard_rows *rows, size_t from)
{
	if (rows->count != 2 * from)
		return false;
	for (size_t i = 0; i < from; i++)
		if (guard_row_compare(&rows->items[i], &rows->items[from + i]) != 0)
			return false;
	return true;
}

int guard_input_add_change(struct guard_input *input, const struct config *next)
{
	struct guard_rows *const all[] = {&input->services, &input->endpoints, &input->locals,
					  &input->closed};
	enum { COUNT = sizeof(all) / sizeof(all[0]) };
	size_t counts[COUNT];
	int error;

	for (size_t i = 0; i < COUNT; i++)
		counts[i] = all[i]->count;
	error = guard_input_add_config(input, next);
	if (error < 0)
		return error;
	for (size_t i = 0; i < COUNT; i++)
		if (is_repeated(all[i], counts[i]))
			all[i]->count = counts[i];
	return 0;
}

int guard_input_add_published(struct guard_input *input, const struct publisher *publisher)
{
	struct publish_endpoint endpoint;
	int error = 0;

	for (uint32_t from = 0;
	     error == 0 && publisher_next_endpoint(publisher, from, &endpoint) == 0;
	     from = endpoint.index + 1) {
		if (endpoint.is_tcp)
			error = add_endpoint(input, &endpoint.address, endpoint.port, IPPROTO_TCP);
		if (endpoint.is_udp && error == 0)
			error = add_endpoint(input, &endpoint.address, endpoint.port, IPPROTO_UDP);
	}
	return error;
}

int guard_input_add_hosts(struct guard_input *input, const struct network *network)
{
	int error = 0;

	for (size_t i = 0; i < network->address_count && error == 0; i++)
		error = guard_rows_add(
			&input->hosts,
			(struct guard_row){.address = network->addresses[i].address});
	for (size_t i = 0; i < network->owned.count && error == 0; i++)
		error = guard_rows_add(&input->hosts,
				       (struct guard_row){.address = network->owned.rows[i]});
	return error;
}

bool guard_input_equal(const struct guard_input *a, const struct guard_input *b)
{
	return guard_rows_equal(&a->services, &b->services) &&
	       guard_rows_equal(&a->locals, &b->locals) &&
	       guard_rows_equal(&a->endpoints, &b->endpoints) &&
	       guard_rows_equal(&a->hosts, &b->hosts) && guard_rows_equal(&a->closed, &b->closed);
}

void guard_input_free(struct guard_input *input)
{
	free(input->services.items);
	free(input->locals.items);
	free(input->endpoints.items);
	free(input->hosts.items);
	free(input->closed.items);
	*input = (struct guard_input){0};
}
