/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Random packets for a scene: many conversations at a time, their handshakes,
 * data, resets, repetitions and answers, direct connections to backends; and
 * strays, fragments, ICMP errors, malformed and spoofed packets among them.
 */
#pragma once

#include "dataplane/core/packet.h"
#include "tests/model/conversation.h"

struct traffic {
	struct scene *scene;
	struct choices *choices;
	struct conversation *conversations;
	uint32_t count;
	/* Of the packets made last: which conversation's client sent each; -1: none. */
	int senders[PACKET_BURST];
};

struct traffic *traffic_new(struct scene *scene, uint32_t conversations);
void traffic_free(struct traffic *traffic);

/* The next packet. */
void traffic_make_one(struct traffic *traffic, struct model_packet *packet);

/* The next burst; its number of packets. */
unsigned traffic_make(struct traffic *traffic, struct model_packet packets[PACKET_BURST]);

/* What became of them: where they were sent is where answers come from. */
void traffic_learn(struct traffic *traffic, const struct model_packet *packets, unsigned count);
