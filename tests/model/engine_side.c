/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/engine_side.h"

#include "dataplane/core/flow_file.h"
#include "dataplane/core/fragments.h"
#include "dataplane/core/owner.h"
#include "tests/model/lookup.h"
#include "tests/unit/core/snapshot_builder.h"

#include <arpa/inet.h>

#include <stdlib.h>

_Static_assert(VERDICT_FOREIGN == MODEL_FOREIGN, "the two say alike that it is another worker's");

struct engine_side {
	struct engine engine;
	struct snapshot *snapshot;
	struct abi_counters_block *counters;
	void *flows_file, *flows_working[FAMILY_COUNT], *fragments;
};

/* calloc() gives large pieces out of fresh pages: nothing has to be cleared. */
static void *zeroed(size_t size)
{
	uint8_t *memory = calloc(1, size + 4096);

	if (!memory)
		abort();
	return memory;
}

static void *aligned(void *memory)
{
	return (void *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
}

static void open_flows(struct engine_side *side, uint32_t flow_capacity, uint64_t now_ms)
{
	static const uint64_t secret[2] = {0x452821e638d01377, 0xbe5466cf34e90c6c};

	const uint32_t capacities[FAMILY_COUNT] = {flow_capacity, flow_capacity};
	side->flows_file = zeroed(flow_file_size(1, capacities));
	struct abi_flows *file = flow_file_format(aligned(side->flows_file), 1, capacities, secret);

	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		side->flows_working[i] = zeroed(flow_table_working_size(flow_capacity));
		side->engine.flows[i] =
			flow_table_open(aligned(side->flows_working[i]), file, 0, i, now_ms);
	}
	side->fragments = zeroed(fragments_size());
	side->engine.fragments = fragments_open(aligned(side->fragments), secret, 0, 1, 0);
}

struct engine_side *engine_side_new(const struct model_port *ports, uint16_t port_count,
				    uint32_t flow_capacity, uint64_t now_ms)
{
	struct engine_side *side = calloc(1, sizeof(*side));

	if (!side)
		abort();
	open_flows(side, flow_capacity, now_ms);
	side->counters = zeroed(sizeof(struct abi_counters_block));
	side->engine.counters = aligned(side->counters);
	side->engine.port_count = port_count;
	side->engine.random[0] = 1;
	engine_set_isa(&side->engine, engine_best_isa());
	for (uint16_t i = 0; i < port_count; i++) {
		struct engine_port *port = &side->engine.ports[i];

		memcpy(port->mac, ports[i].mac, 6);
		port->mtu = ports[i].mtu;
		port->reply_by_route = ports[i].reply_by_route;
		port->learn_from_anyone = ports[i].learn_from_anyone;
		port->any_mac = ports[i].any_mac;
		port->unsteered = ports[i].unsteered;
	}
	return side;
}

void engine_side_be_worker(struct engine_side *side, const struct owner *owner, uint32_t number,
			   uint32_t foreign)
{
	side->engine.owner = owner;
	side->engine.number = number;
	side->engine.foreign = foreign;
}

void engine_side_free(struct engine_side *side)
{
	snapshot_release(side->snapshot);
	free(side->flows_file);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		free(side->flows_working[i]);
	free(side->fragments);
	free(side->counters);
	free(side);
}

static void put_all(struct snapshot_builder *builder, const struct model_tables *tables)
{
	*snapshot_builder_settings(builder) = tables->settings;
	for (uint32_t i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_service *service = tables->services[i];
		const struct abi_ring *ring = tables->rings[i];
		const struct abi_local_pool *pool = tables->local_pools[i];

		if (service)
			snapshot_builder_put(builder, ABI_SERVICE, i, service,
					     (size_t)((const uint8_t *)(abi_service_deny(service) +
									service->deny_count) -
						      (const uint8_t *)service));
		if (tables->backends[i])
			snapshot_builder_put(builder, ABI_BACKEND, i, tables->backends[i],
					     sizeof(*tables->backends[i]));
		if (ring)
			snapshot_builder_put(builder, ABI_RING, i, ring,
					     sizeof(*ring) + ring->size * sizeof(ring->slots[0]));
		if (tables->next_hops[i])
			snapshot_builder_put(builder, ABI_NEXT_HOP, i, tables->next_hops[i],
					     sizeof(*tables->next_hops[i]));
		if (pool)
			snapshot_builder_put(builder, ABI_LOCAL_POOL, i, pool,
					     sizeof(*pool) + pool->address_count * 16);
	}
	if (tables->routes)
		snapshot_builder_put(builder, ABI_ROUTES, 0, tables->routes,
				     sizeof(*tables->routes) +
					     tables->routes->count * sizeof(struct abi_route));
	if (tables->host_addresses)
		snapshot_builder_put(builder, ABI_HOST_ADDRESSES, 0, tables->host_addresses,
				     sizeof(*tables->host_addresses) +
					     tables->host_addresses->count * 16);
}

void engine_side_publish(struct engine_side *side, const struct model_tables *tables)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	struct snapshot *before = side->snapshot;

	put_all(builder, tables);
	side->snapshot =
		snapshot_builder_take_for(builder, side->engine.ports, side->engine.port_count);
	engine_use(&side->engine, side->snapshot);
	snapshot_release(before);
	snapshot_builder_free(builder);
}

void engine_side_run(struct engine_side *side, struct model_packet *packets, unsigned count,
		     uint64_t now_ms, bool owned)
{
	struct packet burst[PACKET_BURST];
	uint8_t *memories[PACKET_BURST];

	for (unsigned i = 0; i < count; i++) {
		memories[i] = malloc(PACKET_HEADROOM + packets[i].length + PACKET_TAILROOM);
		if (!memories[i])
			abort();
		memcpy(memories[i] + PACKET_HEADROOM, packets[i].frame, packets[i].length);
		burst[i] = (struct packet){
			.data = memories[i] + PACKET_HEADROOM,
			.length = packets[i].length,
			.vlan = packets[i].vlan,
			.outer_vlan = packets[i].outer_vlan,
			.in_port = packets[i].in_port,
			.verdict = 0xff,
		};
	}
	if (owned)
		engine_run_owned(&side->engine, burst, count, now_ms);
	else
		engine_run(&side->engine, burst, count, now_ms);
	for (unsigned i = 0; i < count; i++) {
		packets[i].verdict = burst[i].verdict;
		packets[i].owner = burst[i].owner;
		packets[i].out_port = burst[i].out_port;
		packets[i].vlan = burst[i].vlan;
		packets[i].outer_vlan = burst[i].outer_vlan;
		packets[i].length = burst[i].length;
		memcpy(packets[i].frame, burst[i].data, burst[i].length);
		free(memories[i]);
	}
}

struct engine *engine_side_engine(struct engine_side *side)
{
	return &side->engine;
}

unsigned engine_side_take_made(struct engine_side *side, struct model_packet *made)
{
	unsigned count = 0;

	for (struct packet packet = {.data = made->frame}; engine_take_made(&side->engine, &packet);
	     packet.data = made[count].frame) {
		made[count].verdict = ABI_VERDICT_BACKEND_GONE_TOLD;
		made[count].length = packet.length;
		made[count].out_port = packet.out_port;
		made[count].vlan = packet.vlan;
		count++;
	}
	return count;
}

void engine_side_age(struct engine_side *side, uint64_t now_ms)
{
	engine_age(&side->engine, now_ms);
}

uint32_t engine_side_flow_count(const struct engine_side *side)
{
	return side->engine.flows[FAMILY_IPV4]->count + side->engine.flows[FAMILY_IPV6]->count;
}

const struct abi_counters_block *engine_side_counters(const struct engine_side *side)
{
	return side->engine.counters;
}

static struct flow_tuple tuple_of(const struct model_tuple *tuple)
{
	bool is_ipv4 = model_is_ipv4(tuple->source.address);
	struct flow_tuple wanted = {
		.ports = {htons(tuple->source.port), htons(tuple->destination.port)},
		.protocol = tuple->protocol,
		.family = is_ipv4 ? 4 : 6,
	};

	if (is_ipv4) {
		memcpy(&wanted.ipv4.be_source, tuple->source.address + 12, 4);
		memcpy(&wanted.ipv4.be_destination, tuple->destination.address + 12, 4);
	} else {
		memcpy(wanted.ipv6.be_source, tuple->source.address, 16);
		memcpy(wanted.ipv6.be_destination, tuple->destination.address, 16);
	}
	return wanted;
}

static const struct abi_flow *find(const struct engine_side *side, const struct model_tuple *tuple)
{
	struct flow_tuple wanted = tuple_of(tuple);
	const struct flow_table *flows =
		side->engine.flows[wanted.family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];

	uint32_t ref = flow_table_find(flows, &wanted, flow_hash(flows->secret, &wanted));
	if (ref == FLOW_NONE || flow_ref_direction(ref) != ABI_FLOW_FROM_CLIENT)
		return NULL;
	return flow_table_record(flows, flow_ref_record(ref));
}

bool engine_side_has_flow(void *side, const struct model_tuple *client)
{
	return find(side, client) != NULL;
}

bool engine_side_leads_here(void *context, const struct model_tuple *reply)
{
	const struct engine *engine = &((struct engine_side *)context)->engine;
	struct flow_tuple tuple = tuple_of(reply);

	return owner_of_hash(engine->owner, toeplitz_hash(&engine->owner->toeplitz, &tuple)) ==
	       engine->number;
}

static uint32_t flags_of(const struct model_flow *flow)
{
	return (flow->full_nat ? ABI_FLOW_FULL_NAT : 0) |
	       (flow->client_fin ? ABI_FLOW_CLIENT_FIN : 0) |
	       (flow->backend_fin ? ABI_FLOW_BACKEND_FIN : 0) |
	       (flow->answered ? ABI_FLOW_ANSWERED : 0) | (flow->reset ? ABI_FLOW_RESET : 0);
}

const char *engine_side_differs(const struct engine_side *side, const struct model_flow *flow)
{
	const uint32_t flags = ABI_FLOW_FULL_NAT | ABI_FLOW_CLIENT_FIN | ABI_FLOW_BACKEND_FIN |
			       ABI_FLOW_ANSWERED | ABI_FLOW_RESET;
	const struct abi_flow *record = find(side, &flow->client);

	if (!record)
		return "there is no record";
	if (record->state != flow->state)
		return "state";
	if ((record->flags & flags) != (flags_of(flow) & flags))
		return "flags";
	if (record->last_seen != flow->last_seen)
		return "last_seen";
	if (flow->state != ABI_FLOW_DIRECT &&
	    (record->service != flow->service || record->backend != flow->backend ||
	     record->service_epoch != flow->service_epoch ||
	     record->backend_epoch != flow->backend_epoch))
		return "service or backend";
	return NULL;
}
