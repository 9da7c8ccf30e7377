/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One virtual router of a group: what it sends, and what it takes. */
#pragma once

#include "controlplane/vrrp/plan_view.h"
#include "controlplane/vrrp/sockets.h"

#include <stdbool.h>
#include <stdint.h>

struct instance {
	uint8_t id, family, version;
	uint32_t interval; /* ms */
	struct interface *interface;
	struct advert_socket *socket;
	uint8_t source[16]; /* all 0: the interface has none */
	uint8_t mac[6];     /* of the interface, that others were told of */
	uint8_t (*peers)[16];
	uint32_t peer_count;
	uint8_t *addresses; /* as they are in a packet */
	uint8_t address_count;
	struct report_instance *report; /* never NULL */
};

/* Of a plan; interface and socket are the caller's to set. 0 or -ENOMEM. */
int instance_make(struct instance *instance, const struct plan_view *plan,
		  const struct plan_instance *row, uint32_t version);
void instance_free(struct instance *instance);

/* Looks up from where it sends; NULL, or why it cannot. */
const char *instance_refresh(struct instance *instance);

/* To the group, or to each peer. False: the kernel did not take all of them. */
bool instance_send(struct instance *instance, uint32_t priority);

/* Counts a packet that is its own; true: it is to be heard. */
bool instance_take(struct instance *instance, const struct advert_packet *packet,
		   enum report_fault fault, const struct advert *advert);
