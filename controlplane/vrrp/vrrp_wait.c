/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/vrrp_wait.h"

#include <string.h>

/*
 * Packets are waited for one by one, until so many turns were made for them
 * within CROWD_SPAN: then they are left to gather for NAP, and the processor to others.
 */
#define CROWD_TURNS 32
#define CROWD_SPAN  10000000ull /* ns */
#define NAP         2000000ull  /* ns */

static nfds_t set_polled(const struct vrrp *vrrp, struct pollfd polled[POLL_MAX])
{
	nfds_t count = POLL_SOCKETS;

	polled[POLL_SIGNALS] = (struct pollfd){.fd = vrrp->signals, .events = POLLIN};
	polled[POLL_MONITOR] =
		(struct pollfd){.fd = interfaces_descriptor(&vrrp->interfaces), .events = POLLIN};
	polled[POLL_DATAPLANE] = (struct pollfd){.fd = vrrp->dataplane.process, .events = POLLIN};
	polled[POLL_LISTENER] = (struct pollfd){.fd = vrrp->control.listener, .events = POLLIN};
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		polled[POLL_CLIENTS + i] =
			(struct pollfd){.fd = vrrp->control.clients[i], .events = POLLIN};
	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		const struct advert_socket *socket = &vrrp->sockets[i];

		if (socket->interface != NULL && socket->index != 0)
			polled[count++] =
				(struct pollfd){.fd = socket->descriptor, .events = POLLIN};
	}
	return count;
}

/* Are there more packets than any number of good nodes sends? */
static bool is_crowded(struct vrrp *vrrp, uint64_t now)
{
	if (now - vrrp->crowd_began > CROWD_SPAN) {
		vrrp->crowd_began = now;
		vrrp->crowd_turns = 0;
	}
	return ++vrrp->crowd_turns > CROWD_TURNS;
}

void vrrp_wait(struct vrrp *vrrp, struct pollfd polled[POLL_MAX], uint64_t deadline, uint64_t now)
{
	nfds_t count = set_polled(vrrp, polled);
	uint64_t left = deadline > now ? deadline - now : 0;

	if (is_crowded(vrrp, now) && count > POLL_SOCKETS) {
		count = POLL_SOCKETS;
		left = left < NAP ? left : NAP;
	}

	struct timespec wait = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};

	if (ppoll(polled, count, &wait, NULL) < 0)
		memset(polled, 0, POLL_MAX * sizeof(polled[0]));
}
