/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/netlink/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

/* Messages of one wake-up; more wait for the next turn of the loop. */
#define MONITOR_BURST 64

/* Bytes the kernel keeps for us: some ten thousand neighbours at once. */
#define MONITOR_BUFFER (4 * 1024 * 1024)

struct netlink_monitor {
	struct ev_loop *loop;
	struct mnl_socket *socket;
	struct netlink_monitor_callbacks callbacks;
	ev_io readable;
	char buffer[32768];
};

static int monitor_message(const struct nlmsghdr *message, void *context)
{
	struct netlink_monitor *monitor = context;

	monitor->callbacks.on_message(monitor->callbacks.context, message);
	return MNL_CB_OK;
}

static void monitor_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct netlink_monitor *monitor = watcher->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < MONITOR_BURST; i++) {
		ssize_t length = mnl_socket_recvfrom(monitor->socket, monitor->buffer,
						     sizeof(monitor->buffer));

		if (length < 0 && errno == ENOBUFS)
			monitor->callbacks.on_overrun(monitor->callbacks.context);
		else if (length <= 0)
			return;
		else
			mnl_cb_run(monitor->buffer, (size_t)length, 0, 0, monitor_message, monitor);
	}
}

int netlink_monitor_open(struct ev_loop *loop, const struct netlink_monitor_callbacks *callbacks,
			 struct netlink_monitor **out)
{
	struct netlink_monitor *monitor = calloc(1, sizeof(*monitor));
	int size = MONITOR_BUFFER;

	if (monitor == NULL)
		return -ENOMEM;
	monitor->loop = loop;
	monitor->callbacks = *callbacks;
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (monitor->socket == NULL ||
	    mnl_socket_bind(monitor->socket,
			    RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_IFADDR |
				    RTMGRP_IPV6_ROUTE | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;

		netlink_monitor_close(monitor);
		return error;
	}

	int descriptor = mnl_socket_get_fd(monitor->socket);

	/* Without CAP_NET_ADMIN the smaller buffer does; an overrun is noticed. */
	setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	ev_io_init(&monitor->readable, monitor_readable, descriptor, EV_READ);
	monitor->readable.data = monitor;
	ev_io_start(loop, &monitor->readable);
	*out = monitor;
	return 0;
}

void netlink_monitor_close(struct netlink_monitor *monitor)
{
	if (monitor == NULL)
		return;
	if (ev_is_active(&monitor->readable))
		ev_io_stop(monitor->loop, &monitor->readable);
	if (monitor->socket != NULL)
		mnl_socket_close(monitor->socket);
	free(monitor);
}
