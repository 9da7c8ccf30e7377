/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Rewriting a packet in place: addresses, ports, checksums by difference, hop limit, MACs. */
#pragma once

#include "dataplane/core/egress.h"

/*
 * Gives the packet the addresses and ports of `to` and sends it out by
 * `egress`. Both modes and both directions are this: what does not change adds
 * nothing to a checksum. Padding behind the IP packet is cut off.
 */
void translate_packet(const struct engine *engine, struct packet *packet,
		      const struct headers *headers, const struct flow_tuple *to,
		      const struct egress *egress);
