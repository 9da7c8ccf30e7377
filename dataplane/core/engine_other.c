/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Frames that nothing plain was found of. ICMP errors are not translated, but never let past
 * either. */
#include "dataplane/core/engine_internal.h"

#include "dataplane/core/classify.h"
#include "dataplane/core/owner.h"

/*
 * What is addressed to a dnat backend itself, or is about a packet that came
 * from its own address, is of a direct connection: what we translate has other
 * addresses by the time it gets here.
 */
static bool is_direct(const struct engine *engine, const struct headers *headers)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct flow_tuple *tuple = &headers->tuple;
	const struct flow_table *table = engine_table(engine, tuple->family);
	struct ip_address destination = flow_tuple_destination(tuple);

	if (!headers->has_ports)
		return snapshot_is_dnat_address(snapshot, &destination) &&
		       !snapshot_is_service_address(snapshot, &destination) &&
		       !snapshot_is_local_address(snapshot, &destination);
	if (snapshot_is_dnat_endpoint(snapshot, &destination, be16toh(tuple->ports.be_destination),
				      tuple->protocol))
		return true;
	uint32_t ref = flow_table_find(table, tuple, flow_hash(table->secret, tuple));
	return ref != FLOW_NONE &&
	       flow_table_record(table, flow_ref_record(ref))->state == ABI_FLOW_DIRECT;
}

uint8_t engine_run_other(struct engine *engine, const struct headers *headers)
{
	if (!classify_ends(engine->snapshot, headers) || is_direct(engine, headers))
		return ABI_VERDICT_TO_LINUX;
	if (headers->kind != HEADERS_FRAGMENT)
		return ABI_VERDICT_ICMP_ERROR;
	engine->has_fragments = true;
	return VERDICT_FRAGMENT;
}

uint8_t engine_ask_for_owner(const struct engine *engine, struct packet *packet,
			     const struct headers *headers)
{
	uint8_t owner = owner_of(engine->owner, engine->snapshot->owner_roles, headers);

	if (owner == engine->number || owner == OWNER_ANY)
		return VERDICT_NONE;
	packet->owner = owner;
	return VERDICT_FOREIGN;
}

uint8_t engine_judge_arrival(const struct engine *engine, struct packet *packet,
			     const struct headers *headers, struct engine_foreign foreign)
{
	const struct engine_port *port = &engine->ports[packet->in_port];

	if (port->unsteered && !classify_is_for_port(port, packet->data))
		return ABI_VERDICT_TO_LINUX;
	return foreign.first >> packet->in_port & 1 ? engine_ask_for_owner(engine, packet, headers)
						    : VERDICT_NONE;
}

uint8_t engine_read_unusual(struct engine *engine, struct packet *packet, struct headers *headers,
			    struct engine_foreign foreign)
{
	const struct engine_port *port = &engine->ports[packet->in_port];

	if (port->unsteered &&
	    (packet->length < ETHERNET_SIZE || !classify_is_for_port(port, packet->data)))
		return ABI_VERDICT_TO_LINUX;
	uint8_t verdict = parse_headers(packet->data, packet->length, headers);
	/* What is no flow's plain packet no card delivers to its owner. */
	uint32_t asked =
		headers->kind == HEADERS_FLOW ? foreign.first : foreign.first | foreign.missing;
	if (verdict == VERDICT_NONE && asked >> packet->in_port & 1 &&
	    engine_ask_for_owner(engine, packet, headers) != VERDICT_NONE)
		return VERDICT_FOREIGN;
	/* A known flow's needs no steering; who may begin one is asked there. */
	if (verdict == VERDICT_NONE && headers->kind == HEADERS_FLOW)
		return VERDICT_NONE;
	if (port->unsteered &&
	    classify_frame(engine->snapshot, port, packet->data, packet->length) == CLASSIFY_PASS)
		return ABI_VERDICT_TO_LINUX;
	return verdict == VERDICT_NONE ? engine_run_other(engine, headers) : verdict;
}
