/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The whole checksum of a packet, for where somebody says that it is wrong. Not on the packet path.
 */
#pragma once

#include <stdint.h>

enum checksum_found {
	CHECKSUM_RIGHT,  /* or UDP without one, over IPv4 */
	CHECKSUM_WRONG,  /* of TCP or UDP */
	CHECKSUM_UNKNOWN /* another packet, a fragment, or malformed */
};

/* Of a frame as it comes, tags included. */
enum checksum_found checksum_check(const uint8_t *frame, uint32_t length);
