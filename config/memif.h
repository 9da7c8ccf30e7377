/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What stands behind "memif:" in a port's device: SOCKET[,server][,queues=N]. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMIF_QUEUES_MAX 64

struct memif {
	size_t socket_length; /* of the path the argument begins with */
	bool server;          /* the end that listens */
	uint16_t queues;      /* to receive by, and as many to send by */
};

/* NULL, or what is wrong with it: a clause that goes on from the quoted device, as
 * device_parse()'s. */
const char *memif_parse(const char *argument, struct memif *out);
