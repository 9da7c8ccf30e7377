/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Waiting: for news on any descriptor, or for something to be due. */
#pragma once

#include "controlplane/vrrp/vrrp.h"

#include <poll.h>

/* Those of one turn: the descriptors besides the sockets, and these. */
enum { POLL_SIGNALS, POLL_MONITOR, POLL_DATAPLANE, POLL_LISTENER, POLL_CLIENTS };
#define POLL_SOCKETS (POLL_CLIENTS + CONTROL_CLIENTS)
#define POLL_MAX     (POLL_SOCKETS + VRRP_SOCKETS)

/* Leaves in `polled` what there is news on; the sockets behind the others are not looked at. */
void vrrp_wait(struct vrrp *vrrp, struct pollfd polled[POLL_MAX], uint64_t deadline, uint64_t now);
