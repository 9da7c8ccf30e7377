/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/begin.h"

#include "dataplane/abi/hash.h"
#include "tests/model/clamp.h"
#include "tests/model/flows.h"
#include "tests/model/local.h"
#include "tests/model/lookup.h"
#include "tests/model/send.h"
#include "tests/model/tell.h"

#include <string.h>

/* Bounds of the search for a backend whose reply tuple is not taken. */
#define BACKENDS_TRIED 8
#define SLOTS_WALKED   256

/* Addresses nobody can be answered at. */
static bool is_nobodys(const uint8_t address[16])
{
	static const uint8_t zero[8];

	if (model_is_ipv4(address))
		return address[12] == 0 || address[12] == 127 || address[12] >= 224;
	/* Of ::/64 are :: and ::1. */
	return address[0] == 0xff || memcmp(address, zero, 8) == 0;
}

static bool can_be_client(const struct model *model, const struct model_endpoint *endpoint)
{
	const struct model_tables *tables = model->tables;
	const uint8_t *address = endpoint->address;

	return endpoint->port != 0 && !is_nobodys(address) &&
	       !model_is_host_address(tables, address) &&
	       !model_is_service_address(tables, address) &&
	       !model_is_local_address(tables, address);
}

/* dnat takes up a connection in its middle, where the ring says it was; full NAT cannot. */
static bool may_begin(const struct abi_service *service, const struct model_headers *headers)
{
	if (headers->tuple.protocol == PROTO_UDP || model_is_opening(headers->tcp_flags))
		return true;
	return service->forwarding == ABI_DNAT && !(headers->tcp_flags & FLAG_SYN) &&
	       !(headers->tcp_flags & FLAG_RST);
}

static uint32_t slot_of(const struct model *model, const struct abi_service *service,
			const struct abi_ring *ring, const struct model_endpoint *client)
{
	bool is_ipv4 = model_is_ipv4(client->address);
	size_t size = is_ipv4 ? 4 : 16;
	uint8_t key[18];

	memcpy(key, client->address + (is_ipv4 ? 12 : 0), size);
	if (service->hash_on == ABI_HASH_ADDRESS_PORT) {
		model_put16(key + size, client->port);
		size += 2;
	}
	uint64_t hash = abi_siphash(model->tables->settings.ring_key, key, size) & 0xffffffff;
	return (uint32_t)(hash * ring->size >> 32);
}

bool model_would_begin_so(const struct model *model, const struct model_flow *flow)
{
	const struct model_tables *tables = model->tables;
	int found = model_find_service(tables, &flow->client.destination, flow->client.protocol);

	if (found != flow->service ||
	    (tables->services[found]->forwarding == ABI_FULL_NAT) != flow->full_nat)
		return false;
	const struct abi_service *service = tables->services[found];
	const struct abi_ring *ring =
		service->ring == ABI_NONE ? NULL : tables->rings[service->ring];
	return ring &&
	       ring->slots[slot_of(model, service, ring, &flow->client.source)] == flow->backend;
}

static void put_backend(const struct model *model, struct model_flow *flow, uint16_t index)
{
	const struct abi_backend *backend = model->tables->backends[index];

	memcpy(flow->reply.source.address, backend->address, 16);
	flow->reply.source.port =
		backend->port != 0 ? backend->port : flow->client.destination.port;
	flow->backend = index;
	flow->backend_epoch = backend->epoch;
}

/* The first backend from a slot on that is none of those tried; -1: it is too far. */
static int next_backend(const struct abi_ring *ring, uint32_t *slot, const uint16_t *tried,
			unsigned count)
{
	for (unsigned walked = 0; walked < SLOTS_WALKED; walked++) {
		bool was_tried = false;

		for (unsigned i = 0; i < count; i++)
			was_tried = was_tried || tried[i] == ring->slots[*slot];
		if (!was_tried)
			return ring->slots[*slot];
		*slot = (*slot + 1) % ring->size;
	}
	return -1;
}

/* Nobody has the reply tuple of the flow that is to be: what was closing there is over now. */
static bool make_way(struct model *model, const struct model_flow *flow, uint8_t tcp_flags)
{
	bool from_client;
	struct model_flow *holder = model_find_flow(model, &flow->reply, &from_client);

	if (!holder)
		return true;
	if (holder->state != ABI_FLOW_TCP_CLOSING || model_is_in_doubt(holder) ||
	    !model_is_opening(tcp_flags))
		return false;
	model_end_flow(model, holder);
	return true;
}

/* The client's address and port stay: the first backend that has no such flow. */
static uint8_t choose_dnat(struct model *model, const struct abi_ring *ring, uint32_t slot,
			   uint8_t tcp_flags, struct model_flow *flow)
{
	uint16_t tried[BACKENDS_TRIED];

	flow->reply.destination = flow->client.source;
	for (unsigned count = 0; count < BACKENDS_TRIED; count++) {
		int backend = next_backend(ring, &slot, tried, count);

		if (backend < 0)
			break;
		put_backend(model, flow, (uint16_t)backend);
		if (make_way(model, flow, tcp_flags))
			return MODEL_NO_VERDICT;
		tried[count] = (uint16_t)backend;
	}
	return ABI_VERDICT_REPLY_TUPLE_TAKEN;
}

static uint8_t choose_full_nat(struct model *model, const struct abi_service *service,
			       uint16_t backend, const struct model_packet *packet,
			       struct model_flow *flow)
{
	const struct abi_local_pool *pool = model->tables->local_pools[service->local_pool];

	put_backend(model, flow, backend);
	flow->full_nat = true;
	if (!packet->drew)
		return model_is_used_up(model, pool, flow, packet->drew_in_vain)
			       ? ABI_VERDICT_NO_LOCAL_PORT
			       : MODEL_NO_VERDICT;
	flow->reply.destination = packet->drawn;
	if (!model_could_draw(model, pool, &packet->drawn) || model_is_taken(model, &flow->reply) ||
	    !model_leads_here(model, &flow->reply))
		model->impossible++;
	return MODEL_NO_VERDICT;
}

static uint8_t choose(struct model *model, const struct abi_service *service,
		      const struct model_packet *packet, uint8_t tcp_flags, struct model_flow *flow)
{
	const struct abi_ring *ring =
		service->ring < MODEL_OBJECTS ? model->tables->rings[service->ring] : NULL;

	if (!ring)
		return ABI_VERDICT_NO_BACKEND;
	uint32_t slot = slot_of(model, service, ring, &flow->client.source);
	if (ring->slots[slot] == ABI_NO_BACKEND)
		return ABI_VERDICT_NO_BACKEND;
	if (service->forwarding == ABI_DNAT)
		return choose_dnat(model, ring, slot, tcp_flags, flow);
	return choose_full_nat(model, service, ring->slots[slot], packet, flow);
}

/* With dnat a backend answers a client on its own link past us. */
static bool goes_past(const struct model *model, const struct abi_service *service,
		      const struct model_packet *packet, const struct model_flow *flow,
		      const struct model_way *way)
{
	const struct abi_route *route;

	if (service->forwarding != ABI_DNAT || packet->in_port != way->port ||
	    packet->vlan != way->vlan || packet->outer_vlan != way->outer_vlan)
		return false;
	route = model_find_route(model->tables, flow->client.source.address);
	return route && route->next_hop == ABI_NONE && route->port == way->port;
}

static uint8_t begin_at(struct model *model, struct model_packet *packet,
			const struct model_headers *headers, const struct abi_service *service,
			struct model_flow *flow, uint32_t now)
{
	struct model_tuple to;
	struct model_way way;
	uint8_t verdict;

	if (!model_allows(service, flow->client.source.address))
		return ABI_VERDICT_DENIED;
	if (!can_be_client(model, &flow->client.source))
		return ABI_VERDICT_BAD_ADDRESS;
	if (!may_begin(service, headers))
		return ABI_VERDICT_NO_FLOW;
	verdict = choose(model, service, packet, headers->tcp_flags, flow);
	if (verdict != MODEL_NO_VERDICT)
		return verdict;
	verdict =
		model_way_to_backend(model, model->tables->backends[flow->backend], headers, &way);
	if (verdict != MODEL_NO_VERDICT)
		return model_tell(model, packet, headers, verdict,
				  headers->tuple.destination.address, way.mtu, now);
	if (!model_begin_flow(model, flow))
		return ABI_VERDICT_FLOW_TABLE_FULL;

	struct model_flow *begun = &model->flows[model->flow_count - 1];
	model_learn_hop(model, begun, packet, now);
	if (goes_past(model, service, packet, flow, &way)) {
		model_service_row(model, flow)->client_on_backend_link++;
		model_backend_row(model, flow)->client_on_backend_link++;
	}
	model_touch(model, begun, true, headers->tcp_flags, now);
	to = model_turn(&begun->reply);
	model_send(model, packet, headers, &to, &way);
	model_clamp(packet, headers, service->mss_clamp);
	return ABI_VERDICT_TO_BACKEND;
}

static void count(struct model *model, const struct model_flow *flow, uint8_t verdict,
		  uint32_t ip_length)
{
	struct abi_traffic *rows[] = {
		&model->services[flow->service],
		flow->backend == ABI_NO_BACKEND ? NULL : &model->backends[flow->backend],
	};

	for (unsigned i = 0; i < 2 && rows[i]; i++) {
		rows[i]->packets_in += verdict == ABI_VERDICT_TO_BACKEND;
		rows[i]->bytes_in += verdict == ABI_VERDICT_TO_BACKEND ? ip_length : 0;
		rows[i]->drops += verdict != ABI_VERDICT_TO_BACKEND;
	}
}

static uint8_t begin_service(struct model *model, struct model_packet *packet,
			     const struct model_headers *headers, int index, uint32_t now)
{
	const struct abi_service *service = model->tables->services[index];
	struct model_flow flow = {
		.client = headers->tuple,
		.reply.protocol = headers->tuple.protocol,
		.state = ABI_FLOW_TCP_HALF_OPEN,
		.last_seen = now,
		.service = (uint16_t)index,
		.service_epoch = service->epoch,
		.backend = ABI_NO_BACKEND,
		.hop = -1,
	};

	if (headers->tuple.protocol == PROTO_UDP)
		flow.state = ABI_FLOW_UDP;
	else if (!model_is_opening(headers->tcp_flags))
		flow.state = ABI_FLOW_TCP_ESTABLISHED;
	uint8_t verdict = begin_at(model, packet, headers, service, &flow, now);
	count(model, &flow, verdict, headers->ip_length);
	if (verdict == ABI_VERDICT_NO_BACKEND && service->when_down == ABI_WHEN_DOWN_RESET)
		return model_refuse(model, packet, headers, now);
	return verdict;
}

/* A client that reaches a dnat backend at its own address: Linux forwards, we remember. */
static uint8_t begin_direct(struct model *model, const struct model_headers *headers, uint32_t now)
{
	struct model_flow flow = {
		.client = headers->tuple,
		.reply = model_turn(&headers->tuple),
		.state = ABI_FLOW_DIRECT,
		.last_seen = now,
		.hop = -1,
	};

	if (!make_way(model, &flow, headers->tcp_flags))
		return ABI_VERDICT_REPLY_TUPLE_TAKEN;
	return model_begin_flow(model, &flow) ? ABI_VERDICT_TO_LINUX : ABI_VERDICT_FLOW_TABLE_FULL;
}

uint8_t model_begin(struct model *model, struct model_packet *packet,
		    const struct model_headers *headers, uint32_t now)
{
	const struct model_tuple *tuple = &headers->tuple;
	int service = model_find_service(model->tables, &tuple->destination, tuple->protocol);

	if (service >= 0)
		return begin_service(model, packet, headers, service, now);
	if (model_is_local(model->tables, &tuple->destination))
		return ABI_VERDICT_NO_FLOW;
	if (model_is_dnat_endpoint(model->tables, &tuple->destination, tuple->protocol))
		return begin_direct(model, headers, now);
	/* Ours by its source: the answer of a flow that was lost. */
	return model_is_ours(model->tables, tuple, true) ? ABI_VERDICT_NO_FLOW
							 : ABI_VERDICT_TO_LINUX;
}
