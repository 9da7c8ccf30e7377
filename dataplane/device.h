/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The kinds of device a port can be: one row each. A row makes what DPDK wants
 * to be told from the text in the configuration.
 */
#pragma once

#include "config/model.h"
#include "dataplane/port.h"

#include <stddef.h>

#define DEVICE_TEXT_SIZE 1024

struct device_kind {
	const char *driver; /* DPDK's name; NULL: the device's bus tells */
	bool any_mac;       /* nobody resolves the port's MAC */
	bool spreads;       /* may have a queue for each worker (rss.h) */
	bool any_mtu;       /* takes packets of any size, and says that it takes usual ones */
	unsigned buffers;   /* held in a queue's rings at most */
	/*
	 * Fills port->interface where Linux has one, port->queue_count, and
	 * `arguments` (DEVICE_TEXT_SIZE bytes) for the driver; 0 or -1, with
	 * the reason logged.
	 */
	int (*prepare)(struct port *port, const char *object, char *arguments);
};

const struct device_kind *device_kind(enum config_device_kind kind);

/* The largest IP packet it takes: what the configuration says, or else what Linux does. */
uint16_t device_mtu(const struct config_port *port);

/* Queues the device will have at most; known before it is made. */
unsigned device_queues(const struct config_port *port, unsigned workers);

/* Packet buffers that a queue of the port's device holds at most. */
unsigned device_buffers(const struct config_port *port);
