/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/errors.h"

#include "tests/model/flows.h"
#include "tests/model/lookup.h"
#include "tests/model/send.h"

#include <string.h>

#define ICMP_HEADER 8

/* An ICMP error as it lies in a frame. */
struct parts {
	uint8_t *ip;       /* outside */
	uint8_t *message;  /* with its header */
	uint32_t length;   /* of the message */
	uint8_t *inside;   /* IP header */
	uint8_t *ports;    /* inside */
	uint8_t *checksum; /* of TCP or UDP inside; NULL: not quoted */
};

static struct parts find_parts(uint8_t *frame, const struct model_headers *headers)
{
	struct parts parts = {.ip = frame + ETHERNET, .message = frame + headers->transport};
	struct model_ip inner;

	parts.length = ETHERNET + headers->ip_length - headers->transport;
	parts.inside = parts.message + ICMP_HEADER;
	uint32_t quoted = parts.length - ICMP_HEADER, said = 0;
	if (headers->family == 4) {
		model_read_ipv4(parts.inside, &inner);
		said = 4u * parts.message[5];
	} else {
		model_read_ipv6(parts.inside, quoted, &inner);
		if (parts.message[0] == 1 || parts.message[0] == 3)
			said = 8u * parts.message[4];
	}
	if (said > 0 && said < quoted)
		quoted = said;
	parts.ports = parts.inside + inner.header_size;
	uint32_t at = inner.header_size + (headers->tuple.protocol == PROTO_UDP ? 6 : 16);
	if (at + 2 <= quoted)
		parts.checksum = parts.inside + at;
	return parts;
}

static void put_addresses(uint8_t *ip, uint8_t family, const struct model_tuple *tuple)
{
	uint32_t size = family == 4 ? 4 : 16, skip = 16 - size;
	uint8_t *source = ip + (family == 4 ? 12 : 8);

	memcpy(source, tuple->source.address + skip, size);
	memcpy(source + size, tuple->destination.address + skip, size);
}

/* The packet inside, as its sender knows it. */
static void write_inside(const struct parts *parts, const struct model_headers *headers,
			 const struct model_tuple *to)
{
	const struct model_tuple old = model_turn(&headers->tuple);

	put_addresses(parts->inside, headers->family, to);
	model_put16(parts->ports, to->source.port);
	model_put16(parts->ports + 2, to->destination.port);
	if (headers->family == 4)
		model_put16(parts->inside + 10,
			    model_change_addresses(model_get16(parts->inside + 10), &old, to));
	if (parts->checksum)
		model_change_transport(parts->checksum, &old, to);
}

/* The message's checksum after all its words changed that are not as before. */
static void mend_message(const struct parts *parts, const uint8_t *before)
{
	uint32_t sum = model_get16(before + 2);

	for (uint32_t i = 4; i + 1 < parts->length; i += 2)
		sum = model_change_sum(sum, model_get16(before + i),
				       model_get16(parts->message + i));
	model_put16(parts->message + 2, sum);
}

static void endpoints_outside(const struct parts *parts, uint8_t family, struct model_tuple *out)
{
	struct model_ip ip;

	if (family == 4)
		model_read_ipv4(parts->ip, &ip);
	else
		model_read_ipv6(parts->ip, IPV6_HEADER, &ip);
	*out = (struct model_tuple){0};
	memcpy(out->source.address, ip.source, 16);
	memcpy(out->destination.address, ip.destination, 16);
}

static void write_outside(const struct parts *parts, uint8_t family, const struct model_tuple *old,
			  const struct model_tuple *to)
{
	if (family == 4) {
		model_write_ipv4(parts->ip, old, to);
		return;
	}
	model_write_ipv6(parts->ip, to);
	model_put16(parts->message + 2,
		    model_change_addresses(model_get16(parts->message + 2), old, to));
}

static uint8_t judge_unknown(const struct model *model, const struct model_headers *headers,
			     const uint8_t receiver[16])
{
	const struct model_tables *tables = model->tables;

	if (!model_is_ours(tables, &headers->tuple, true) ||
	    model_is_dnat_endpoint(tables, &headers->tuple.destination, headers->tuple.protocol) ||
	    model_is_host_address(tables, receiver) || model_is_service_address(tables, receiver) ||
	    model_is_local_address(tables, receiver))
		return ABI_VERDICT_TO_LINUX;
	return ABI_VERDICT_NO_FLOW;
}

static uint8_t send_on(struct model *model, struct model_packet *packet,
		       const struct model_headers *headers, const struct model_flow *flow,
		       bool from_client)
{
	struct parts parts = find_parts(packet->frame, headers);
	struct model_tuple outside, to;
	uint8_t before[MODEL_FRAME];
	struct model_way way;
	uint8_t verdict = from_client ? model_way_to_backend(model, model_backend_of(model, flow),
							     headers, &way)
				      : model_way_to_client(model, flow, headers, &way);

	if (verdict != MODEL_NO_VERDICT)
		return verdict;
	endpoints_outside(&parts, headers->family, &outside);
	to = model_turn(from_client ? &flow->reply : &flow->client);
	/* A dnat backend knows who it is that tells. */
	if (from_client && !flow->full_nat)
		to.source = outside.source;
	memcpy(before, parts.message, parts.length);
	write_inside(&parts, headers, from_client ? &flow->reply : &flow->client);
	mend_message(&parts, before);
	write_outside(&parts, headers->family, &outside, &to);
	model_write_link(model, packet, headers, &way);
	return from_client ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_CLIENT;
}

uint8_t model_run_error(struct model *model, struct model_packet *packet,
			const struct model_headers *headers)
{
	struct parts parts = find_parts(packet->frame, headers);
	struct model_tuple outside;
	bool from_client;
	const struct model_flow *flow = model_find_flow(model, &headers->tuple, &from_client);

	endpoints_outside(&parts, headers->family, &outside);
	if (flow && flow->state == ABI_FLOW_DIRECT)
		return ABI_VERDICT_TO_LINUX;
	if (!flow || !model_service_of(model, flow) || !model_backend_of(model, flow))
		return judge_unknown(model, headers, outside.destination.address);
	if (!model_same_address(outside.destination.address, headers->tuple.destination.address))
		return ABI_VERDICT_ICMP_ERROR;
	uint8_t verdict = send_on(model, packet, headers, flow, from_client);
	model_count(model, flow, from_client, verdict, headers->ip_length);
	return verdict;
}
