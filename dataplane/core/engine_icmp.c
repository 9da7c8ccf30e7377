/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* ICMP errors about TCP and UDP: whose they are. */
#include "dataplane/core/classify.h"
#include "dataplane/core/egress.h"
#include "dataplane/core/icmp_error.h"
#include "dataplane/core/translate.h"

/* The address the error itself is sent to. */
static struct ip_address destination_of(const struct packet *packet, uint8_t family)
{
	const uint8_t *ip = packet->data + ETHERNET_SIZE;

	return family == 4 ? ip_address_of_ipv4(wire_load32(ip + IPV4_DESTINATION))
			   : ip_address_load(ip + IPV6_DESTINATION);
}

static bool is_of_this_host(const struct snapshot *snapshot, const struct ip_address *address)
{
	return snapshot_is_host_address(snapshot, address) ||
	       snapshot_is_service_address(snapshot, address) ||
	       snapshot_is_local_address(snapshot, address);
}

/*
 * About nobody's flow: Linux's, that drops what it has no socket for; but it
 * would forward what is for others, as it is. About what came from a dnat backend's
 * own address: of a direct connection, since our packets have other addresses by the
 * time anybody complains.
 */
static uint8_t judge_unknown(const struct engine *engine, const struct packet *packet,
			     const struct headers *headers)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct flow_tuple *tuple = &headers->tuple;
	struct ip_address receiver = destination_of(packet, tuple->family);
	struct ip_address sender = flow_tuple_destination(tuple);

	if (!classify_ends(snapshot, headers) || is_of_this_host(snapshot, &receiver) ||
	    snapshot_is_dnat_endpoint(snapshot, &sender, be16toh(tuple->ports.be_destination),
				      tuple->protocol))
		return ABI_VERDICT_TO_LINUX;
	return ABI_VERDICT_NO_FLOW;
}

/*
 * It goes the way of the flow's packets from where it comes. The record stays as it
 * is: who only knows the ports can send such things, so they neither end a flow
 * nor keep one alive (RFC 4787, REQ-12; RFC 5382, REQ-10).
 */
static uint8_t send_on(struct engine *engine, struct packet *packet, const struct headers *headers,
		       struct flow_table *table, uint32_t ref)
{
	const struct abi_flow *flow = flow_table_record(table, flow_ref_record(ref));
	enum abi_flow_direction direction = flow_ref_direction(ref);
	const struct service_rule *service = engine_service_of(engine->snapshot, flow);
	const struct backend_rule *backend = engine_backend_of(engine->snapshot, flow);
	struct ip_address receiver = destination_of(packet, flow->family);
	struct ip_address sender = flow_tuple_destination(&headers->tuple);
	struct way scratch;

	if (service == NULL || backend == NULL)
		return judge_unknown(engine, packet, headers);
	if (engine_is_fenced(engine, service)) {
		engine_count_drop(engine, flow);
		return ABI_VERDICT_NOT_IN_SERVICE;
	}
	/* RFC 792: to the source of the packet it is about. */
	if (!ip_address_is_equal(&receiver, &sender))
		return ABI_VERDICT_ICMP_ERROR;
	const struct way *way = direction == ABI_FLOW_FROM_CLIENT
					? &backend->way
					: egress_to_client(engine, table, flow, &scratch);
	uint8_t verdict = egress_judge(way, headers);
	if (verdict != VERDICT_NONE) {
		engine_count_drop(engine, flow);
		return verdict;
	}
	icmp_error_translate(packet->data, headers, flow, direction);
	translate_link(packet, headers, way);
	engine_count(engine, flow, direction, headers->ip_length);
	return (uint8_t)(ABI_VERDICT_TO_BACKEND + direction);
}

uint8_t engine_run_icmp_error(struct engine *engine, struct packet *packet,
			      const struct headers *headers)
{
	struct flow_table *table = engine_table(engine, headers->tuple.family);
	uint64_t hash = flow_hash(table->secret, &headers->tuple);
	uint32_t ref = flow_table_find(table, &headers->tuple, hash);
	uint32_t worker;

	if (ref == FLOW_NONE) {
		if (!engine_is_stray(engine, hash, &worker))
			return judge_unknown(engine, packet, headers);
		packet->owner = (uint8_t)worker;
		return VERDICT_FOREIGN;
	}
	if (flow_table_record(table, flow_ref_record(ref))->state == ABI_FLOW_DIRECT)
		return ABI_VERDICT_TO_LINUX;
	return send_on(engine, packet, headers, table, ref);
}
