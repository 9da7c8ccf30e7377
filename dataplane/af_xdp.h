/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What is special about AF_XDP ports: the queues of the interface, the steering
 * program on it, and the driver's sockets.
 */
#pragma once

#include "dataplane/port.h"

/* See struct device_kind. Claims the interface, and refuses one that has a foreign program. */
int af_xdp_prepare(struct port *port, const char *object, char *arguments);

/*
 * Makes way for our program: removes the one a dead dataplane left. To be
 * called at once before the queues are set up.
 */
int af_xdp_make_way(const struct port *port);

/* Gives the claim back. */
void af_xdp_release(struct port *port);

/* After the queues were set up: finds the driver's sockets, opens the maps, starts to steer. */
int af_xdp_adopt(struct ports *ports, struct port *port);

/* Packets the sockets lost: ring full, and no buffer to fill. */
void af_xdp_losses(const struct port *port, uint64_t *missed, uint64_t *no_buffer);
