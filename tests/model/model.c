/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/begin.h"
#include "tests/model/clamp.h"
#include "tests/model/errors.h"
#include "tests/model/flows.h"
#include "tests/model/lookup.h"
#include "tests/model/send.h"
#include "tests/model/tell.h"

#include <stdlib.h>

#define BURST_MOST 64

struct model *model_new(uint32_t features, uint32_t flow_capacity)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		abort();
	model->features = features;
	model->flow_capacity = flow_capacity;
	model->flows = calloc(2 * (size_t)flow_capacity, sizeof(*model->flows));
	if (!model->flows)
		abort();
	return model;
}

void model_free(struct model *model)
{
	free(model->flows);
	free(model);
}

void model_publish(struct model *model, const struct model_tables *tables)
{
	model->tables = tables;
	for (uint32_t i = 0; i < model->flow_count; i++) {
		struct model_flow *flow = &model->flows[i];

		if (flow->state != ABI_FLOW_DIRECT)
			flow->may_go =
				!model_service_of(model, flow) || !model_backend_of(model, flow);
	}
}

void model_age(struct model *model, uint64_t now_ms)
{
	uint32_t now = (uint32_t)(now_ms / ABI_FLOW_TICK_MS);

	if (!model->tables)
		return;
	for (uint32_t i = 0; i < model->flow_count;) {
		struct model_flow *flow = &model->flows[i];
		bool is_over = model_ticks(flow->due, now) >= 0;

		if (is_over ||
		    (flow->may_go && !model->oracle.has_flow(model->oracle.context, &flow->client)))
			model_end_flow(model, flow);
		else
			i++;
	}
}

/* No connection of the service is to go on with this backend. */
static bool gives_up(const struct abi_service *service, const struct abi_backend *backend)
{
	return !backend || backend->expired ||
	       (backend->state == ABI_BACKEND_DOWN &&
		service->on_backend_down == ABI_BACKEND_DOWN_RESET);
}

/* The client's packet begins something that the old record should not serve. */
static bool begins_anew(const struct model *model, const struct model_flow *flow,
			const struct abi_service *service, const struct abi_backend *backend,
			uint8_t tcp_flags)
{
	switch (flow->state) {
	case ABI_FLOW_UDP:
		return backend->state == ABI_BACKEND_DOWN;
	case ABI_FLOW_TCP_HALF_OPEN:
		return model_is_opening(tcp_flags) && backend->state == ABI_BACKEND_DOWN;
	case ABI_FLOW_TCP_CLOSING:
		if (model_is_in_doubt(flow))
			return model_is_opening(tcp_flags) && backend->state == ABI_BACKEND_DOWN;
		return model_is_opening(tcp_flags) &&
		       (backend->state != ABI_BACKEND_UP || !model_would_begin_so(model, flow));
	case ABI_FLOW_TCP_ESTABLISHED:
		return model_is_opening(tcp_flags) && backend->state == ABI_BACKEND_DOWN &&
		       gives_up(service, backend);
	default:
		return false;
	}
}

/* The next connection of the same two ends: same backend, same local port. */
static void restart(struct model *model, struct model_flow *flow, uint32_t now)
{
	model_service_row(model, flow)->flows_ended++;
	model_backend_row(model, flow)->flows_ended++;
	model_service_row(model, flow)->flows_started++;
	model_backend_row(model, flow)->flows_started++;
	flow->client_fin = flow->backend_fin = flow->answered = false;
	flow->reset = flow->was_open = false;
	flow->state = ABI_FLOW_TCP_HALF_OPEN;
	flow->last_seen = now;
	model_arm(model, flow, now);
}

/* Whether the packet is the first of the next connection: asked for, or agreed to. */
static bool restarts(const struct model_flow *flow, bool from_client, uint8_t tcp_flags)
{
	bool agrees = (tcp_flags & FLAG_SYN) && (tcp_flags & FLAG_ACK) && !(tcp_flags & FLAG_RST);

	if (flow->state != ABI_FLOW_TCP_CLOSING)
		return false;
	if (model_is_in_doubt(flow))
		return !from_client && agrees;
	return from_client && model_is_opening(tcp_flags);
}

static uint8_t carry(struct model *model, struct model_packet *packet,
		     const struct model_headers *headers, struct model_flow *flow, bool from_client,
		     uint32_t now)
{
	struct model_way way;
	uint8_t verdict = from_client ? model_way_to_backend(model, model_backend_of(model, flow),
							     headers, &way)
				      : model_way_to_client(model, flow, headers, &way);

	/* A dnat backend knows no address of ours. */
	const struct model_tuple *known =
		from_client || !flow->full_nat ? &flow->client : &flow->reply;
	if (verdict != MODEL_NO_VERDICT)
		return model_tell(model, packet, headers, verdict, known->destination.address,
				  way.mtu, now);
	if (from_client)
		model_learn_hop(model, flow, packet, now);
	struct model_tuple to = model_turn(from_client ? &flow->reply : &flow->client);
	model_send(model, packet, headers, &to, &way);
	model_clamp(packet, headers, model_service_of(model, flow)->mss_clamp);
	model_touch(model, flow, from_client, headers->tcp_flags, now);
	return from_client ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_CLIENT;
}

static bool is_to_be_reset(const struct model *model, const struct model_flow *flow,
			   bool from_client, uint8_t tcp_flags)
{
	const struct abi_service *service = model_service_of(model, flow);
	bool is_closed = flow->state == ABI_FLOW_TCP_CLOSING && !flow->reset;

	if (!service || !gives_up(service, model_backend_of(model, flow)) || is_closed)
		return false;
	return flow->state != ABI_FLOW_UDP && !(tcp_flags & FLAG_RST) &&
	       !(from_client && model_is_opening(tcp_flags));
}

/* The sender; and the other end, when the segment tells the number that this one waits for. */
static uint8_t reset_both(struct model *model, struct model_packet *packet,
			  const struct model_headers *headers, struct model_flow *flow,
			  bool from_client, uint32_t now)
{
	struct model_tuple other = model_turn(from_client ? &flow->reply : &flow->client);
	const struct abi_backend *backend = model_backend_of(model, flow);
	bool tells = (headers->tcp_flags & FLAG_ACK) && !(headers->tcp_flags & FLAG_SYN) &&
		     flow->state != ABI_FLOW_TCP_CLOSING;
	uint8_t way_verdict = ABI_VERDICT_NO_NEXT_HOP;
	struct model_way way;

	if (tells && !from_client)
		way_verdict = model_way_to_client(model, flow, headers, &way);
	else if (tells && backend)
		way_verdict = model_way_to_backend(model, backend, headers, &way);
	model_count(model, flow, from_client, ABI_VERDICT_BACKEND_GONE, headers->ip_length);
	uint8_t verdict = model_reset(model, packet, headers, &other,
				      way_verdict == ABI_VERDICT_NO_NEXT_HOP ? NULL : &way, now);
	if (verdict == ABI_VERDICT_BACKEND_GONE_TOLD)
		model_touch(model, flow, from_client, FLAG_RST, now);
	return verdict;
}

/* MODEL_NO_VERDICT: the flow has been ended, the packet is one of no flow. */
static uint8_t run_flow(struct model *model, struct model_packet *packet,
			const struct model_headers *headers, struct model_flow *flow,
			bool from_client, uint32_t now)
{
	if (flow->state == ABI_FLOW_DIRECT) {
		model_touch(model, flow, from_client, headers->tcp_flags, now);
		return ABI_VERDICT_TO_LINUX;
	}

	if (is_to_be_reset(model, flow, from_client, headers->tcp_flags))
		return reset_both(model, packet, headers, flow, from_client, now);

	const struct abi_service *service = model_service_of(model, flow);
	const struct abi_backend *backend = model_backend_of(model, flow);
	if (service && backend && from_client && model_is_opening(headers->tcp_flags) &&
	    !model_allows(service, flow->client.source.address)) {
		model_count(model, flow, true, ABI_VERDICT_DENIED, headers->ip_length);
		return ABI_VERDICT_DENIED;
	}
	if (!service || !backend ||
	    (from_client && begins_anew(model, flow, service, backend, headers->tcp_flags))) {
		model_end_flow(model, flow);
		return MODEL_NO_VERDICT;
	}
	if (restarts(flow, from_client, headers->tcp_flags))
		restart(model, flow, now);
	uint8_t verdict = carry(model, packet, headers, flow, from_client, now);
	model_count(model, flow, from_client, verdict, headers->ip_length);
	return verdict;
}

/* Fragments of direct connections are Linux's. */
static bool is_direct(const struct model_tables *tables, const uint8_t to[16])
{
	return model_is_dnat_address(tables, to) && !model_is_service_address(tables, to) &&
	       !model_is_local_address(tables, to);
}

/* A fragment, or an error about one, that Linux must not have. */
static bool is_kept(const struct model_tables *tables, const struct model_headers *headers)
{
	return model_is_ours(tables, &headers->tuple, false) &&
	       !is_direct(tables, headers->tuple.destination.address);
}

static uint8_t run_other(struct model *model, struct model_packet *packet,
			 const struct model_headers *headers)
{
	if (headers->kind == MODEL_ICMP_ERROR && headers->has_ports)
		return model_run_error(model, packet, headers);
	if (!is_kept(model->tables, headers))
		return ABI_VERDICT_TO_LINUX;
	return headers->kind == MODEL_FRAGMENT ? MODEL_FRAGMENT_OF_OURS : ABI_VERDICT_ICMP_ERROR;
}

static uint8_t run_packet(struct model *model, struct model_packet *packet,
			  const struct model_headers *headers, uint32_t now)
{
	uint8_t verdict = MODEL_NO_VERDICT;
	struct model_flow *flow;
	bool from_client;

	if (headers->kind != MODEL_FLOW)
		return run_other(model, packet, headers);
	flow = model_find_flow(model, &headers->tuple, &from_client);
	if (flow)
		verdict = run_flow(model, packet, headers, flow, from_client, now);
	if (verdict != MODEL_NO_VERDICT)
		return verdict;
	if (model->ports[packet->in_port].unsteered &&
	    !model_is_ours(model->tables, &headers->tuple, true))
		return ABI_VERDICT_TO_LINUX;
	return model_begin(model, packet, headers, now);
}

/*
 * What an unsteered port does not take is Linux's before anything else; where
 * known flows come first, what may be of one is asked only whether it is for the port.
 */
static uint8_t parse(const struct model *model, const struct model_packet *packet,
		     struct model_headers *headers)
{
	const struct model_port *port = &model->ports[packet->in_port];

	if (!model->tables)
		return ABI_VERDICT_TO_LINUX;
	uint8_t verdict = model_parse(model->features, packet->frame, packet->length, headers);
	if (verdict == MODEL_NO_VERDICT && !headers->is_routable)
		return ABI_VERDICT_TO_LINUX;
	if (!port->unsteered)
		return verdict;
	if ((model->features & FEATURE_KNOWN_FIRST) && verdict == MODEL_NO_VERDICT &&
	    headers->kind == MODEL_FLOW)
		return model_is_for_port(port, packet->frame) ? verdict : ABI_VERDICT_TO_LINUX;
	return model_steers(model, port, packet->frame, packet->length) ? verdict
									: ABI_VERDICT_TO_LINUX;
}

bool model_is_fragment_of_ours(const struct model *model, const struct model_packet *packet)
{
	struct model_headers headers;

	return parse(model, packet, &headers) == MODEL_NO_VERDICT &&
	       headers.kind == MODEL_FRAGMENT && is_kept(model->tables, &headers);
}

/*
 * Another worker's, the engine says. What it looked for among its own flows first it did not
 * find there, or it ended what it found.
 */
static void give_away(struct model *model, struct model_packet *packet,
		      const struct model_headers *headers, uint32_t now)
{
	struct model_flow *flow = NULL;
	bool from_client;

	if (headers->kind == MODEL_FLOW && !(model->asks_first >> packet->in_port & 1))
		flow = model_find_flow(model, &headers->tuple, &from_client);
	if (flow && run_flow(model, packet, headers, flow, from_client, now) != MODEL_NO_VERDICT)
		model->impossible++;
	packet->verdict = MODEL_FOREIGN;
}

/* What is no flow's, then packets of flows that were there before the burst. */
static void run_known(struct model *model, struct model_packet *packets,
		      const struct model_headers *headers, unsigned count, uint32_t now)
{
	bool is_known[BURST_MOST] = {false}, from_client;

	for (unsigned i = 0; i < count; i++)
		if (packets[i].verdict == MODEL_NO_VERDICT && headers[i].kind != MODEL_FLOW &&
		    !packets[i].is_foreign)
			packets[i].verdict = run_other(model, &packets[i], &headers[i]);
	for (unsigned i = 0; i < count; i++)
		is_known[i] = packets[i].verdict == MODEL_NO_VERDICT &&
			      headers[i].kind == MODEL_FLOW &&
			      model_find_flow(model, &headers[i].tuple, &from_client);
	for (unsigned i = 0; i < count; i++) {
		struct model_flow *flow =
			is_known[i] ? model_find_flow(model, &headers[i].tuple, &from_client)
				    : NULL;

		if (flow && packets[i].is_foreign)
			give_away(model, &packets[i], &headers[i], now);
		else if (flow)
			packets[i].verdict =
				run_flow(model, &packets[i], &headers[i], flow, from_client, now);
	}
}

void model_run(struct model *model, struct model_packet *packets, unsigned count, uint64_t now_ms)
{
	uint32_t now = (uint32_t)(now_ms / ABI_FLOW_TICK_MS);
	struct model_headers headers[BURST_MOST];

	model->made_count = 0;
	for (unsigned i = 0; i < count; i++) {
		packets[i].verdict = parse(model, &packets[i], &headers[i]);
		/* Linux's are handed over as others are: their owner says so. */
		if (packets[i].is_foreign && packets[i].verdict == ABI_VERDICT_TO_LINUX)
			packets[i].verdict = MODEL_FOREIGN;
	}
	if (model->features & FEATURE_KNOWN_FIRST)
		run_known(model, packets, headers, count, now);
	for (unsigned i = 0; i < count; i++)
		if (packets[i].verdict == MODEL_NO_VERDICT && packets[i].is_foreign)
			give_away(model, &packets[i], &headers[i], now);
		else if (packets[i].verdict == MODEL_NO_VERDICT)
			packets[i].verdict = run_packet(model, &packets[i], &headers[i], now);
	for (unsigned i = 0; i < count; i++)
		if (packets[i].verdict != MODEL_FOREIGN)
			model->verdicts[packets[i].verdict]++;
}
