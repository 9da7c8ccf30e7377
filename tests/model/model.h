/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The slow model: the load balancer in the most obvious code there is. Tables
 * are arrays of the objects of a generation, flows are a list, every look-up is
 * a walk. It shares dataplane/abi/ with the engine and nothing else: what both
 * say of the same packets is compared.
 *
 * Fragments that may be of a flow are not followed here: tests/unit/core/fragment_site.h has
 * what comes out of them put together.
 *
 * Three things are the engine's to choose, and the model is told of them:
 * the local address and port of a full-nat flow (it checks that they could be
 * drawn), when a flow is forgotten whose service or backend is gone, and which half-open flow
 * a full table gives up.
 */
#pragma once

#include "dataplane/abi/counters.h"
#include "dataplane/abi/flows.h"
#include "dataplane/abi/tables.h"
#include "tests/model/engine_features.h"

#include <stdbool.h>

#define MODEL_OBJECTS 128  /* of a kind, at most */
#define MODEL_FRAME   2048 /* bytes of a frame, at most */
#define MODEL_FOREIGN 0xfe /* no verdict of this worker's */
#define MODEL_MADE    64   /* packets of our own in a burst, at most */

/* A generation. NULL where there is no object. */
struct model_tables {
	struct abi_settings settings;
	struct abi_service *services[MODEL_OBJECTS];
	struct abi_backend *backends[MODEL_OBJECTS];
	struct abi_ring *rings[MODEL_OBJECTS];
	struct abi_next_hop *next_hops[MODEL_OBJECTS];
	struct abi_local_pool *local_pools[MODEL_OBJECTS];
	struct abi_routes *routes;
	struct abi_host_addresses *host_addresses;
};

struct model_port {
	uint8_t mac[6];
	uint16_t mtu;
	bool reply_by_route, learn_from_anyone, any_mac, unsteered;
};

struct model_endpoint {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;       /* host order */
};

struct model_tuple {
	struct model_endpoint source, destination;
	uint8_t protocol;
};

/* Where a client's packets come from. Flows of a family share it: what one learns, all know. */
struct model_hop {
	bool is_ipv4;
	uint8_t mac[6];
	uint16_t vlan, outer_vlan, port;
	uint32_t neighbour; /* index of a next hop, whose epoch it was; or ABI_NONE */
	uint32_t neighbour_epoch;
};

struct model_flow {
	struct model_tuple client; /* as the client's packets come */
	struct model_tuple reply;  /* as the backend's packets come */
	uint8_t state;             /* enum abi_flow_state */
	bool full_nat, client_fin, backend_fin, answered;
	bool reset, was_open;               /* a reset came last; and found it established */
	uint32_t from_client, from_backend; /* packets sent on */
	uint32_t last_seen, due;            /* ticks; it ends when `due` comes */
	uint32_t first_due;                 /* when a timer of its first packet comes */
	uint16_t service, backend;          /* not of DIRECT flows */
	uint32_t service_epoch, backend_epoch;
	int hop;     /* of the way to the client; -1: none learned */
	bool may_go; /* service or backend are gone: the engine may have found out */
};

struct model_packet {
	/* In. */
	uint8_t frame[MODEL_FRAME];
	uint32_t length;
	uint16_t in_port, vlan, outer_vlan; /* no packet comes with an outer one */

	/* In: what the engine drew, if this packet begins a full-nat flow. */
	bool drew, drew_in_vain;
	struct model_endpoint drawn;
	/* In: whether the engine says that it is another worker's. */
	bool is_foreign;

	/* Out; frame, length and VLANs too. */
	uint8_t verdict;
	uint16_t out_port;
	uint8_t owner; /* with MODEL_FOREIGN: the engine's word */
};

struct model_oracle {
	/* Whether the engine has this flow, by the client's tuple. */
	bool (*has_flow)(void *context, const struct model_tuple *client);
	/* Of several workers: whether such a reply is this one's; NULL: there is one. */
	bool (*leads_here)(void *context, const struct model_tuple *reply);
	void *context;
};

/* Of messages of our own. */
struct model_allowance {
	bool was_used;
	int64_t left;
	uint32_t since; /* tick */
};

struct model {
	uint32_t features;
	const struct model_tables *tables; /* NULL: none yet */
	struct model_port ports[ABI_MAX_PORTS];
	uint16_t port_count;
	uint32_t asks_first; /* ports whose packets are asked for their owner before their flow */
	struct model_oracle oracle;

	struct model_flow *flows;
	uint32_t flow_count;
	uint32_t flow_capacity; /* of each family */
	struct model_hop hops[ABI_FLOW_HOPS];
	int hop_count;
	struct abi_traffic services[MODEL_OBJECTS], backends[MODEL_OBJECTS];
	uint64_t verdicts[ABI_VERDICT_MAX];
	uint64_t generated;
	struct model_allowance too_big, expired, reset, refused;
	/* Of the last burst, made besides its packets, in the order they came up. */
	struct model_packet made[MODEL_MADE];
	unsigned made_count;
	uint32_t impossible; /* choices of the engine's that it could not make */
};

struct model *model_new(uint32_t features, uint32_t flow_capacity);
void model_free(struct model *model);

/* A new generation, or new places for the objects of the old one. */
void model_publish(struct model *model, const struct model_tables *tables);

/* The verdict such a one has here. */
#define MODEL_FRAGMENT_OF_OURS ABI_VERDICT_BAD_FRAGMENT
bool model_is_fragment_of_ours(const struct model *model, const struct model_packet *packet);

/* Runs a burst that the engine has run. */
void model_run(struct model *model, struct model_packet *packets, unsigned count, uint64_t now_ms);

/* Ends the flows whose time is over, and those without service or backend that the engine ended. */
void model_age(struct model *model, uint64_t now_ms);
