/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `vrrp-plan`: what headrace-vrrp is to do, written by the control plane in the
 * run directory and renamed into place; headrace-vrrp reads it at its start and
 * when it is told to (control.h). So it needs no JSON, and can be started again
 * without a control plane.
 *
 * Whoever reads it trusts nothing: plan_check() looks at lengths, counts and
 * indexes once. Addresses are 16 bytes, network order, IPv4 as ::ffff:a.b.c.d. Times are
 * milliseconds. One header, then groups, instances, peers, addresses, tracked interfaces, one array
 * behind the other; a group and an instance name their share of an array by its first row and a
 * count.
 */
#pragma once

#include "dataplane/abi/lease.h"

#define PLAN_FILE    "vrrp-plan"
#define PLAN_MAGIC   0x004e414c50525648ull
#define PLAN_VERSION 1

#define PLAN_MAX_INSTANCES  256
#define PLAN_MAX_PEERS      2048
#define PLAN_MAX_ADDRESSES  4096
#define PLAN_MAX_INTERFACES 256

#define PLAN_MAX_GROUP_INSTANCES 32

#define PLAN_INTERFACE_SIZE 16
#define PLAN_PATH_SIZE      256

struct plan_span {
	uint32_t first, count;
};

enum plan_flags {
	PLAN_PREEMPT = 1u << 0,
	PLAN_IS_PAIR = 1u << 1, /* nobody but the peer can take over: no skew when it gives up */
	PLAN_NEEDS_DATAPLANE = 1u << 2 /* without live workers it does not serve */
};

struct plan_group {
	char name[ABI_NAME_SIZE];
	char notify[PLAN_PATH_SIZE]; /* program to run on transitions; empty: none */
	uint32_t number;             /* of its lease: 1 to ABI_MAX_GROUPS, no two alike */
	uint32_t flags;              /* enum plan_flags */
	uint32_t version;            /* 2 or 3 */
	uint32_t priority;           /* 1 to 254 */
	uint32_t lowered; /* by so much, for services with too few backends; at least 1 is left */
	uint32_t preempt_delay;
	struct plan_span instances;
	struct plan_span addresses; /* that move with it and are not advertised: local pools' */
	struct plan_span
		interfaces; /* without whose links it does not serve, beside its instances' */
};

struct plan_instance {
	uint8_t id;     /* virtual router, 1 to 255 */
	uint8_t family; /* 4 or 6 */
	uint8_t reserved[2];
	char interface[PLAN_INTERFACE_SIZE];
	uint32_t advert_interval;   /* 10 to 40950; of version 2 whole seconds */
	struct plan_span peers;     /* none: multicast */
	struct plan_span addresses; /* advertised, in this order as far as a packet holds them */
};

struct plan_address {
	uint8_t address[16];
	char interface[PLAN_INTERFACE_SIZE];
};

struct plan_peer {
	uint8_t address[16]; /* another node's; one of this host's own is passed over */
};

struct plan_interface {
	char name[PLAN_INTERFACE_SIZE];
};

struct plan {
	uint64_t magic;
	uint32_t version;
	uint32_t group_count; /* at most ABI_MAX_GROUPS */
	uint64_t size;        /* bytes of the whole */
	uint64_t revision;    /* of the configuration it was made from */
	uint64_t checksum;    /* abi_checksum() of all behind this header */
	uint32_t instance_count, peer_count, address_count, interface_count;
	uint32_t node_id; /* 0 or 1 */
	uint32_t reserved;
	/* struct plan_group groups[]; struct plan_instance instances[]; struct plan_peer peers[];
	 * struct plan_address addresses[]; struct plan_interface interfaces[]; */
};

/* Of a head whose counts are within their bounds: no sum overflows. */
static inline uint64_t plan_size(const struct plan *head)
{
	return sizeof(*head) + (uint64_t)head->group_count * sizeof(struct plan_group) +
	       (uint64_t)head->instance_count * sizeof(struct plan_instance) +
	       (uint64_t)head->peer_count * sizeof(struct plan_peer) +
	       (uint64_t)head->address_count * sizeof(struct plan_address) +
	       (uint64_t)head->interface_count * sizeof(struct plan_interface);
}
