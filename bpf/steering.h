/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the steering program and its loader share: map names, keys and values.
 * Addresses are network order, IPv4 as ::ffff:a.b.c.d; ports host order.
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
#define STEERING_MAX_GROUPED   4096
#define STEERING_MAX_GROUPS    64

/* Port ranges of one address and protocol. */
#define STEERING_MAX_RANGES 32

/* How far IPv6 extension headers are followed. */
#define STEERING_MAX_EXTENSIONS     6
#define STEERING_MAX_EXTENSION_SIZE 256 /* bytes, of all of them */

struct steering_address {
	__be32 words[4];
};

struct steering_endpoint {
	struct steering_address address;
	__u16 port;
	__u8 protocol;
	__u8 pad;
};

struct steering_ports {
	__u16 first, last; /* inclusive */
};

/* xsks_map: queue -> AF_XDP socket, filled by the driver. */

/*
 * services: what clients talk to; endpoints: where dnat services send. A set
 * each (the value, one byte, means nothing). Three kinds of row:
 *   address, port, protocol: exactly that
 *   address, 0, protocol:    every port of it (endpoints only)
 *   address, 0, 0:           the address alone: what fragments are matched by
 */

/* ranges: address, 0, protocol -> the port ranges of services there, in order and apart. */
struct steering_ranges {
	__u32 count;
	struct steering_ports ports[STEERING_MAX_RANGES];
};

/* locals: address -> struct steering_ports, those full NAT draws from. */

/* hosts: every address of this host; a set too. */

/* groups: address -> number of its VRRP group, 1 and up (one byte). */

/* lease: by group, until when this node may serve it (CLOCK_MONOTONIC, ns); row 0: whether there
 * are groups at all. */

/* port: one row: the port itself. Before it is written no frame is ours. */
struct steering_port {
	__u8 mac[6];
	__u8 any_mac;
	__u8 in_use; /* 1 */
};
