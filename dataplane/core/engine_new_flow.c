/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets of no flow: which of them begin one. */
#include "dataplane/core/engine_internal.h"

#include "dataplane/core/flow_state.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/local_ports.h"
#include "dataplane/core/select.h"
#include "dataplane/core/translate.h"

/* Service and backend of a record that has none. */
#define NO_OBJECT 0xffff

static bool is_taken(const struct flow_table *flows, const struct flow_tuple *tuple)
{
	return flow_table_find(flows, tuple, flow_hash(flows->secret, tuple)) != FLOW_NONE;
}

/* Whether an address can be a client's: not one of this host, nor one nobody can answer. */
static bool is_client_address(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	uint8_t first = (uint8_t)(be32toh(tuple->be_source) >> 24);

	return first != 0 && first != 127 && first < 224 && tuple->be_source_port != 0 &&
	       !snapshot_is_host_address(snapshot, tuple->be_source) &&
	       !snapshot_is_service_address(snapshot, tuple->be_source) &&
	       !snapshot_is_local_address(snapshot, tuple->be_source);
}

/*
 * Whether a packet may begin a flow. With dnat, a connection whose record was
 * lost goes on where the ring says it was; with full NAT nobody knows its local
 * port any more.
 */
static bool may_begin(const struct abi_service *service, const struct headers *headers)
{
	if (headers->tuple.protocol != PROTOCOL_TCP || flow_state_is_opening(headers->tcp_flags))
		return true;
	return service->forwarding == ABI_DNAT &&
	       (headers->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_RST)) == 0;
}

static uint8_t first_state(const struct headers *headers)
{
	if (headers->tuple.protocol == PROTOCOL_UDP)
		return ABI_FLOW_UDP;
	return flow_state_is_opening(headers->tcp_flags) ? ABI_FLOW_TCP_HALF_OPEN
							 : ABI_FLOW_TCP_ESTABLISHED;
}

/* The record of a client's packet before a backend is chosen. */
static struct abi_flow draft(const struct headers *headers, uint32_t now)
{
	return (struct abi_flow){
		.protocol = (uint8_t)headers->tuple.protocol,
		.family = 4,
		.last_seen = now,
		.syn_time = now,
		.be_client = headers->tuple.be_source,
		.be_client_port = headers->tuple.be_source_port,
		.be_service = headers->tuple.be_destination,
		.be_service_port = headers->tuple.be_destination_port,
		.service = NO_OBJECT,
		.backend = NO_OBJECT,
	};
}

static void put_backend(struct abi_flow *flow, const struct abi_backend *backend, uint32_t index)
{
	memcpy(&flow->be_backend, backend->address + 12, sizeof(flow->be_backend));
	flow->be_backend_port = backend->port != 0 ? htobe16(backend->port) : flow->be_service_port;
	flow->backend = (uint16_t)index;
	flow->backend_epoch = backend->epoch;
}

/* dnat keeps the client's address: the first backend towards which it is not in use yet. */
static uint8_t choose_dnat(const struct engine *engine, struct selection *selection,
			   struct abi_flow *flow)
{
	flow->be_local = flow->be_client;
	flow->be_local_port = flow->be_client_port;
	for (;;) {
		uint32_t index = select_next(selection);
		if (index == ABI_NONE)
			return ABI_VERDICT_REPLY_TUPLE_TAKEN;
		put_backend(flow, engine->snapshot->backends[index], index);
		struct flow_tuple reply = flow_backend_tuple(flow);
		if (!is_taken(engine->flows, &reply))
			return VERDICT_NONE;
	}
}

static uint8_t choose_full_nat(struct engine *engine, const struct abi_service *service,
			       struct selection *selection, struct abi_flow *flow)
{
	const struct snapshot *snapshot = engine->snapshot;
	uint32_t index = select_next(selection);

	put_backend(flow, snapshot->backends[index], index);
	flow->flags |= ABI_FLOW_FULL_NAT;
	if (!local_ports_draw(engine, snapshot->local_pools[service->local_pool], flow))
		return ABI_VERDICT_NO_LOCAL_PORT;
	return VERDICT_NONE;
}

static uint8_t choose(struct engine *engine, const struct abi_service *service,
		      struct abi_flow *flow)
{
	struct selection selection;

	if (!select_begin(engine->snapshot, service, flow->be_client, flow->be_client_port,
			  &selection))
		return ABI_VERDICT_NO_BACKEND;
	if (service->forwarding == ABI_FULL_NAT)
		return choose_full_nat(engine, service, &selection, flow);
	return choose_dnat(engine, &selection, flow);
}

static uint8_t begin(struct engine *engine, struct packet *packet, const struct headers *headers,
		     const struct abi_service *service, struct abi_flow *flow)
{
	struct egress egress;

	if (!is_client_address(engine->snapshot, &headers->tuple))
		return ABI_VERDICT_BAD_ADDRESS;
	if (!may_begin(service, headers))
		return ABI_VERDICT_NO_FLOW;
	uint8_t verdict = choose(engine, service, flow);
	if (verdict != VERDICT_NONE)
		return verdict;
	/* A packet that cannot be sent leaves no record. */
	verdict = egress_to_backend(engine, engine->snapshot->backends[flow->backend], headers,
				    &egress);
	if (verdict != VERDICT_NONE)
		return verdict;

	uint32_t record = engine_start_flow(engine, flow, service);
	if (record == FLOW_NONE)
		return ABI_VERDICT_FLOW_TABLE_FULL;
	hops_assign(engine->flows, &engine->flows->records[record],
		    hops_learn(engine, packet, flow->be_client));
	struct flow_tuple reply = flow_backend_tuple(flow);
	struct flow_tuple to = flow_tuple_reverse(&reply);
	translate_packet(engine, packet, headers, &to, &egress);
	return ABI_VERDICT_TO_BACKEND;
}

static uint8_t begin_service(struct engine *engine, struct packet *packet,
			     const struct headers *headers, const struct abi_service *service,
			     uint32_t index, uint32_t now)
{
	struct abi_flow flow = draft(headers, now);

	flow.state = first_state(headers);
	flow_state_advance(&flow, FLOW_FROM_CLIENT, headers->tcp_flags);
	flow.service = (uint16_t)index;
	flow.service_epoch = service->epoch;
	uint8_t verdict = begin(engine, packet, headers, service, &flow);
	if (verdict == ABI_VERDICT_TO_BACKEND) {
		engine_count_in(engine, &flow, headers->ip_length);
	} else {
		counter_add(&engine->counters->services[index].drops, 1);
		if (flow.backend != NO_OBJECT)
			counter_add(&engine->counters->backends[flow.backend].drops, 1);
	}
	return verdict;
}

/*
 * True when nobody has the tuple. A flow that is closing gives way to a new
 * connection: clients use their ports again, towards other addresses, sooner
 * than our record of the last connection ends.
 */
static bool make_way(struct engine *engine, const struct headers *headers,
		     const struct flow_tuple *tuple)
{
	struct flow_table *flows = engine->flows;
	uint32_t ref = flow_table_find(flows, tuple, flow_hash(flows->secret, tuple));

	if (ref == FLOW_NONE)
		return true;
	if (flows->records[flow_ref_record(ref)].state != ABI_FLOW_TCP_CLOSING ||
	    !flow_state_is_opening(headers->tcp_flags))
		return false;
	engine_end_flow(engine, flow_ref_record(ref));
	return true;
}

/*
 * A client and a dnat backend's real address: Linux forwards it. The record
 * tells the backend's answers from replies of flows that were lost.
 */
static uint8_t begin_direct(struct engine *engine, const struct headers *headers, uint32_t now)
{
	struct abi_flow flow = draft(headers, now);
	struct flow_tuple reply = flow_tuple_reverse(&headers->tuple);

	if (!make_way(engine, headers, &reply))
		return ABI_VERDICT_REPLY_TUPLE_TAKEN;
	flow.state = ABI_FLOW_DIRECT;
	flow.be_local = flow.be_client;
	flow.be_local_port = flow.be_client_port;
	flow.be_backend = flow.be_service;
	flow.be_backend_port = flow.be_service_port;
	if (engine_start_flow(engine, &flow, NULL) == FLOW_NONE)
		return ABI_VERDICT_FLOW_TABLE_FULL;
	return ABI_VERDICT_TO_LINUX;
}

uint8_t engine_run_new(struct engine *engine, struct packet *packet, const struct headers *headers,
		       uint32_t now)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct flow_tuple *tuple = &headers->tuple;
	uint8_t protocol = (uint8_t)tuple->protocol;
	uint16_t port = be16toh(tuple->be_destination_port);
	uint32_t index;

	const struct abi_service *service =
		snapshot_find_service(snapshot, tuple->be_destination, port, protocol, &index);
	if (service != NULL)
		return begin_service(engine, packet, headers, service, index, now);
	if (snapshot_is_local(snapshot, tuple->be_destination, port))
		return ABI_VERDICT_NO_FLOW;
	if (snapshot_is_dnat_endpoint(snapshot, tuple->be_destination, port, protocol))
		return begin_direct(engine, headers, now);
	/* A lost flow's reply must never leave untranslated. */
	if (snapshot_is_dnat_endpoint(snapshot, tuple->be_source, be16toh(tuple->be_source_port),
				      protocol) &&
	    !snapshot_is_host_address(snapshot, tuple->be_destination))
		return ABI_VERDICT_NO_FLOW;
	return ABI_VERDICT_TO_LINUX;
}
