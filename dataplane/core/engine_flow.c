/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Packets that change their flow, and the beginning and end of flows. */
#include "dataplane/core/egress.h"
#include "dataplane/core/flow_state.h"
#include "dataplane/core/flow_timers.h"
#include "dataplane/core/mss_clamp.h"
#include "dataplane/core/select.h"
#include "dataplane/core/translate.h"

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

void engine_arm(struct engine *engine, struct flow_table *table, uint32_t record)
{
	const struct abi_flow *flow = flow_table_record(table, record);
	const struct service_rule *service =
		flow->state == ABI_FLOW_DIRECT ? NULL : engine_service_of(engine->snapshot, flow);

	flow_timers_arm(table, flow_timers_wheel(table, flow->state), record,
			flow->last_seen + flow_state_timeout(flow, service));
}

/*
 * In a full table the half-open connection that is due first gives way; where there is none,
 * the closing one that is: it only remembers ports for the next connection.
 */
static uint32_t insert(struct engine *engine, struct flow_table *table,
		       const struct abi_flow6 *flow)
{
	uint32_t record = flow_table_insert(table, flow);

	if (likely(record != FLOW_NONE))
		return record;
	uint32_t oldest = flow_timers_soonest(table, &table->half_open);
	if (oldest == FLOW_NONE)
		oldest = flow_timers_soonest(table, &table->closing);
	if (oldest == FLOW_NONE)
		return FLOW_NONE;
	engine_end_due_flow(engine, table, oldest);
	counter_add(&engine->counters->evicted, 1);
	return flow_table_insert(table, flow);
}

uint32_t engine_start_flow(struct engine *engine, struct flow_table *table,
			   const struct abi_flow6 *flow)
{
	uint32_t record = insert(engine, table, flow);

	if (record == FLOW_NONE)
		return FLOW_NONE;
	engine_arm(engine, table, record);
	engine->begun++;
	if (flow->flow.state != ABI_FLOW_DIRECT)
		count_started(engine, &flow->flow);
	return record;
}

void engine_end_due_flow(struct engine *engine, struct flow_table *table, uint32_t record)
{
	struct abi_flow *flow = flow_table_record(table, record);

	if (flow->state != ABI_FLOW_DIRECT)
		count_ended(engine, flow);
	hops_assign(table, flow, HOP_NONE);
	flow_table_remove(table, record);
}

void engine_end_flow(struct engine *engine, struct flow_table *table, uint32_t record)
{
	flow_timers_disarm(table, record);
	engine_end_due_flow(engine, table, record);
}

/* What a packet leaves in its record, and in the timers. */
static void advance(struct engine *engine, struct flow_table *table, uint32_t record,
		    enum abi_flow_direction direction, uint8_t tcp_flags, uint32_t now)
{
	struct abi_flow *flow = flow_table_record(table, record);

	if (flow->last_seen != now)
		__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	if (flow_state_advance(flow, direction, tcp_flags)) {
		flow_timers_disarm(table, record);
		engine_arm(engine, table, record);
	}
}

/* Whether a backend's connections are to end, of this service. NULL: its time is over. */
static bool gives_up(const struct service_rule *service, const struct backend_rule *backend)
{
	return backend == NULL || backend->expired ||
	       (backend->state == ABI_BACKEND_DOWN && service->resets);
}

/* A client that asks for another connection by the ports of one that it has, or had, is asked again
 * whether it may. What is open goes on. */
static bool is_denied(const struct snapshot *snapshot, const struct abi_flow *flow,
		      uint8_t tcp_flags)
{
	if (!flow_state_is_opening(tcp_flags))
		return false;
	struct flow_tuple tuple = flow_tuple_of(flow, ABI_FLOW_FROM_CLIENT);
	struct ip_address client = flow_tuple_source(&tuple);

	return !snapshot_allows(snapshot->services[flow->service], &client);
}

/* Whether a client's next connection would begin as this one did: by the same service, in the same
 * way, with the same backend. */
static bool would_begin_so(const struct snapshot *snapshot, const struct abi_flow *flow)
{
	struct flow_tuple tuple = flow_tuple_of(flow, ABI_FLOW_FROM_CLIENT);
	struct ip_address destination = flow_tuple_destination(&tuple);
	bool is_full_nat = (flow->flags & ABI_FLOW_FULL_NAT) != 0;
	struct selection selection;
	uint32_t index;
	const struct abi_service *service =
		snapshot_find_service(snapshot, &destination, be16toh(tuple.ports.be_destination),
				      tuple.protocol, &index);

	return service != NULL && index == flow->service &&
	       (service->forwarding == ABI_FULL_NAT) == is_full_nat &&
	       select_begin(snapshot, service, &tuple, &selection) &&
	       select_next(&selection) == flow->backend;
}

/*
 * A client's packet that the old record should not serve: a new connection
 * from the ports of one that is closing, which the tables would begin otherwise by now, or
 * something that can still go to another backend while its own is down.
 */
static bool begins_anew(const struct snapshot *snapshot, const struct abi_flow *flow,
			const struct service_rule *service, const struct backend_rule *backend,
			const struct headers *headers)
{
	bool is_down = backend->state == ABI_BACKEND_DOWN;

	if (flow->state == ABI_FLOW_UDP)
		return is_down;
	if (!flow_state_is_opening(headers->tcp_flags))
		return false;
	if (flow->state == ABI_FLOW_TCP_CLOSING && !flow_state_is_in_doubt(flow))
		return backend->state != ABI_BACKEND_UP || !would_begin_so(snapshot, flow);
	return is_down && (flow->state != ABI_FLOW_TCP_ESTABLISHED || gives_up(service, backend));
}

/*
 * A new connection from the ports of one that is closing keeps backend and
 * local port. The backend may be in TIME-WAIT still, where it takes a SYN of the
 * same two ends, whose sequence numbers have moved on (RFC 6191), and answers
 * one of any other client, to which the local port would be drawn next, with
 * the acknowledgement of an old connection.
 */
static void restart(struct engine *engine, struct flow_table *table, uint32_t record, uint32_t now)
{
	struct abi_flow *flow = flow_table_record(table, record);
	const uint8_t of_the_last = ABI_FLOW_CLIENT_FIN | ABI_FLOW_BACKEND_FIN | ABI_FLOW_ANSWERED |
				    ABI_FLOW_RESET | ABI_FLOW_WAS_OPEN;

	count_ended(engine, flow);
	count_started(engine, flow);
	__atomic_store_n(&flow->flags, (uint8_t)(flow->flags & ~of_the_last), __ATOMIC_RELAXED);
	__atomic_store_n(&flow->syn_time, now, __ATOMIC_RELAXED);
	__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	__atomic_store_n(&flow->state, ABI_FLOW_TCP_HALF_OPEN, __ATOMIC_RELAXED);
	flow_timers_disarm(table, record);
	engine_arm(engine, table, record);
}

/* Before a client's packet goes on by its record; false: the record was ended. */
static bool reconsider(struct engine *engine, struct flow_table *table, uint32_t record,
		       const struct service_rule *service, const struct backend_rule *backend,
		       const struct headers *headers, uint32_t now)
{
	const struct abi_flow *flow = flow_table_record(table, record);

	if (begins_anew(engine->snapshot, flow, service, backend, headers)) {
		engine_end_flow(engine, table, record);
		return false;
	}
	if (flow->state == ABI_FLOW_TCP_CLOSING && flow_state_is_opening(headers->tcp_flags) &&
	    !flow_state_is_in_doubt(flow))
		restart(engine, table, record, now);
	return true;
}

/* Not so are SYNs that may go to another backend, resets of the ends, whose numbers are better than
 * ours, and what comes after both FINs. */
static bool is_to_be_reset(const struct abi_flow *flow, const struct service_rule *service,
			   const struct backend_rule *backend, enum abi_flow_direction direction,
			   uint8_t tcp_flags)
{
	if (!gives_up(service, backend) || flow->state == ABI_FLOW_UDP ||
	    (tcp_flags & TCP_FLAG_RST) != 0)
		return false;
	if (direction == ABI_FLOW_FROM_CLIENT && flow_state_is_opening(tcp_flags))
		return false;
	return flow->state != ABI_FLOW_TCP_CLOSING || (flow->flags & ABI_FLOW_RESET) != 0;
}

/*
 * Both ends at once, by the numbers of the segment of one. The record is closing then: an end that
 * did not take its reset, having been asked out of order, gets another one when it speaks.
 */
static uint8_t reset_both(struct engine *engine, struct packet *packet,
			  const struct headers *headers, struct flow_table *table, uint32_t record,
			  enum abi_flow_direction direction, uint32_t now)
{
	const uint8_t both = TCP_FLAG_SYN | TCP_FLAG_ACK;
	struct abi_flow *flow = flow_table_record(table, record);
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	struct flow_tuple other = flow_tuple_of(flow, (enum abi_flow_direction)(direction ^ 1));
	const struct way *way = NULL;
	struct way scratch;

	other = flow_tuple_reverse(&other);
	if (flow->state != ABI_FLOW_TCP_CLOSING && (headers->tcp_flags & both) == TCP_FLAG_ACK) {
		if (direction == ABI_FLOW_FROM_BACKEND)
			way = egress_to_client(engine, table, flow, &scratch);
		else if (backend != NULL)
			way = &backend->way;
	}
	engine_count_drop(engine, flow);
	uint8_t verdict = engine_reset(engine, packet, headers, &other, way, now);
	if (verdict == ABI_VERDICT_BACKEND_GONE_TOLD)
		advance(engine, table, record, direction, TCP_FLAG_RST, now);
	return verdict;
}

/* Follows a client whose packets come another way now. */
static void refresh_hop(struct engine *engine, struct flow_table *table, struct abi_flow *flow,
			const struct packet *packet, uint32_t now)
{
	/* Of a sender one may not learn from, once a tick is often enough to ask. */
	if (flow->client_hop == HOP_NONE && flow->last_seen == now)
		return;
	struct flow_tuple tuple = flow_tuple_of(flow, ABI_FLOW_FROM_CLIENT);
	struct ip_address client = flow_tuple_source(&tuple);
	uint16_t hop = hops_learn(engine, table, packet, &client);
	if (hop != HOP_NONE)
		hops_assign(table, flow, hop);
}

/*
 * Who tells a flow's sender something: the address it knows us by. A dnat backend
 * knows none; its clients' service is ours.
 */
static struct ip_address teller(const struct abi_flow *flow, enum abi_flow_direction direction)
{
	enum abi_flow_direction pair =
		flow->flags & ABI_FLOW_FULL_NAT ? direction : ABI_FLOW_FROM_CLIENT;
	struct flow_tuple tuple = flow_tuple_of(flow, pair);

	return flow_tuple_destination(&tuple);
}

uint8_t engine_run_flow(struct engine *engine, struct packet *packet, const struct headers *headers,
			uint32_t ref, uint32_t now)
{
	uint8_t family = headers->tuple.family;
	struct flow_table *table = engine_table(engine, family);
	enum abi_flow_direction direction = flow_ref_direction(ref);
	uint32_t record = flow_ref_record(ref);
	struct abi_flow *flow = flow_table_record(table, record);
	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	bool from_client = direction == ABI_FLOW_FROM_CLIENT;
	struct way scratch;

	if (flow->state == ABI_FLOW_DIRECT) {
		advance(engine, table, record, direction, headers->tcp_flags, now);
		return ABI_VERDICT_TO_LINUX;
	}
	if (service != NULL && engine_is_fenced(engine, service)) {
		engine_count_drop(engine, flow);
		return ABI_VERDICT_NOT_IN_SERVICE;
	}
	if (service != NULL &&
	    is_to_be_reset(flow, service, backend, direction, headers->tcp_flags))
		return reset_both(engine, packet, headers, table, record, direction, now);
	if (service == NULL || backend == NULL) {
		engine_end_flow(engine, table, record);
		return VERDICT_NONE;
	}
	if (from_client && is_denied(engine->snapshot, flow, headers->tcp_flags)) {
		engine_count_drop(engine, flow);
		return ABI_VERDICT_DENIED;
	}
	if (from_client && !reconsider(engine, table, record, service, backend, headers, now))
		return VERDICT_NONE;
	if (flow_state_ends_doubt(flow, direction, headers->tcp_flags))
		restart(engine, table, record, now);
	const struct way *way =
		from_client ? &backend->way : egress_to_client(engine, table, flow, &scratch);
	uint8_t verdict = egress_judge(way, headers);
	if (verdict != VERDICT_NONE) {
		struct ip_address source = teller(flow, direction);

		engine_count_drop(engine, flow);
		return engine_tell(engine, packet, headers, verdict, &source, way->mtu, now);
	}
	if (from_client && !hops_is_from(table, flow->client_hop, packet))
		refresh_hop(engine, table, flow, packet, now);
	mss_clamp_packet(packet, headers, service->mss_clamp);
	translate_packet(packet, headers, flow, direction, way, family);
	advance(engine, table, record, direction, headers->tcp_flags, now);
	engine_count(engine, flow, direction, headers->ip_length);
	return (uint8_t)(ABI_VERDICT_TO_BACKEND + direction);
}
