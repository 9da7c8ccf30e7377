/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the load generators share: the clock they tell times by, and their target. */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* An address with its port, of either family. */
union target {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static inline socklen_t target_size(const union target *target)
{
	return target->any.sa_family == AF_INET6 ? sizeof(target->ipv6) : sizeof(target->ipv4);
}

/* "A.B.C.D:PORT" or "[A:B::C]:PORT". */
static inline bool parse_target(union target *target, const char *text)
{
	const bool is_ipv6 = *text == '[';
	char address[INET6_ADDRSTRLEN];
	unsigned port;

	memset(target, 0, sizeof(*target));
	if (sscanf(text, is_ipv6 ? "[%45[^]]]:%u" : "%45[^:]:%u", address, &port) != 2 ||
	    port > UINT16_MAX)
		return false;
	if (is_ipv6) {
		target->ipv6.sin6_family = AF_INET6;
		target->ipv6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, address, &target->ipv6.sin6_addr) == 1;
	}
	target->ipv4.sin_family = AF_INET;
	target->ipv4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, address, &target->ipv4.sin_addr) == 1;
}
