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
#define ADDRESS_TEXT_SIZE      46
/* "[2001:db8::1]:65535" */
#define ADDRESS_PORT_TEXT_SIZE (ADDRESS_TEXT_SIZE + 8)

/* Reads "10.0.0.1" or "2001:db8::1"; 0, or -EINVAL when the text is neither. */
int address_parse(const char *text, struct address *out);

/* Writes the shortest text form into `text` (ADDRESS_TEXT_SIZE bytes); returns `text`. */
char *address_format(const struct address *address, char *text);
/* "192.0.2.1:80", "[2001:db8::1]:80", into ADDRESS_PORT_TEXT_SIZE bytes; returns `text`. */
char *address_format_port(const struct address *address, uint16_t port, char *text);

bool address_is_ipv4(const struct address *address);
/* True for "::", which is no machine's: stands for an address that is not there. */
bool address_is_missing(const struct address *address);
bool address_is_multicast(const struct address *address);
bool address_is_loopback(const struct address *address);
/* Of IPv6: means a machine on one link only, and which link it does not say. */
bool address_is_link_local(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
bool address_same_family(const struct address *a, const struct address *b);
/* As memcmp(). */
int address_compare(const struct address *a, const struct address *b);

/* Lengths of prefixes count of the address's own family: bits of all of it, 32 or 128. */
unsigned address_bits(const struct address *address);
bool address_in_prefix(const struct address *address, const struct address *prefix,
		       unsigned length);
struct address address_first_of(const struct address *prefix, unsigned length);
struct address address_last_of(const struct address *prefix, unsigned length);

/* IPv4 in network order, as the kernel's and the packet's structs hold it. */
struct address address_from_ipv4(uint32_t be_ipv4);
uint32_t address_to_ipv4(const struct address *address);
