/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A TAP of Linux: what is written to it Linux receives, what Linux sends by it is read. */
#pragma once

#include <net/if.h>
#include <stdint.h>

struct tap {
	int fd; /* -1: there is none. Non-blocking */
	char name[IF_NAMESIZE];
};

/*
 * Makes it, up, taking packets of both families whatever route their source has, and
 * silent by itself.
 * It goes with its descriptor. 0, or -errno with *step naming what failed.
 */
int tap_open(struct tap *tap, const char *name, const uint8_t mac[6], uint16_t mtu,
	     const char **step);
void tap_close(struct tap *tap);
