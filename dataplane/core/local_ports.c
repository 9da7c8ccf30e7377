/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/local_ports.h"

#include "dataplane/core/owner.h"
#include "dataplane/core/random.h"

#include <endian.h>

/* The part of the pool's range this node draws from: so many ports from the first on. */
struct node_ports {
	uint32_t first, count;
};

static struct node_ports ports_of_node(const struct abi_settings *settings,
				       const struct abi_local_pool *pool)
{
	uint32_t count = (uint32_t)pool->port_last - pool->port_first + 1;
	uint32_t half = count >> 1;

	if (settings->node_count < 2)
		return (struct node_ports){pool->port_first, count};
	if (settings->node_id == 0)
		return (struct node_ports){pool->port_first, half};
	return (struct node_ports){pool->port_first + half, count - half};
}

static void write_place(const struct abi_local_pool *pool, struct node_ports ports,
			const struct local_draw *draw, struct flow_tuple *reply)
{
	const uint8_t *address = pool->addresses[draw->address];

	flow_tuple_set_destination(reply, address, htobe16((uint16_t)(ports.first + draw->port)));
}

/* Whether replies to the place come to this worker, which alone looks into its table. */
static bool leads_here(const struct engine *engine, const struct flow_tuple *reply)
{
	return engine->owner == NULL ||
	       owner_of_hash(engine->owner, toeplitz_hash(&engine->owner->toeplitz, reply)) ==
		       engine->number;
}

static void next_address(const struct abi_local_pool *pool, struct local_draw *draw)
{
	draw->address = draw->address + 1 == pool->address_count ? 0 : draw->address + 1;
}

/* With several workers: a port that leads here, of the address drawn or, where it has none, of the
 * next that has. */
static bool draw_port_of_worker(struct engine *engine, const struct abi_local_pool *pool,
				struct node_ports ports, struct local_draw *draw,
				struct flow_tuple *reply)
{
	const struct port_range range = {(uint16_t)ports.first,
					 (uint16_t)(ports.first + ports.count - 1)};
	uint16_t port;

	for (uint32_t left = pool->address_count; left > 0; left--) {
		write_place(pool, ports, draw, reply);
		if (owner_draw_port(engine->owner, reply, engine->number, range, engine->random,
				    &port)) {
			draw->port = port - ports.first;
			write_place(pool, ports, draw, reply);
			return true;
		}
		next_address(pool, draw);
	}
	return false;
}

static bool draw_place(struct engine *engine, const struct abi_local_pool *pool,
		       struct node_ports ports, struct local_draw *draw, struct flow_tuple *reply)
{
	uint64_t bits = random_next(engine->random);

	draw->address = random_below((uint32_t)bits, pool->address_count);
	draw->port = random_below((uint32_t)(bits >> 32), ports.count);
	if (engine->owner != NULL)
		return draw_port_of_worker(engine, pool, ports, draw, reply);
	write_place(pool, ports, draw, reply);
	return true;
}

bool local_ports_draw(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply)
{
	struct node_ports ports = ports_of_node(engine->snapshot->settings, pool);

	if (ports.count == 0)
		return false;
	draw->tried = 1;
	return draw_place(engine, pool, ports, draw, reply);
}

bool local_ports_pass_over(struct engine *engine, const struct abi_local_pool *pool,
			   struct local_draw *draw, struct flow_tuple *reply)
{
	struct node_ports ports = ports_of_node(engine->snapshot->settings, pool);

	return pool->address_count * ports.count > LOCAL_PORT_PROBES &&
	       draw_place(engine, pool, ports, draw, reply);
}

/* Goes on through a small pool, place by place, to the next that leads here. */
static bool walk_on(struct engine *engine, const struct abi_local_pool *pool,
		    struct node_ports ports, struct local_draw *draw, struct flow_tuple *reply)
{
	uint32_t places = pool->address_count * ports.count;

	for (; draw->tried < places; draw->tried++) {
		if (++draw->port == ports.count) {
			draw->port = 0;
			next_address(pool, draw);
		}
		write_place(pool, ports, draw, reply);
		if (leads_here(engine, reply)) {
			draw->tried++;
			return true;
		}
	}
	return false;
}

bool local_ports_next(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply)
{
	struct node_ports ports = ports_of_node(engine->snapshot->settings, pool);

	if (pool->address_count * ports.count <= LOCAL_PORT_PROBES)
		return walk_on(engine, pool, ports, draw, reply);
	return draw->tried++ < LOCAL_PORT_PROBES && draw_place(engine, pool, ports, draw, reply);
}
