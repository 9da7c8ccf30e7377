/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Frames that nothing plain was found of; ICMP errors about later fragments: not translated, but
 * never let past either. */
#include "dataplane/core/engine_internal.h"

#include "dataplane/core/classify.h"
#include "dataplane/core/fence.h"
#include "dataplane/core/owner.h"
#include "dataplane/core/tags.h"

/* Of a fragment: what is addressed to a dnat backend itself is of a direct connection. What we
 * translate has other addresses by the time it gets here. */
static bool is_direct(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	struct ip_address destination = flow_tuple_destination(tuple);

	return snapshot_is_dnat_address(snapshot, &destination) &&
	       !snapshot_is_service_address(snapshot, &destination) &&
	       !snapshot_is_local_address(snapshot, &destination);
}

uint8_t engine_run_other(struct engine *engine, struct packet *packet,
			 const struct headers *headers)
{
	if (headers->kind == HEADERS_ICMP_ERROR && headers->has_ports)
		return engine_run_icmp_error(engine, packet, headers);
	if (!classify_ends(engine->snapshot, headers) ||
	    is_direct(engine->snapshot, &headers->tuple))
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

	/* Of known flows too: those are for its addresses, or turned round by an error, or from
	 * backends. */
	if (unlikely(engine->fenced != 0) &&
	    fence_closes_frame(engine->snapshot, engine->fenced, packet->data, packet->length))
		return ABI_VERDICT_NOT_IN_SERVICE;
	if (port->unsteered &&
	    (packet->length < ETHERNET_SIZE || !classify_is_for_port(port, packet->data)))
		return ABI_VERDICT_TO_LINUX;
	if (packet->length >= ETHERNET_SIZE)
		tags_take_off(packet);
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
	return verdict == VERDICT_NONE ? engine_run_other(engine, packet, headers) : verdict;
}
