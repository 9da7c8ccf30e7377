/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A way out, ready to be written into a frame. */
#pragma once

#include <stdint.h>

struct way {
	uint8_t ethernet[12]; /* destination and source, as a frame begins */
	uint16_t port;
	uint16_t vlan;       /* 0: untagged */
	uint16_t outer_vlan; /* as in struct packet */
	uint16_t mtu;        /* of IP packets; 0 when there is no way */
	uint8_t known;       /* 0: there is none now, and nothing above counts */
	uint8_t reserved;
};
