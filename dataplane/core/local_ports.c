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

static void write_place(const struct abi_local_pool *pool, struct port_range range,
			const struct local_draw *draw, struct flow_tuple *reply)
{
	const uint8_t *address = pool->addresses[draw->address];

	flow_tuple_set_destination(reply, address, htobe16((uint16_t)(range.first + draw->port)));
}

static void draw_place(struct engine *engine, const struct abi_local_pool *pool,
		       struct port_range range, struct local_draw *draw)
{
	uint64_t bits = random_next(engine->random);

	draw->address = random_below((uint32_t)bits, pool->address_count);
	draw->port = random_below((uint32_t)(bits >> 32), range.count);
}

bool local_ports_draw(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply)
{
	struct port_range range = range_of_node(engine->snapshot->settings, pool);

	if (range.count == 0)
		return false;
	draw->tried = 1;
	draw_place(engine, pool, range, draw);
	write_place(pool, range, draw, reply);
	return true;
}

bool local_ports_pass_over(struct engine *engine, const struct abi_local_pool *pool,
			   struct local_draw *draw, struct flow_tuple *reply)
{
	struct port_range range = range_of_node(engine->snapshot->settings, pool);

	if (pool->address_count * range.count <= LOCAL_PORT_PROBES)
		return false;
	draw_place(engine, pool, range, draw);
	write_place(pool, range, draw, reply);
	return true;
}

bool local_ports_next(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply)
{
	struct port_range range = range_of_node(engine->snapshot->settings, pool);
	uint32_t places = pool->address_count * range.count;

	if (draw->tried == places || draw->tried == LOCAL_PORT_PROBES)
		return false;
	draw->tried++;
	if (places > LOCAL_PORT_PROBES) {
		draw_place(engine, pool, range, draw);
	} else if (++draw->port == range.count) {
		draw->port = 0;
		draw->address = draw->address + 1 == pool->address_count ? 0 : draw->address + 1;
	}
	write_place(pool, range, draw, reply);
	return true;
}
