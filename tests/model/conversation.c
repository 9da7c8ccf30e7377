/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/conversation.h"

#include <string.h>

static uint32_t draw(struct scene *scene, uint32_t bound)
{
	return choose_below(scene->choices, bound);
}

static bool rarely(struct scene *scene, uint32_t times)
{
	return choose_rarely(scene->choices, times);
}

/* Somebody who might be a client: on the link, behind a router, a backend. */
static void draw_client(struct scene *scene, uint8_t family, struct model_endpoint *out)
{
	static const enum scene_net nets[] = {NET_CLIENTS, NET_CLIENTS, NET_FAR,
					      NET_FAR,     NET_FAR,     NET_BACKENDS};

	scene_address(family, nets[draw(scene, 6)], 1 + draw(scene, 12), out->address);
	out->port = rarely(scene, 4) ? scene_port(scene) : (uint16_t)(4000 + draw(scene, 3000));
}

/* A backend's own address and port: the conversation is direct. */
static bool draw_direct(struct scene *scene, struct conversation *conversation)
{
	const struct model_tables *tables = &scene->tables;
	const struct abi_backend *backend = tables->backends[draw(scene, BACKENDS_OF(2))];

	if (!backend)
		return false;
	memcpy(conversation->client.destination.address, backend->address, 16);
	conversation->client.destination.port = backend->port != 0 ? backend->port : 8080;
	conversation->reply = (struct model_tuple){
		.source = conversation->client.destination,
		.protocol = conversation->client.protocol,
	};
	conversation->has_reply = true;
	return true;
}

static bool draw_service(struct scene *scene, struct conversation *conversation)
{
	const struct abi_service *service = scene->tables.services[draw(scene, 2 * SCENE_SERVICES)];
	const struct abi_listener *listener;
	uint32_t ports;

	if (!service)
		return false;
	listener = &service->listeners[draw(scene, service->listener_count)];
	ports = (uint32_t)listener->port_last - listener->port_first + 1;
	memcpy(conversation->client.destination.address, listener->address, 16);
	conversation->client.destination.port =
		(uint16_t)(listener->port_first + (ports > 1 ? draw(scene, ports) : 0));
	conversation->client.protocol = listener->protocol;
	return true;
}

bool conversation_is_ipv6(const uint8_t address[16])
{
	return address[0] == 0x20;
}

bool conversation_begin(struct scene *scene, struct conversation *conversation)
{
	bool direct = rarely(scene, 24);
	bool found = false;

	*conversation = (struct conversation){
		.client.protocol = draw(scene, 2) ? PROTO_TCP : PROTO_UDP,
		.vlan = rarely(scene, 8) ? 7 : 0,
		.in_port = rarely(scene, 16),
		.no_answer_at = 1 + draw(scene, rarely(scene, 8) ? 200 : 14),
	};
	scene_mac(1 + draw(scene, SCENE_MACS), conversation->mac);
	for (unsigned tries = 0; !found && tries < 4; tries++)
		found = direct ? draw_direct(scene, conversation)
			       : draw_service(scene, conversation);
	if (!found)
		return false;
	draw_client(scene, conversation_is_ipv6(conversation->client.destination.address) ? 6 : 4,
		    &conversation->client.source);
	conversation->reply.destination = conversation->client.source;
	conversation->is_live = true;
	return true;
}

static uint8_t client_flags(struct scene *scene, const struct conversation *conversation)
{
	static const uint8_t flags[] = {FLAG_ACK, FLAG_ACK, FLAG_ACK,
					FLAG_ACK, FLAG_ACK, FLAG_FIN | FLAG_ACK,
					FLAG_SYN, FLAG_RST, FLAG_RST | FLAG_ACK};

	if (conversation->step == 0)
		return rarely(scene, 16) ? flags[draw(scene, 9)] : FLAG_SYN;
	return rarely(scene, 64) ? (uint8_t)draw(scene, 256) : flags[draw(scene, 9)];
}

static uint8_t backend_flags(struct scene *scene, const struct conversation *conversation)
{
	static const uint8_t flags[] = {
		FLAG_ACK, FLAG_ACK, FLAG_ACK, FLAG_SYN | FLAG_ACK, FLAG_ACK, FLAG_FIN | FLAG_ACK,
		FLAG_RST};

	return conversation->step < 2 && !rarely(scene, 8) ? FLAG_SYN | FLAG_ACK
							   : flags[draw(scene, 7)];
}

/* Segment sizes among others, at any place; some options end too late. */
static void draw_tcp_options(struct scene *scene, struct frame_plan *plan)
{
	uint32_t size = 4 * draw(scene, 11);

	plan->tcp_option_words = size / 4;
	for (uint32_t at = 0; at < size;) {
		static const uint8_t kinds[] = {1, 1, 2, 2, 2, 3, 4, 8, 0};
		static const uint8_t lengths[] = {0, 0, 4, 3, 2, 0, 0, 0, 10};
		uint8_t kind = kinds[draw(scene, 9)];
		uint32_t length = kind < 2 ? 1 : lengths[kind];

		plan->tcp_options[at] = kind;
		if (at + 1 < size)
			plan->tcp_options[at + 1] =
				(uint8_t)(rarely(scene, 24) ? draw(scene, 256) : length);
		for (uint32_t i = 2; i < length && at + i < size; i++)
			plan->tcp_options[at + i] = (uint8_t)draw(scene, i == 2 ? 10 : 256);
		at += length;
	}
}

void conversation_details(struct scene *scene, struct frame_plan *plan)
{
	plan->hop_limit = (uint8_t)(rarely(scene, 32) ? draw(scene, 4) : 64);
	plan->payload = rarely(scene, 48)  ? draw(scene, 1700)
			: rarely(scene, 2) ? draw(scene, 40)
					   : 0;
	plan->padding = rarely(scene, 8) ? draw(scene, 30) : 0;
	plan->options = rarely(scene, 16) ? draw(scene, 9) : 0;
	plan->atomic = rarely(scene, 32);
	plan->hops_left = rarely(scene, 8);
	plan->without_checksum = rarely(scene, 8);
	if ((plan->tcp_flags & FLAG_SYN) && rarely(scene, 2))
		draw_tcp_options(scene, plan);
	plan->checksum_wrong_by = (uint16_t)(rarely(scene, 32) ? draw(scene, 65536) : 0);
	if (rarely(scene, 64))
		plan->fragment = 1 + draw(scene, 0x3fff);
	if (rarely(scene, 64))
		scene_mac(draw(scene, 256), plan->mac_to);
}

void conversation_make(struct scene *scene, struct conversation *conversation, bool from_client,
		       struct model_packet *packet)
{
	struct frame_plan plan = {
		.tuple = from_client ? conversation->client : conversation->reply,
		.tcp_flags = from_client ? client_flags(scene, conversation)
					 : backend_flags(scene, conversation),
	};

	packet->in_port = from_client ? conversation->in_port : 1;
	packet->vlan = from_client ? conversation->vlan : 0;
	packet->outer_vlan = 0;
	memcpy(plan.mac_from, conversation->mac, 6);
	if (!from_client)
		scene_mac(0xb0, plan.mac_from);
	scene_mac(0xa0u + packet->in_port, plan.mac_to);
	/* A client whose packets begin to come another way. */
	if (from_client && rarely(scene, 48))
		scene_mac(1 + draw(scene, SCENE_MACS), conversation->mac);
	conversation_details(scene, &plan);
	frame_make_flow(&plan, packet);
	conversation->step++;
	conversation->is_live = conversation->step < conversation->no_answer_at;
}

void conversation_learn(struct scene *scene, struct conversation *conversation,
			const struct model_packet *packet)
{
	struct model_headers headers;

	if (packet->verdict == ABI_VERDICT_TO_BACKEND &&
	    model_parse(FEATURE_ALL, packet->frame, packet->length, &headers) == MODEL_NO_VERDICT) {
		conversation->reply = (struct model_tuple){
			.source = headers.tuple.destination,
			.destination = headers.tuple.source,
			.protocol = headers.tuple.protocol,
		};
		conversation->has_reply = true;
	} else if (!conversation->has_reply && draw(scene, 2)) {
		conversation->is_live = false; /* nobody answers: it is given up */
	}
}
