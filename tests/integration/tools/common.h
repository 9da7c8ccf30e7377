/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the load generators share: the clock they tell times by, and their target. */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000ull

static inline uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static inline double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static inline uint64_t parse_seconds(const char *text)
{
	return (uint64_t)(atof(text) * 1e9);
}

/* "A.B.C.D:PORT"; cuts the text at the colon. */
static inline bool parse_target(struct sockaddr_in *target, char *text)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	target->sin_family = AF_INET;
	target->sin_port = htons((uint16_t)atoi(colon + 1));
	return inet_pton(AF_INET, text, &target->sin_addr) == 1;
}
