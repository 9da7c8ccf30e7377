/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* How the model reads frames. */
#pragma once

#include "tests/model/ip.h"
#include "tests/model/model.h"

#define MODEL_NO_VERDICT 0xff

#define ETHERNET    14
#define TYPE_IPV4   0x0800
#define TYPE_IPV6   0x86dd
#define PROTO_TCP   6
#define PROTO_UDP   17
#define PROTO_ICMP  1
#define PROTO_ICMP6 58
#define FLAG_FIN    0x01
#define FLAG_SYN    0x02
#define FLAG_RST    0x04
#define FLAG_ACK    0x10

enum model_kind {
	MODEL_FLOW,      /* TCP or UDP, whole */
	MODEL_FRAGMENT,  /* addresses only */
	MODEL_ICMP_ERROR /* the tuple is the inner packet's, turned round */
};

struct model_headers {
	uint8_t kind;
	uint8_t family; /* 4 or 6 */
	struct model_tuple tuple;
	bool has_ports;
	bool is_routable;
	uint8_t hop_limit;
	uint8_t tcp_flags;  /* 0 with UDP */
	uint32_t ip_length; /* header and payload */
	uint32_t transport; /* where TCP or UDP begins in the frame */
};

/* MODEL_NO_VERDICT with *out filled, or what becomes of the frame at once. */
uint8_t model_parse(uint32_t features, const uint8_t *frame, uint32_t length,
		    struct model_headers *out);

bool model_is_for_port(const struct model_port *port, const uint8_t *frame);

/* What the XDP program would do with it: a port without one asks here first. */
bool model_steers(const struct model *model, const struct model_port *port, const uint8_t *frame,
		  uint32_t length);
