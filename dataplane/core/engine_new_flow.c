/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets of no flow: which of them begin one. */
#include "dataplane/core/classify.h"
#include "dataplane/core/egress.h"
#include "dataplane/core/engine_opening.h"
#include "dataplane/core/fence.h"
#include "dataplane/core/flow_state.h"
#include "dataplane/core/mss_clamp.h"
#include "dataplane/core/owner.h"
#include "dataplane/core/translate.h"

/* Service and backend of a record that has none. */
#define NO_OBJECT 0xffff

/* Whether an address can be a client's: not one of this host, nor one nobody can answer. */
static bool is_client(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	struct ip_address source = flow_tuple_source(tuple);

	return ip_address_is_answerable(&source) && tuple->ports.be_source != 0 &&
	       !snapshot_is_host_address(snapshot, &source) &&
	       !snapshot_is_service_address(snapshot, &source) &&
	       !snapshot_is_local_address(snapshot, &source);
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
static void draft(struct opening *opening, const struct headers *headers, uint32_t now)
{
	/* Of IPv6 addresses, which lie behind it, both directions are written. */
	opening->flow.flow = (struct abi_flow){
		.protocol = headers->tuple.protocol,
		.family = headers->tuple.family,
		.last_seen = now,
		.syn_time = now,
		.service = NO_OBJECT,
		.backend = NO_OBJECT,
	};
	flow_set_tuple(&opening->flow, ABI_FLOW_FROM_CLIENT, &headers->tuple);
}

/* What the backend's answers look like: from it, to the client itself or to the place drawn. */
static void aim(const struct engine *engine, struct opening *opening)
{
	const struct abi_backend *backend = engine->snapshot->backends[opening->backend];
	struct abi_flow *flow = &opening->flow.flow;
	struct flow_tuple *reply = &opening->reply;

	flow->backend = (uint16_t)opening->backend;
	flow->backend_epoch = backend->epoch;
	flow_tuple_set_source(reply, backend->address,
			      backend->port != 0
				      ? htobe16(backend->port)
				      : flow->ports[ABI_FLOW_FROM_CLIENT].be_destination);
}

/* Chooses the first backend, and a place for full NAT; neither need be free. */
static uint8_t choose(struct engine *engine, const struct headers *headers, struct opening *opening)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct abi_service *service = opening->service;

	if (!select_begin(snapshot, service, &headers->tuple, &opening->selection))
		return ABI_VERDICT_NO_BACKEND;
	opening->backend = select_next(&opening->selection);
	opening->reply = flow_tuple_reverse(&headers->tuple);
	aim(engine, opening);
	if (service->forwarding == ABI_FULL_NAT) {
		opening->flow.flow.flags |= ABI_FLOW_FULL_NAT;
		if (!local_ports_draw(engine, snapshot->local_pools[service->local_pool],
				      &opening->draw, &opening->reply))
			return ABI_VERDICT_NO_LOCAL_PORT;
	}
	return VERDICT_NONE;
}

static uint8_t prepare_service(struct engine *engine, const struct headers *headers, uint32_t index,
			       struct opening *opening)
{
	struct abi_flow *flow = &opening->flow.flow;
	struct ip_address client = flow_tuple_source(&headers->tuple);

	flow->service = (uint16_t)index;
	flow->service_epoch = opening->service->epoch;
	flow->state = first_state(headers);
	if (flow->state != ABI_FLOW_UDP)
		flow_state_advance(flow, ABI_FLOW_FROM_CLIENT, headers->tcp_flags);
	if (!snapshot_allows(opening->service, &client))
		return ABI_VERDICT_DENIED;
	if (!is_client(engine->snapshot, &headers->tuple))
		return ABI_VERDICT_BAD_ADDRESS;
	if (!may_begin(opening->service, headers))
		return ABI_VERDICT_NO_FLOW;
	return choose(engine, headers, opening);
}

/* What is no service's: a verdict, or VERDICT_NONE for what begins a direct connection. */
static uint8_t prepare_other(const struct engine *engine, const struct headers *headers,
			     const struct ip_address *destination, struct opening *opening)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct flow_tuple *tuple = &headers->tuple;
	struct ip_address source = flow_tuple_source(tuple);
	uint16_t port = be16toh(tuple->ports.be_destination);

	if (snapshot_is_local(snapshot, destination, port))
		return ABI_VERDICT_NO_FLOW;
	if (snapshot_is_dnat_endpoint(snapshot, destination, port, tuple->protocol)) {
		opening->flow.flow.state = ABI_FLOW_DIRECT;
		opening->reply = flow_tuple_reverse(tuple);
		return VERDICT_NONE;
	}
	/* A lost flow's reply must never leave untranslated. */
	if (snapshot_is_dnat_endpoint(snapshot, &source, be16toh(tuple->ports.be_source),
				      tuple->protocol) &&
	    !snapshot_is_host_address(snapshot, destination))
		return ABI_VERDICT_NO_FLOW;
	return ABI_VERDICT_TO_LINUX;
}

/*
 * A service that was turned to its other mode may still have flows of before, whose
 * owners are by the rules of that mode. What may be of one and is of none here is looked
 * for there, once; when it is of none there either, it goes back to where new flows are
 * made.
 */
static uint8_t look_for_older(const struct engine *engine, struct packet *packet,
			      const struct headers *headers, const struct abi_service *service)
{
	if (flow_state_is_opening(headers->tcp_flags))
		return VERDICT_NONE;
	if (engine_ask_for_owner(engine, packet, headers) != VERDICT_NONE)
		return VERDICT_FOREIGN;
	packet->owner =
		owner_by_part(engine->owner, &headers->tuple,
			      service->forwarding == ABI_DNAT ? OWNER_PART_ALL : OWNER_PART_SOURCE);
	return packet->passes < 2 && packet->owner != engine->number ? VERDICT_FOREIGN
								     : VERDICT_NONE;
}

uint8_t engine_prepare(struct engine *engine, struct packet *packet, const struct headers *headers,
		       struct opening *opening, uint32_t now)
{
	struct ip_address destination = flow_tuple_destination(&headers->tuple);
	uint32_t index, worker;

	if (unlikely(engine_is_stray(engine, opening->hash, &worker))) {
		packet->owner = (uint8_t)worker;
		opening->service = NULL;
		return VERDICT_FOREIGN;
	}
	opening->service = NULL;
	if (unlikely(engine->fenced != 0) &&
	    fence_closes(engine->snapshot, engine->fenced, &destination))
		return ABI_VERDICT_NOT_IN_SERVICE;
	if (!parse_is_routable(&headers->tuple) ||
	    (engine->ports[packet->in_port].unsteered && !classify_ends(engine->snapshot, headers)))
		return ABI_VERDICT_TO_LINUX;
	draft(opening, headers, now);
	opening->service = snapshot_find_service(engine->snapshot, &destination,
						 be16toh(headers->tuple.ports.be_destination),
						 headers->tuple.protocol, &index);
	if (opening->service == NULL)
		return prepare_other(engine, headers, &destination, opening);
	if (unlikely(engine->snapshot->service_rules[index].turned) &&
	    look_for_older(engine, packet, headers, opening->service) != VERDICT_NONE) {
		opening->service = NULL;
		return VERDICT_FOREIGN;
	}
	return prepare_service(engine, headers, index, opening);
}

/* Of a flow that was taken over, by another worker. */
static bool reply_is_strays(const struct engine *engine, const struct opening *opening)
{
	uint32_t worker;

	return engine_is_stray(engine, opening->reply_hash, &worker);
}

static bool reply_is_taken(const struct engine *engine, const struct flow_table *table,
			   const struct opening *opening)
{
	return flow_table_find(table, &opening->reply, opening->reply_hash) != FLOW_NONE ||
	       reply_is_strays(engine, opening);
}

/*
 * True when nobody has the reply's tuple. A flow that is closing gives way to a new
 * connection: clients use their ports again, towards other addresses, sooner
 * than our record of the last connection ends.
 */
static bool make_way(struct engine *engine, struct flow_table *table, const struct headers *headers,
		     const struct opening *opening)
{
	uint32_t ref = flow_table_find(table, &opening->reply, opening->reply_hash);

	if (ref == FLOW_NONE)
		return true;
	const struct abi_flow *flow = flow_table_record(table, flow_ref_record(ref));
	if (flow->state != ABI_FLOW_TCP_CLOSING || flow_state_is_in_doubt(flow) ||
	    !flow_state_is_opening(headers->tcp_flags))
		return false;
	engine_end_flow(engine, table, flow_ref_record(ref));
	return true;
}

/* dnat keeps the client's address: the first backend towards which it is not in use. */
static uint8_t settle_dnat(struct engine *engine, struct flow_table *table,
			   const struct headers *headers, struct opening *opening)
{
	while (reply_is_strays(engine, opening) || !make_way(engine, table, headers, opening)) {
		opening->backend = select_next(&opening->selection);
		if (opening->backend == ABI_NONE)
			return ABI_VERDICT_REPLY_TUPLE_TAKEN;
		aim(engine, opening);
		opening->reply_hash = flow_hash(table->secret, &opening->reply);
	}
	return VERDICT_NONE;
}

static uint8_t settle_full_nat(struct engine *engine, const struct flow_table *table,
			       struct opening *opening)
{
	const struct abi_local_pool *pool =
		engine->snapshot->local_pools[opening->service->local_pool];

	while (reply_is_taken(engine, table, opening)) {
		if (!local_ports_next(engine, pool, &opening->draw, &opening->reply))
			return ABI_VERDICT_NO_LOCAL_PORT;
		opening->reply_hash = flow_hash(table->secret, &opening->reply);
	}
	return VERDICT_NONE;
}

/*
 * A client on the link that leads to the backend: with dnat the backend answers
 * it directly, from its own address, and it does not know who that is.
 */
static bool is_on_backend_link(const struct engine *engine, const struct packet *packet,
			       const struct way *way, const struct ip_address *client)
{
	if (likely(packet->in_port != way->port || packet->vlan != way->vlan ||
		   packet->outer_vlan != way->outer_vlan))
		return false;
	const struct abi_route *route = snapshot_find_route(engine->snapshot, client);
	return route != NULL && route->next_hop == ABI_NONE && route->port == way->port;
}

/* What is to be known of a flow that has just begun. */
static void note_oddities(struct engine *engine, const struct packet *packet,
			  const struct opening *opening, const struct way *way,
			  const struct ip_address *client)
{
	const struct abi_flow *flow = &opening->flow.flow;

	if (flow->protocol == PROTOCOL_TCP && flow->state != ABI_FLOW_TCP_HALF_OPEN)
		counter_add(&engine->counters->adopted, 1);
	if (opening->service->forwarding == ABI_DNAT &&
	    is_on_backend_link(engine, packet, way, client)) {
		counter_add(&engine->counters->services[flow->service].client_on_backend_link, 1);
		counter_add(&engine->counters->backends[flow->backend].client_on_backend_link, 1);
	}
}

static uint8_t settle_service(struct engine *engine, struct flow_table *table,
			      struct packet *packet, const struct headers *headers,
			      struct opening *opening)
{
	uint8_t verdict = opening->service->forwarding == ABI_FULL_NAT
				  ? settle_full_nat(engine, table, opening)
				  : settle_dnat(engine, table, headers, opening);
	if (verdict != VERDICT_NONE)
		return verdict;
	/* A packet that cannot be sent leaves no record. */
	const struct way *way = &engine->snapshot->backend_rules[opening->backend].way;
	struct ip_address service = flow_tuple_destination(&headers->tuple);
	verdict = egress_judge(way, headers);
	if (verdict != VERDICT_NONE)
		return engine_tell(engine, packet, headers, verdict, &service, way->mtu,
				   opening->flow.flow.last_seen);

	flow_set_tuple(&opening->flow, ABI_FLOW_FROM_BACKEND, &opening->reply);
	uint32_t record = engine_start_flow(engine, table, &opening->flow);
	if (record == FLOW_NONE)
		return ABI_VERDICT_FLOW_TABLE_FULL;
	struct abi_flow *flow = flow_table_record(table, record);
	struct ip_address client = flow_tuple_source(&headers->tuple);
	hops_assign(table, flow, hops_learn(engine, table, packet, &client));
	mss_clamp_packet(packet, headers, opening->service->mss_clamp);
	note_oddities(engine, packet, opening, way, &client);
	translate_packet(packet, headers, flow, ABI_FLOW_FROM_CLIENT, way, flow->family);
	engine_count(engine, flow, ABI_FLOW_FROM_CLIENT, headers->ip_length);
	return ABI_VERDICT_TO_BACKEND;
}

/*
 * A client and a dnat backend's real address: Linux forwards it. The record
 * tells the backend's answers from replies of flows that were lost.
 */
static uint8_t settle_direct(struct engine *engine, struct flow_table *table,
			     const struct headers *headers, struct opening *opening)
{
	if (!make_way(engine, table, headers, opening))
		return ABI_VERDICT_REPLY_TUPLE_TAKEN;
	flow_set_tuple(&opening->flow, ABI_FLOW_FROM_BACKEND, &opening->reply);
	if (engine_start_flow(engine, table, &opening->flow) == FLOW_NONE)
		return ABI_VERDICT_FLOW_TABLE_FULL;
	return ABI_VERDICT_TO_LINUX;
}

static void count_drop(struct engine *engine, const struct opening *opening)
{
	const struct abi_flow *flow = &opening->flow.flow;

	counter_add(&engine->counters->services[flow->service].drops, 1);
	if (flow->backend != NO_OBJECT)
		counter_add(&engine->counters->backends[flow->backend].drops, 1);
}

static void note_begun(struct begun *begun, uint64_t hash)
{
	begun->bits[hash >> 61] |= 1ull << (hash >> 55 & 63);
}

static bool may_be_begun(const struct begun *begun, uint64_t hash)
{
	return begun->bits[hash >> 61] >> (hash >> 55 & 63) & 1;
}

uint8_t engine_settle(struct engine *engine, struct packet *packet, const struct headers *headers,
		      struct opening *opening, struct begun *begun, uint32_t now)
{
	struct flow_table *table = engine_table(engine, headers->tuple.family);
	uint8_t verdict = VERDICT_NONE;

	/* An earlier packet of the burst may have begun it. */
	if (may_be_begun(begun, opening->hash)) {
		uint32_t ref = flow_table_find(table, &headers->tuple, opening->hash);

		if (ref != FLOW_NONE)
			verdict = engine_run_flow(engine, packet, headers, ref, now);
		if (verdict != VERDICT_NONE)
			return verdict;
	}
	verdict = opening->verdict;
	if (verdict == VERDICT_NONE) {
		verdict = opening->service != NULL
				  ? settle_service(engine, table, packet, headers, opening)
				  : settle_direct(engine, table, headers, opening);
		note_begun(begun, opening->hash);
		note_begun(begun, opening->reply_hash);
	}
	if (verdict >= ABI_VERDICT_FIRST_DROP && opening->service != NULL)
		count_drop(engine, opening);
	if (verdict == ABI_VERDICT_NO_BACKEND && opening->service->when_down == ABI_WHEN_DOWN_RESET)
		return engine_refuse(engine, packet, headers, now);
	return verdict;
}
