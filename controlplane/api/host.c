/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The host alone: without a port, and without the brackets of an IPv6 address. */
static bool cut_port(const char *host, char *name, size_t size)
{
	bool bracketed = host[0] == '[';
	size_t length = strcspn(host + bracketed, bracketed ? "]" : ":");

	if (length == 0 || length >= size)
		return false;
	memcpy(name, host + bracketed, length);
	name[length] = '\0';
	return true;
}

bool host_is_loopback(const char *host)
{
	char name[64];
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (host == NULL || !cut_port(host, name, sizeof(name)))
		return false;
	if (inet_pton(AF_INET, name, &ipv4) == 1)
		return ntohl(ipv4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, name, &ipv6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&ipv6);
	return strcasecmp(name, "localhost") == 0;
}
