/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the steering program and its loader share: map names, keys and values.
 * Addresses are network order, ports host order.
 */
#pragma once

#include <linux/types.h>

/* The function's name, of which the kernel keeps 15 letters: how a left-over one is known. */
#define STEERING_PROGRAM "headrace_steer"

#define STEERING_MAX_QUEUES    64
#define STEERING_MAX_LISTENERS 65536
#define STEERING_MAX_LOCALS    1024
#define STEERING_MAX_ENDPOINTS 65536
#define STEERING_MAX_HOSTS     4096

/* xsks_map: queue -> AF_XDP socket, filled by the driver. */

/*
 * services: what clients talk to; endpoints: where dnat services send. A set
 * each (the value, one byte, means nothing). Three kinds of row:
 *   address, port, protocol: exactly that
 *   address, 0, protocol:    every port of it
 *   address, 0, 0:           the address alone: what fragments are matched by
 */
struct steering_endpoint {
	__be32 address;
	__u16 port;
	__u8 protocol;
	__u8 pad;
};

/* locals: __be32 address -> the ports full NAT draws from. */
struct steering_ports {
	__u16 first, last; /* inclusive */
};

/* hosts: every address of this host, __be32 -> __u8. */

/* port: one row: the port itself. Before it is written no frame is ours. */
struct steering_port {
	__u8 mac[6];
	__u8 any_mac;
	__u8 in_use; /* 1 */
};
