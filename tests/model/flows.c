/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/flows.h"

#include "tests/model/lookup.h"

#include <string.h>

/* Of direct connections. */
#define DIRECT_TCP_MS     7440000
#define DIRECT_UDP_MS     300000
#define DIRECT_BRIEFLY_MS 60000

/*
 * The flow that gives way need be the first one due only about: by so
 * many ticks, and of those due further off than timers reach it may be any.
 */
#define EVICTION_SLACK 16
#define EVICTION_REACH 1000

static bool same_endpoint(const struct model_endpoint *one, const struct model_endpoint *other)
{
	return one->port == other->port && memcmp(one->address, other->address, 16) == 0;
}

static bool same_tuple(const struct model_tuple *one, const struct model_tuple *other)
{
	return one->protocol == other->protocol && same_endpoint(&one->source, &other->source) &&
	       same_endpoint(&one->destination, &other->destination);
}

struct model_tuple model_turn(const struct model_tuple *tuple)
{
	return (struct model_tuple){
		.source = tuple->destination,
		.destination = tuple->source,
		.protocol = tuple->protocol,
	};
}

struct model_flow *model_find_flow(const struct model *model, const struct model_tuple *tuple,
				   bool *from_client)
{
	for (uint32_t i = 0; i < model->flow_count; i++) {
		struct model_flow *flow = &model->flows[i];

		*from_client = same_tuple(&flow->client, tuple);
		if (*from_client || same_tuple(&flow->reply, tuple))
			return flow;
	}
	return NULL;
}

bool model_is_taken(const struct model *model, const struct model_tuple *tuple)
{
	bool from_client;

	return model_find_flow(model, tuple, &from_client) != NULL;
}

const struct abi_service *model_service_of(const struct model *model, const struct model_flow *flow)
{
	const struct abi_service *service = model->tables->services[flow->service];

	return service && service->epoch == flow->service_epoch ? service : NULL;
}

const struct abi_backend *model_backend_of(const struct model *model, const struct model_flow *flow)
{
	const struct abi_backend *backend = model->tables->backends[flow->backend];

	return backend && backend->epoch == flow->backend_epoch ? backend : NULL;
}

struct abi_traffic *model_service_row(struct model *model, const struct model_flow *flow)
{
	return flow->state == ABI_FLOW_DIRECT ? NULL : &model->services[flow->service];
}

struct abi_traffic *model_backend_row(struct model *model, const struct model_flow *flow)
{
	return flow->state == ABI_FLOW_DIRECT ? NULL : &model->backends[flow->backend];
}

static bool may_give_way(const struct model_flow *flow, uint8_t state, bool is_ipv4)
{
	return flow->state == state && model_is_ipv4(flow->client.source.address) == is_ipv4;
}

/*
 * The engine has given up a flow in this state for a new one: which? It has to be
 * among the first that would have ended anyway; packets after its first do not count
 * for it, since its timer may not know of them. False: there was none.
 */
static bool evict(struct model *model, uint8_t state, bool is_ipv4)
{
	struct model_flow *gone = NULL;
	bool any = false;
	uint32_t first_due = 0;

	for (uint32_t i = 0; i < model->flow_count; i++) {
		struct model_flow *flow = &model->flows[i];

		if (!may_give_way(flow, state, is_ipv4))
			continue;
		if (!any || model_ticks(flow->due, first_due) > 0)
			first_due = flow->due;
		any = true;
		if (!model->oracle.has_flow(model->oracle.context, &flow->client))
			gone = flow;
	}
	if (gone) {
		model->impossible += model_ticks(first_due, gone->first_due) > EVICTION_SLACK;
		model_end_flow(model, gone);
	}
	return any;
}

static bool is_full(const struct model *model, bool is_ipv4)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->flow_count; i++)
		count += model_is_ipv4(model->flows[i].client.source.address) == is_ipv4;
	return count == model->flow_capacity;
}

bool model_begin_flow(struct model *model, const struct model_flow *flow)
{
	bool is_ipv4 = model_is_ipv4(flow->client.source.address);

	if (is_full(model, is_ipv4) && (model->features & FEATURE_EVICTION))
		if (!evict(model, ABI_FLOW_TCP_HALF_OPEN, is_ipv4))
			evict(model, ABI_FLOW_TCP_CLOSING, is_ipv4);
	if (is_full(model, is_ipv4))
		return false;
	struct model_flow *place = &model->flows[model->flow_count++];
	*place = *flow;
	model_arm(model, place, place->last_seen);
	if (flow->state != ABI_FLOW_DIRECT) {
		model_service_row(model, flow)->flows_started++;
		model_backend_row(model, flow)->flows_started++;
	}
	return true;
}

void model_end_flow(struct model *model, struct model_flow *flow)
{
	if (flow->state != ABI_FLOW_DIRECT) {
		model_service_row(model, flow)->flows_ended++;
		model_backend_row(model, flow)->flows_ended++;
	}
	*flow = model->flows[--model->flow_count];
}

bool model_is_opening(uint8_t tcp_flags)
{
	return (tcp_flags & FLAG_SYN) && !(tcp_flags & FLAG_ACK) && !(tcp_flags & FLAG_RST);
}

bool model_is_in_doubt(const struct model_flow *flow)
{
	return flow->state == ABI_FLOW_TCP_CLOSING && flow->reset && flow->was_open;
}

static bool is_closed(const struct model_flow *flow)
{
	return flow->reset || (flow->client_fin && flow->backend_fin);
}

static void reset(struct model_flow *flow)
{
	flow->reset = true;
	if (flow->state == ABI_FLOW_TCP_ESTABLISHED)
		flow->was_open = true;
	if (flow->state != ABI_FLOW_DIRECT)
		flow->state = ABI_FLOW_TCP_CLOSING;
}

/* The reset was not believed. */
static void revive(struct model_flow *flow)
{
	if (flow->state == ABI_FLOW_TCP_CLOSING)
		flow->state = flow->was_open ? ABI_FLOW_TCP_ESTABLISHED : ABI_FLOW_TCP_HALF_OPEN;
	flow->reset = flow->was_open = false;
}

static void advance(struct model_flow *flow, bool from_client, uint8_t tcp_flags)
{
	bool asks_anew = from_client && model_is_opening(tcp_flags);

	/* The next connection between the same two ends. */
	if (flow->state == ABI_FLOW_DIRECT && asks_anew) {
		flow->client_fin = flow->backend_fin = flow->answered = flow->reset = false;
		return;
	}
	if (tcp_flags & FLAG_RST) {
		reset(flow);
		return;
	}
	if (flow->reset && !asks_anew)
		revive(flow);
	if (!from_client)
		flow->answered = true;
	if ((tcp_flags & FLAG_FIN) && from_client)
		flow->client_fin = true;
	else if (tcp_flags & FLAG_FIN)
		flow->backend_fin = true;

	bool is_alive =
		flow->state == ABI_FLOW_TCP_HALF_OPEN || flow->state == ABI_FLOW_TCP_ESTABLISHED;
	if (is_alive && is_closed(flow))
		flow->state = ABI_FLOW_TCP_CLOSING;
	else if (is_alive && from_client && flow->answered && (tcp_flags & FLAG_ACK))
		flow->state = ABI_FLOW_TCP_ESTABLISHED;
}

void model_touch(struct model *model, struct model_flow *flow, bool from_client, uint8_t tcp_flags,
		 uint32_t now)
{
	bool was_closed = is_closed(flow);
	uint8_t state = flow->state;

	if (from_client)
		flow->from_client++;
	else
		flow->from_backend++;
	advance(flow, from_client, tcp_flags);
	flow->last_seen = now;
	flow->due = model_due(model, flow, now);
	if (flow->state != state || (!was_closed && is_closed(flow)))
		model_arm(model, flow, now);
}

int32_t model_ticks(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static uint32_t direct_timeout(const struct model_flow *flow)
{
	if (flow->client.protocol == PROTO_UDP)
		return DIRECT_UDP_MS;
	if (!flow->answered || is_closed(flow))
		return DIRECT_BRIEFLY_MS;
	return DIRECT_TCP_MS;
}

static uint32_t timeout_of(const struct model *model, const struct model_flow *flow)
{
	if (flow->state == ABI_FLOW_DIRECT)
		return direct_timeout(flow);

	const uint32_t *timeouts = model_service_of(model, flow)->timeouts;
	if (flow->state == ABI_FLOW_TCP_HALF_OPEN)
		return timeouts[ABI_TIMEOUT_TCP_HALF_OPEN];
	if (flow->state == ABI_FLOW_TCP_ESTABLISHED)
		return timeouts[ABI_TIMEOUT_TCP_ESTABLISHED];
	if (flow->state == ABI_FLOW_TCP_CLOSING)
		return timeouts[ABI_TIMEOUT_TCP_CLOSING];
	if ((model->features & FEATURE_UDP_ONE_SHOT) && flow->from_client == 1 &&
	    flow->from_backend == 1)
		return timeouts[ABI_TIMEOUT_UDP_ONE_SHOT];
	return timeouts[ABI_TIMEOUT_UDP];
}

void model_arm(const struct model *model, struct model_flow *flow, uint32_t now)
{
	flow->due = model_due(model, flow, now);
	flow->first_due = flow->due - now > EVICTION_REACH ? now + EVICTION_REACH : flow->due;
}

/* Ticks are rounded down when a packet is seen: one more makes up for it. */
uint32_t model_due(const struct model *model, const struct model_flow *flow, uint32_t now)
{
	uint32_t milliseconds = timeout_of(model, flow);
	uint32_t ticks = milliseconds / ABI_FLOW_TICK_MS + (milliseconds % ABI_FLOW_TICK_MS != 0);

	return now + ticks + 1;
}

void model_count(struct model *model, const struct model_flow *flow, bool from_client,
		 uint8_t verdict, uint32_t ip_length)
{
	struct abi_traffic *rows[] = {model_service_row(model, flow),
				      model_backend_row(model, flow)};
	bool is_sent = verdict == ABI_VERDICT_TO_BACKEND || verdict == ABI_VERDICT_TO_CLIENT;

	for (unsigned i = 0; i < 2; i++) {
		rows[i]->packets_in += is_sent && from_client;
		rows[i]->bytes_in += is_sent && from_client ? ip_length : 0;
		rows[i]->packets_out += is_sent && !from_client;
		rows[i]->bytes_out += is_sent && !from_client ? ip_length : 0;
		rows[i]->drops += !is_sent;
	}
}
