/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What changed in the kernel's links, addresses, routes and neighbours, in a loop of libev. */
#pragma once

#include "controlplane/netlink/netlink.h"

#include <ev.h>

struct netlink_monitor_callbacks {
	/* A link, address, route or neighbour came, changed or went. */
	void (*on_message)(void *context, const struct nlmsghdr *message);
	/* Messages were lost: what is known must be read anew. */
	void (*on_overrun)(void *context);
	void *context;
};

struct netlink_monitor;

int netlink_monitor_open(struct ev_loop *loop, const struct netlink_monitor_callbacks *callbacks,
			 struct netlink_monitor **out);
void netlink_monitor_close(struct netlink_monitor *monitor);
