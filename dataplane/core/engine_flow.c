/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets of known flows, and the beginning and end of flows. */
#include "dataplane/core/engine_internal.h"

#include "dataplane/core/flow_state.h"
#include "dataplane/core/flow_timers.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/translate.h"

const struct abi_service *engine_service_of(const struct snapshot *snapshot,
					    const struct abi_flow *flow)
{
	if (flow->service >= snapshot->service_count)
		return NULL;
	const struct abi_service *service = snapshot->services[flow->service];
	return service != NULL && service->epoch == flow->service_epoch ? service : NULL;
}

const struct abi_backend *engine_backend_of(const struct snapshot *snapshot,
					    const struct abi_flow *flow)
{
	if (flow->backend >= snapshot->backend_count)
		return NULL;
	const struct abi_backend *backend = snapshot->backends[flow->backend];
	return backend != NULL && backend->epoch == flow->backend_epoch ? backend : NULL;
}

void engine_count_in(struct engine *engine, const struct abi_flow *flow, uint32_t ip_length)
{
	struct abi_traffic *service = &engine->counters->services[flow->service];
	struct abi_traffic *backend = &engine->counters->backends[flow->backend];

	counter_add(&service->packets_in, 1);
	counter_add(&service->bytes_in, ip_length);
	counter_add(&backend->packets_in, 1);
	counter_add(&backend->bytes_in, ip_length);
}

void engine_count_out(struct engine *engine, const struct abi_flow *flow, uint32_t ip_length)
{
	struct abi_traffic *service = &engine->counters->services[flow->service];
	struct abi_traffic *backend = &engine->counters->backends[flow->backend];

	counter_add(&service->packets_out, 1);
	counter_add(&service->bytes_out, ip_length);
	counter_add(&backend->packets_out, 1);
	counter_add(&backend->bytes_out, ip_length);
}

void engine_count_drop(struct engine *engine, const struct abi_flow *flow)
{
	counter_add(&engine->counters->services[flow->service].drops, 1);
	counter_add(&engine->counters->backends[flow->backend].drops, 1);
}

static void count_started(struct engine *engine, const struct abi_flow *flow)
{
	counter_add(&engine->counters->services[flow->service].flows_started, 1);
	counter_add(&engine->counters->backends[flow->backend].flows_started, 1);
}

static void count_ended(struct engine *engine, const struct abi_flow *flow)
{
	counter_add(&engine->counters->services[flow->service].flows_ended, 1);
	counter_add(&engine->counters->backends[flow->backend].flows_ended, 1);
}

uint32_t engine_start_flow(struct engine *engine, const struct abi_flow *flow,
			   const struct abi_service *service)
{
	uint32_t record = flow_table_insert(engine->flows, flow);

	if (record == FLOW_NONE)
		return FLOW_NONE;
	flow_timers_arm(engine->flows, record, flow->last_seen + flow_state_timeout(flow, service));
	if (service != NULL)
		count_started(engine, flow);
	return record;
}

void engine_end_due_flow(struct engine *engine, uint32_t record)
{
	struct abi_flow *flow = &engine->flows->records[record];

	if (flow->state != ABI_FLOW_DIRECT)
		count_ended(engine, flow);
	hops_assign(engine->flows, flow, HOP_NONE);
	flow_table_remove(engine->flows, record);
}

void engine_end_flow(struct engine *engine, uint32_t record)
{
	flow_timers_disarm(engine->flows, record);
	engine_end_due_flow(engine, record);
}

/* What every packet of a flow leaves in its record. */
static void touch(struct engine *engine, uint32_t record, enum flow_direction direction,
		  const struct headers *headers, const struct abi_service *service, uint32_t now)
{
	struct abi_flow *flow = &engine->flows->records[record];

	if (flow->last_seen != now)
		__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	if (flow_state_advance(flow, direction, headers->tcp_flags)) {
		flow_timers_disarm(engine->flows, record);
		flow_timers_arm(engine->flows, record, now + flow_state_timeout(flow, service));
	}
}

/*
 * A client's packet that the old record should not serve: a new connection
 * from the ports of one that is closing, whose backend takes no new ones, or
 * something that can still go to another backend while its own is down.
 */
static bool begins_anew(const struct abi_flow *flow, const struct abi_backend *backend,
			const struct headers *headers)
{
	bool is_down = backend->state == ABI_BACKEND_DOWN;

	if (flow->state == ABI_FLOW_UDP)
		return is_down;
	if (!flow_state_is_opening(headers->tcp_flags))
		return false;
	return (flow->state == ABI_FLOW_TCP_CLOSING && backend->state != ABI_BACKEND_UP) ||
	       (flow->state == ABI_FLOW_TCP_HALF_OPEN && is_down);
}

/*
 * A new connection from the ports of one that is closing keeps backend and
 * local port. The backend may be in TIME-WAIT still, where it takes a SYN of the
 * same two ends, whose sequence numbers have moved on (RFC 6191), and answers
 * one of any other client, to which the local port would be drawn next, with
 * the acknowledgement of an old connection.
 */
static void restart(struct engine *engine, uint32_t record, const struct abi_service *service,
		    uint32_t now)
{
	struct abi_flow *flow = &engine->flows->records[record];
	const uint8_t of_the_last = ABI_FLOW_CLIENT_FIN | ABI_FLOW_BACKEND_FIN | ABI_FLOW_ANSWERED;

	count_ended(engine, flow);
	count_started(engine, flow);
	__atomic_store_n(&flow->flags, (uint8_t)(flow->flags & ~of_the_last), __ATOMIC_RELAXED);
	__atomic_store_n(&flow->syn_time, now, __ATOMIC_RELAXED);
	__atomic_store_n(&flow->state, ABI_FLOW_TCP_HALF_OPEN, __ATOMIC_RELAXED);
	flow_timers_disarm(engine->flows, record);
	flow_timers_arm(engine->flows, record, now + flow_state_timeout(flow, service));
}

/* Follows a client whose packets come another way now. */
static void refresh_hop(struct engine *engine, struct abi_flow *flow, const struct packet *packet,
			uint32_t now)
{
	if (hops_is_from(engine->flows, flow->client_hop, packet))
		return;
	/* Of a sender one may not learn from, once a tick is often enough to ask. */
	if (flow->client_hop == HOP_NONE && flow->last_seen == now)
		return;
	uint16_t hop = hops_learn(engine, packet, flow->be_client);
	if (hop != HOP_NONE)
		hops_assign(engine->flows, flow, hop);
}

static uint8_t from_client(struct engine *engine, struct packet *packet,
			   const struct headers *headers, uint32_t record,
			   const struct abi_service *service, const struct abi_backend *backend,
			   uint32_t now)
{
	struct abi_flow *flow = &engine->flows->records[record];
	struct egress egress;

	uint8_t verdict = egress_to_backend(engine, backend, headers, &egress);
	if (verdict != VERDICT_NONE) {
		engine_count_drop(engine, flow);
		return verdict;
	}
	struct flow_tuple reply = flow_backend_tuple(flow);
	struct flow_tuple to = flow_tuple_reverse(&reply);
	refresh_hop(engine, flow, packet, now);
	translate_packet(engine, packet, headers, &to, &egress);
	touch(engine, record, FLOW_FROM_CLIENT, headers, service, now);
	engine_count_in(engine, flow, headers->ip_length);
	return ABI_VERDICT_TO_BACKEND;
}

static uint8_t from_backend(struct engine *engine, struct packet *packet,
			    const struct headers *headers, uint32_t record,
			    const struct abi_service *service, uint32_t now)
{
	struct abi_flow *flow = &engine->flows->records[record];
	struct egress egress;

	uint8_t verdict = egress_to_client(engine, flow, headers, &egress);
	if (verdict != VERDICT_NONE) {
		engine_count_drop(engine, flow);
		return verdict;
	}
	struct flow_tuple request = flow_client_tuple(flow);
	struct flow_tuple to = flow_tuple_reverse(&request);
	translate_packet(engine, packet, headers, &to, &egress);
	touch(engine, record, FLOW_FROM_BACKEND, headers, service, now);
	engine_count_out(engine, flow, headers->ip_length);
	return ABI_VERDICT_TO_CLIENT;
}

uint8_t engine_run_flow(struct engine *engine, struct packet *packet, const struct headers *headers,
			uint32_t ref, uint32_t now)
{
	uint32_t record = flow_ref_record(ref);
	enum flow_direction direction = flow_ref_direction(ref);
	const struct abi_flow *flow = &engine->flows->records[record];

	if (flow->state == ABI_FLOW_DIRECT) {
		touch(engine, record, direction, headers, NULL, now);
		return ABI_VERDICT_TO_LINUX;
	}
	const struct abi_service *service = engine_service_of(engine->snapshot, flow);
	const struct abi_backend *backend = engine_backend_of(engine->snapshot, flow);
	if (service == NULL || backend == NULL ||
	    (direction == FLOW_FROM_CLIENT && begins_anew(flow, backend, headers))) {
		engine_end_flow(engine, record);
		return VERDICT_NONE;
	}
	if (direction == FLOW_FROM_CLIENT) {
		if (flow->state == ABI_FLOW_TCP_CLOSING &&
		    flow_state_is_opening(headers->tcp_flags))
			restart(engine, record, service, now);
		return from_client(engine, packet, headers, record, service, backend, now);
	}
	return from_backend(engine, packet, headers, record, service, now);
}
