/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/local_ports.h"

#include "dataplane/core/random.h"

#include <endian.h>

/* The part of the pool's range this node draws from. */
struct port_range {
	uint32_t first, count;
};

static struct port_range range_of_node(const struct abi_settings *settings,
				       const struct abi_local_pool *pool)
{
	uint32_t count = (uint32_t)pool->port_last - pool->port_first + 1;
	uint32_t half = count >> 1;

	if (settings->node_count < 2)
		return (struct port_range){pool->port_first, count};
	if (settings->node_id == 0)
		return (struct port_range){pool->port_first, half};
	return (struct port_range){pool->port_first + half, count - half};
}

static bool is_free(const struct flow_table *table, const struct abi_flow *flow)
{
	struct flow_tuple reply = flow_backend_tuple(flow);

	return flow_table_find(table, &reply, flow_hash(table->secret, &reply)) == FLOW_NONE;
}

static bool try_place(const struct engine *engine, const struct abi_local_pool *pool,
		      uint32_t address, uint32_t port, struct abi_flow *flow)
{
	memcpy(&flow->be_local, pool->addresses[address] + 12, sizeof(flow->be_local));
	flow->be_local_port = htobe16((uint16_t)port);
	return is_free(engine->flows, flow);
}

bool local_ports_draw(struct engine *engine, const struct abi_local_pool *pool,
		      struct abi_flow *flow)
{
	struct port_range range = range_of_node(engine->snapshot->settings, pool);
	uint32_t places = pool->address_count * range.count;
	uint64_t bits = random_next(engine->random);
	uint32_t address = random_below((uint32_t)bits, pool->address_count);
	uint32_t port = random_below((uint32_t)(bits >> 32), range.count);

	for (uint32_t i = 0; i < places && i < LOCAL_PORT_PROBES; i++) {
		if (try_place(engine, pool, address, range.first + port, flow))
			return true;
		if (places > LOCAL_PORT_PROBES) {
			bits = random_next(engine->random);
			address = random_below((uint32_t)bits, pool->address_count);
			port = random_below((uint32_t)(bits >> 32), range.count);
		} else if (++port == range.count) {
			port = 0;
			address = address + 1 == pool->address_count ? 0 : address + 1;
		}
	}
	return false;
}
