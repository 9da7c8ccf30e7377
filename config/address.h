/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * An IP address of either family in 16 bytes, network order: IPv6 as it is,
 * IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). One type, one comparison.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	uint8_t bytes[16];
};

/* Longest text form, with the terminating NUL ("INET6_ADDRSTRLEN"). */
#define ADDRESS_TEXT_SIZE 46

/* Reads "10.0.0.1" or "2001:db8::1"; 0, or -EINVAL when the text is neither. */
int address_parse(const char *text, struct address *out);

/* Writes the shortest text form into `text` (ADDRESS_TEXT_SIZE bytes); returns `text`. */
char *address_format(const struct address *address, char *text);

bool address_is_ipv4(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);

/* IPv4 in network order, as the kernel's and the packet's structs hold it. */
struct address address_from_ipv4(uint32_t be_ipv4);
uint32_t address_to_ipv4(const struct address *address);
