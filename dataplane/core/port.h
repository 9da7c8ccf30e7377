/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the engine must know of a port. */
#pragma once

#include <stdint.h>

struct engine_port {
	uint8_t mac[6];
	uint16_t mtu;              /* of IP packets on the way out */
	uint8_t reply_by_route;    /* reply_path: route */
	uint8_t learn_from_anyone; /* last_hop_from: anyone */
	uint8_t any_mac;           /* takes frames whatever MAC they are for */
	uint8_t unsteered;         /* no XDP program has chosen its frames: the engine does */
};
