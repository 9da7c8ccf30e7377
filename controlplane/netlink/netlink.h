/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Talking to the kernel over rtnetlink: requests that are answered at once, and
 * a monitor that tells what changed. Functions return 0 or -errno.
 */
#pragma once

#include <ev.h>
#include <libmnl/libmnl.h>

/* Room for any request we make. */
#define NETLINK_REQUEST_SIZE 1024

struct netlink; /* a socket for requests */

int netlink_open(struct netlink **out);
void netlink_close(struct netlink *netlink);

/*
 * Sends the request and calls `on_message` for each message of the answer, with
 * NULL it only waits for the kernel's yes or no. Does not wait on anything but
 * the kernel. A dump that changed under its reading ends with -EINTR.
 */
int netlink_request(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t on_message,
		    void *context);

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
