/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Fragments: the first one, with the ports, goes the way of a whole packet, and the others of
 * its datagram follow it. They are run after the burst they came in, one by one.
 *
 * With several workers those of a datagram meet at one of them, which hands them over,
 * `met`, to the flow's owner as soon as it has seen the first one. Both do the same with them: only
 * what becomes of the datagram is told by the one as VERDICT_FOREIGN, by the other as a flow. A
 * flow that is found elsewhere still adds workers on the way; each time it is another round.
 */
#include "dataplane/core/egress.h"
#include "dataplane/core/fragments.h"
#include "dataplane/core/owner.h"
#include "dataplane/core/translate.h"

static bool is_sent(uint8_t verdict)
{
	return verdict <= ABI_VERDICT_TO_CLIENT;
}

/* Whether its fragments meet at another worker; says at which one. */
static bool meets_elsewhere(const struct engine *engine, struct packet *packet,
			    const struct headers *headers, const struct fragment *fragment)
{
	if (engine->owner == NULL || packet->met)
		return false;
	packet->owner = owner_of_fragment(engine->owner, &headers->tuple, fragment->key.be_id);
	return packet->owner != engine->number;
}

/* To the flow's owner, as far as this worker knows. */
static void give_to(struct packet *packet, uint8_t owner)
{
	if (!packet->met)
		packet->passes = 0;
	packet->met = true;
	packet->owner = owner;
}

/* As of a whole packet that is alone in its burst. */
static uint8_t run_alone(struct engine *engine, struct packet *packet, struct work *work,
			 uint32_t now)
{
	static const uint8_t fresh[1] = {0};
	const struct flow_tuple *tuple = &work->headers.tuple;
	const struct flow_table *table = engine_table(engine, tuple->family);
	uint32_t ref = flow_table_find(table, tuple, flow_hash(table->secret, tuple));
	uint8_t verdict = VERDICT_NONE;

	if (ref != FLOW_NONE)
		verdict = engine_run_flow(engine, packet, &work->headers, ref, now);
	if (verdict != VERDICT_NONE)
		return verdict;
	engine_run_fresh(engine, packet, work, fresh, 1, now, 0);
	return packet->verdict;
}

/* So that the others find the flow again, and have one identification. */
static void note_flow(struct engine *engine, struct datagram *datagram,
		      const struct flow_tuple *tuple)
{
	const struct flow_table *table = engine_table(engine, tuple->family);
	uint32_t ref = flow_table_find(table, tuple, flow_hash(table->secret, tuple));

	datagram->record = flow_ref_record(ref);
	datagram->direction = flow_ref_direction(ref);
	datagram->version = flow_table_record(table, datagram->record)->version;
	datagram->be_id = fragments_draw_id(engine->fragments, tuple->family);
}

static uint8_t run_first(struct engine *engine, struct packet *packet,
			 const struct headers *headers, struct datagram *datagram, uint32_t now)
{
	const uint8_t *transport = packet->data + headers->transport;
	uint8_t family = headers->tuple.family, protocol = headers->tuple.protocol;
	struct work work = {.headers = *headers};

	if (family == 6 && protocol == PROTOCOL_UDP && wire_load16(transport + UDP_CHECKSUM) == 0)
		return ABI_VERDICT_NO_CHECKSUM;
	parse_transport(transport, protocol, family, &work.headers);
	if (engine->owner != NULL && !packet->met &&
	    engine_ask_for_owner(engine, packet, &work.headers) != VERDICT_NONE)
		return VERDICT_FOREIGN;
	uint8_t verdict = run_alone(engine, packet, &work, now);
	if (is_sent(verdict)) {
		note_flow(engine, datagram, &work.headers.tuple);
		fragment_set_id(packet->data, headers, datagram->be_id);
	}
	return verdict;
}

/* As translate_packet() does, but for what only the first fragment has. */
static void translate_rest(struct packet *packet, const struct headers *headers,
			   const struct abi_flow *flow, const struct datagram *datagram,
			   const struct way *way)
{
	unsigned other = datagram->direction ^ 1u;
	uint8_t *ip = packet->data + ETHERNET_SIZE;

	if (headers->tuple.family == 4)
		translate_ipv4(ip, &flow->addresses[other]);
	else
		translate_ipv6(ip, &flow_ipv6_of(flow)[other]);
	fragment_set_id(packet->data, headers, datagram->be_id);
	translate_link(packet, headers, way);
}

/* What is not the first of a datagram whose first one was sent. */
static uint8_t send_rest(struct engine *engine, struct packet *packet,
			 const struct headers *headers, const struct datagram *datagram,
			 uint32_t now)
{
	struct flow_table *table = engine_table(engine, headers->tuple.family);
	struct abi_flow *flow = flow_table_record(table, datagram->record);
	struct way scratch;

	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	if (flow->state == ABI_FLOW_FREE || flow->version != datagram->version || service == NULL)
		return ABI_VERDICT_NO_FLOW;
	if (engine_is_fenced(engine, service)) {
		engine_count_drop(engine, flow);
		return ABI_VERDICT_NOT_IN_SERVICE;
	}
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	if (backend == NULL)
		return ABI_VERDICT_NO_FLOW;
	const struct way *way = datagram->direction == ABI_FLOW_FROM_CLIENT
					? &backend->way
					: egress_to_client(engine, table, flow, &scratch);
	uint8_t verdict = egress_judge(way, headers);
	if (verdict != VERDICT_NONE) {
		engine_count_drop(engine, flow);
		return verdict;
	}
	translate_rest(packet, headers, flow, datagram, way);
	__atomic_store_n(&flow->last_seen, now, __ATOMIC_RELAXED);
	engine_count(engine, flow, (enum abi_flow_direction)datagram->direction,
		     headers->ip_length);
	return datagram->fate;
}

/* What is not the first of a datagram whose fate is known. */
static uint8_t follow(struct engine *engine, struct packet *packet, const struct headers *headers,
		      const struct datagram *datagram, uint32_t now)
{
	if (is_sent(datagram->fate))
		return send_rest(engine, packet, headers, datagram, now);
	if (datagram->fate == VERDICT_FOREIGN)
		give_to(packet, datagram->owner);
	return datagram->fate;
}

/* One message to the sender is enough for a datagram. */
static uint8_t fate_of_rest(uint8_t verdict)
{
	if (verdict == ABI_VERDICT_TOO_BIG_TOLD)
		return ABI_VERDICT_TOO_BIG;
	if (verdict == ABI_VERDICT_NO_BACKEND_TOLD)
		return ABI_VERDICT_NO_BACKEND;
	if (verdict == ABI_VERDICT_BACKEND_GONE_TOLD)
		return ABI_VERDICT_BACKEND_GONE;
	return verdict == ABI_VERDICT_TTL_EXPIRED_TOLD ? ABI_VERDICT_TTL_EXPIRED : verdict;
}

/* The fate of the datagram, and so of all that waits for it. */
static void tell(struct engine *engine, struct datagram *datagram, uint8_t fate, uint8_t owner,
		 uint32_t now)
{
	struct headers headers;
	struct packet *packet;

	datagram->fate = fate_of_rest(fate);
	datagram->owner = owner;
	if ((is_sent(fate) || fate == VERDICT_FOREIGN) && datagram->stage == DATAGRAM_WAITS)
		fragments_promote(engine->fragments, datagram, DATAGRAM_TOLD, now);
	while ((packet = fragments_next_held(engine->fragments, datagram)) != NULL) {
		parse_headers(packet->data, packet->length, &headers);
		packet->verdict = follow(engine, packet, &headers, datagram, now);
	}
}

static uint8_t run_in_place(struct engine *engine, struct packet *packet,
			    const struct headers *headers, const struct fragment *fragment,
			    struct datagram *datagram, uint32_t now)
{
	uint8_t verdict;

	if (fragment->begin != 0 && datagram->fate == VERDICT_NONE)
		return fragments_hold(engine->fragments, datagram, packet)
			       ? VERDICT_HELD
			       : ABI_VERDICT_FRAGMENT_TABLE_FULL;
	if (fragment->begin == 0) {
		datagram->opening = fragment->opening;
		verdict = run_first(engine, packet, headers, datagram, now);
		if (verdict == VERDICT_FOREIGN)
			give_to(packet, packet->owner);
		tell(engine, datagram, verdict, packet->owner, now);
	} else {
		verdict = follow(engine, packet, headers, datagram, now);
	}
	if (pieces_are_whole(&datagram->pieces))
		fragments_promote(engine->fragments, datagram, DATAGRAM_WHOLE, now);
	return verdict;
}

static uint8_t run_fragment(struct engine *engine, struct packet *packet, uint32_t now)
{
	struct headers headers;
	struct fragment fragment;

	parse_headers(packet->data, packet->length, &headers);
	uint8_t verdict = fragment_read(packet->data, &headers, &fragment);
	if (verdict != VERDICT_NONE)
		return verdict;
	if (meets_elsewhere(engine, packet, &headers, &fragment))
		return VERDICT_FOREIGN;
	fragment.key.round = packet->met ? packet->passes : 0;
	struct datagram *datagram = fragments_datagram(engine->fragments, &fragment, now);
	if (datagram == NULL)
		return ABI_VERDICT_FRAGMENT_TABLE_FULL;
	if (datagram->fate == ABI_VERDICT_FRAGMENT_OVERLAP)
		return ABI_VERDICT_FRAGMENT_OVERLAP;
	verdict = pieces_add(&datagram->pieces, &fragment);
	if (verdict == ABI_VERDICT_FRAGMENT_OVERLAP)
		tell(engine, datagram, verdict, 0, now);
	return verdict != VERDICT_NONE
		       ? verdict
		       : run_in_place(engine, packet, &headers, &fragment, datagram, now);
}

void engine_run_fragments(struct engine *engine, struct packet *packets, unsigned count,
			  uint32_t now)
{
	engine->has_fragments = false;
	for (unsigned i = 0; i < count; i++) {
		if (packets[i].verdict != VERDICT_FRAGMENT)
			continue;
		packets[i].verdict = run_fragment(engine, &packets[i], now);
		engine_conclude(engine, &packets[i]);
	}
}

unsigned engine_take_held(struct engine *engine, struct packet packets[PACKET_BURST])
{
	unsigned count = fragments_take(engine->fragments, packets, PACKET_BURST);

	for (unsigned i = 0; i < count; i++)
		engine_conclude(engine, &packets[i]);
	return count;
}

void engine_give_up_held(struct engine *engine)
{
	fragments_clear(engine->fragments);
}
