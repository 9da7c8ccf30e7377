/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/local.h"

#include "tests/model/flows.h"
#include "tests/model/lookup.h"

#include <string.h>

/* A pool of so many places is searched to the end; in a larger one as many are tried. */
#define PLACES_SEARCHED 256

/* The part of a pool's ports that this node draws from: [*first, *first + result). */
static uint32_t own_ports(const struct model *model, const struct abi_local_pool *pool,
			  uint32_t *first)
{
	const struct abi_settings *settings = &model->tables->settings;
	uint32_t count = (uint32_t)pool->port_last - pool->port_first + 1;

	*first = pool->port_first;
	if (settings->node_count == 1)
		return count;
	if (settings->node_id == 0)
		return count / 2;
	*first += count / 2;
	return count - count / 2;
}

bool model_could_draw(const struct model *model, const struct abi_local_pool *pool,
		      const struct model_endpoint *drawn)
{
	uint32_t first, count = own_ports(model, pool, &first);

	for (uint32_t i = 0; i < pool->address_count; i++)
		if (model_same_address(pool->addresses[i], drawn->address))
			return first <= drawn->port && drawn->port < first + count;
	return false;
}

bool model_leads_here(const struct model *model, const struct model_tuple *reply)
{
	const struct model_oracle *oracle = &model->oracle;

	return !oracle->leads_here || oracle->leads_here(oracle->context, reply);
}

/* Places of the pool that are taken towards the flow's backend, and how many there are for it. */
static uint32_t count_taken(const struct model *model, const struct abi_local_pool *pool,
			    const struct model_flow *flow, uint32_t *places)
{
	uint32_t first, count = own_ports(model, pool, &first), taken = 0;
	struct model_tuple reply = flow->reply;

	*places = 0;
	for (uint32_t i = 0; i < pool->address_count; i++) {
		memcpy(reply.destination.address, pool->addresses[i], 16);
		for (uint32_t port = first; port < first + count; port++) {
			reply.destination.port = (uint16_t)port;
			if (!model_leads_here(model, &reply))
				continue;
			(*places)++;
			taken += model_is_taken(model, &reply);
		}
	}
	return taken;
}

bool model_is_used_up(const struct model *model, const struct abi_local_pool *pool,
		      const struct model_flow *flow, bool drew_in_vain)
{
	uint32_t first, places = own_ports(model, pool, &first) * pool->address_count;
	bool is_large = places > PLACES_SEARCHED;

	if (is_large && !drew_in_vain)
		return false;
	uint32_t taken = count_taken(model, pool, flow, &places);
	if (is_large)
		return taken >= places / 10 * 9;
	return taken == places;
}
