/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/traffic.h"

#include "tests/model/conversation.h"

#include <stdlib.h>
#include <string.h>

static uint32_t draw(struct traffic *traffic, uint32_t bound)
{
	return choose_below(traffic->choices, bound);
}

static bool rarely(struct traffic *traffic, uint32_t times)
{
	return choose_rarely(traffic->choices, times);
}

struct traffic *traffic_new(struct scene *scene, uint32_t conversations)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		abort();
	traffic->scene = scene;
	traffic->choices = scene->choices;
	traffic->count = conversations;
	traffic->conversations = calloc(conversations, sizeof(*traffic->conversations));
	if (!traffic->conversations)
		abort();
	return traffic;
}

void traffic_free(struct traffic *traffic)
{
	free(traffic->conversations);
	free(traffic);
}

/* Anything, nobody's addresses included. */
static void draw_anybody(struct traffic *traffic, uint8_t family, struct model_endpoint *out)
{
	scene_address(family, (enum scene_net)draw(traffic, NET_COUNT), draw(traffic, 10),
		      out->address);
	if (rarely(traffic, 24))
		out->address[12] = (uint8_t)draw(traffic, 256);
	if (rarely(traffic, 24))
		memset(out->address + (family == 4 ? 12 : 0), (int)draw(traffic, 2) * 0xff, 4);
	if (rarely(traffic, 48) && family == 6)
		memcpy(out->address, (uint8_t[]){0xfe, 0x80, 0, 0}, 4);
	out->port = scene_port(traffic->scene);
}

static void make_stray(struct traffic *traffic, struct model_packet *packet)
{
	uint8_t family = scene_family(traffic->scene);
	struct frame_plan plan = {
		.tuple.protocol = draw(traffic, 2) ? PROTO_TCP : PROTO_UDP,
		.tcp_flags = (uint8_t)(draw(traffic, 2) ? FLAG_SYN : draw(traffic, 256)),
	};

	packet->in_port = (uint16_t)draw(traffic, SCENE_PORTS);
	scene_mac(0xa0u + packet->in_port, plan.mac_to);
	scene_mac(1 + draw(traffic, SCENE_MACS), plan.mac_from);
	draw_anybody(traffic, family, &plan.tuple.source);
	draw_anybody(traffic, family, &plan.tuple.destination);
	conversation_details(traffic->scene, &plan);
	frame_make_flow(&plan, packet);
}

/* Of ICMP, of ICMPv6 and of neither. */
static uint8_t draw_type(struct traffic *traffic)
{
	static const uint8_t types[] = {3, 11, 12, 1, 2, 3, 4, 3, 1, 5, 8, 0, 128};

	return types[draw(traffic, sizeof(types))];
}

/* How much of the packet is quoted and what else follows: extensions or their lack. */
static void draw_words(struct traffic *traffic, struct model_packet *packet, bool is_ipv4)
{
	uint8_t *message = packet->frame + ETHERNET + (is_ipv4 ? (packet->frame[14] & 15) * 4 : 40);

	message[is_ipv4 ? 5 : 4] = (uint8_t)draw(traffic, 16);
}

/* About a packet of a conversation, from whoever met it on its way. */
static void make_error(struct traffic *traffic, const struct conversation *conversation,
		       struct model_packet *packet)
{
	bool of_client = !conversation->has_reply || draw(traffic, 2);
	struct model_packet about;
	struct frame_plan plan = {
		.tuple = of_client ? conversation->client : conversation->reply,
		.tcp_flags = FLAG_ACK,
		.fragment = rarely(traffic, 8) ? 1 + draw(traffic, 0x3fff) : 0,
		.options = rarely(traffic, 8) ? draw(traffic, 8) : 0,
	};

	if (plan.fragment % 4 == 1)
		plan.fragment = 0x2000; /* a first one */
	packet->in_port = (uint16_t)draw(traffic, SCENE_PORTS);
	scene_mac(0xa0u + packet->in_port, plan.mac_to);
	scene_mac(1 + draw(traffic, SCENE_MACS), plan.mac_from);
	/* Most are about what we sent, not about what was sent to us. */
	if (!rarely(traffic, 4))
		plan.tuple = (struct model_tuple){plan.tuple.destination, plan.tuple.source,
						  plan.tuple.protocol};
	frame_make_flow(&plan, &about);
	bool is_ipv6 = conversation_is_ipv6(plan.tuple.source.address);
	plan.tuple.destination = plan.tuple.source;
	if (rarely(traffic, 8))
		draw_anybody(traffic, is_ipv6 ? 6 : 4, &plan.tuple.destination);
	draw_anybody(traffic, is_ipv6 ? 6 : 4, &plan.tuple.source);
	plan.fragment = 0;
	plan.hop_limit = rarely(traffic, 16) ? (uint8_t)draw(traffic, 3) : 64;
	uint32_t length = about.length - ETHERNET;
	if (rarely(traffic, 4))
		length = draw(traffic, length + 1);
	frame_make_error(&plan, draw_type(traffic), about.frame + ETHERNET, length, packet);
	if (rarely(traffic, 4))
		draw_words(traffic, packet, !is_ipv6);
}

/* Bytes changed, cut, stretched; or nothing but noise. */
static void spoil(struct traffic *traffic, struct model_packet *packet)
{
	uint32_t kind = draw(traffic, 8);

	if (kind == 0) {
		packet->length = draw(traffic, 120);
		for (uint32_t i = 0; i < packet->length; i++)
			packet->frame[i] = (uint8_t)draw(traffic, 256);
		return;
	}
	for (uint32_t changes = 1 + draw(traffic, 3); changes > 0; changes--)
		packet->frame[draw(traffic, packet->length < 80 ? packet->length : 80)] =
			(uint8_t)draw(traffic, 256);
	if (kind == 1)
		packet->length = 1 + draw(traffic, packet->length);
	if (kind > 3)
		frame_fix_ipv4(packet);
}

static void make_packet(struct traffic *traffic, struct model_packet *packet, int *sender)
{
	uint32_t number = draw(traffic, traffic->count);
	struct conversation *conversation = &traffic->conversations[number];

	*sender = -1;
	packet->vlan = packet->outer_vlan = 0;
	if (!conversation->is_live && !conversation_begin(traffic->scene, conversation)) {
		make_stray(traffic, packet);
		return;
	}
	if (rarely(traffic, 24)) {
		make_stray(traffic, packet);
	} else if (rarely(traffic, 24)) {
		make_error(traffic, conversation, packet);
	} else {
		bool from_client =
			!conversation->has_reply || conversation->step == 0 || draw(traffic, 2);
		conversation_make(traffic->scene, conversation, from_client, packet);
		if (from_client)
			*sender = (int)number;
	}
	if (rarely(traffic, 20))
		spoil(traffic, packet);
}

void traffic_make_one(struct traffic *traffic, struct model_packet *packet)
{
	make_packet(traffic, packet, &traffic->senders[0]);
}

unsigned traffic_make(struct traffic *traffic, struct model_packet packets[PACKET_BURST])
{
	unsigned count = 1 + draw(traffic, PACKET_BURST);

	for (unsigned i = 0; i < count; i++)
		make_packet(traffic, &packets[i], &traffic->senders[i]);
	return count;
}

void traffic_learn(struct traffic *traffic, const struct model_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (traffic->senders[i] >= 0)
			conversation_learn(traffic->scene,
					   &traffic->conversations[traffic->senders[i]],
					   &packets[i]);
}
