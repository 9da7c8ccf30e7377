/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A client that speaks to a service, or to a backend directly, and is answered. */
#pragma once

#include "tests/model/frame.h"
#include "tests/model/scene.h"

struct conversation {
	bool is_live;
	struct model_tuple client; /* as the client sends */
	struct model_tuple reply;  /* as the backend answers, when its address is known */
	bool has_reply;
	uint8_t mac[6];         /* the client's, or its router's */
	uint16_t vlan, in_port; /* where its packets come from */
	uint32_t step;
	uint32_t no_answer_at; /* it is over when so many packets have been sent */
};

/* A new one, in place of one that is over. False: nobody was there to speak to. */
bool conversation_begin(struct scene *scene, struct conversation *conversation);

/* Its next packet: the client's, or the backend's when that is known. */
void conversation_make(struct scene *scene, struct conversation *conversation, bool from_client,
		       struct model_packet *packet);

/* What became of a packet of the client's: where it was sent is where answers come from. */
void conversation_learn(struct scene *scene, struct conversation *conversation,
			const struct model_packet *packet);

/* What any packet may have that is out of the ordinary. */
void conversation_details(struct scene *scene, struct frame_plan *plan);

bool conversation_is_ipv6(const uint8_t address[16]);
