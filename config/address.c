/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t ipv4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int address_parse(const char *text, struct address *out)
{
	struct address address;
	uint32_t be_ipv4;

	if (inet_pton(AF_INET, text, &be_ipv4) == 1) {
		*out = address_from_ipv4(be_ipv4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, address.bytes) != 1)
		return -EINVAL;
	/* "::ffff:10.0.0.1" would be a second way to write an IPv4 address. */
	if (address_is_ipv4(&address))
		return -EINVAL;
	*out = address;
	return 0;
}

char *address_format(const struct address *address, char *text)
{
	if (address_is_ipv4(address))
		inet_ntop(AF_INET, address->bytes + sizeof(ipv4_mapped), text, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE);
	return text;
}

char *address_format_port(const struct address *address, uint16_t port, char *text)
{
	char alone[ADDRESS_TEXT_SIZE];

	snprintf(text, ADDRESS_PORT_TEXT_SIZE, address_is_ipv4(address) ? "%s:%u" : "[%s]:%u",
		 address_format(address, alone), port);
	return text;
}

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, ipv4_mapped, sizeof(ipv4_mapped)) == 0;
}

bool address_is_missing(const struct address *address)
{
	static const struct address missing;

	return address_equal(address, &missing);
}

bool address_is_multicast(const struct address *address)
{
	if (address_is_ipv4(address))
		return address->bytes[sizeof(ipv4_mapped)] >> 4 == 14;
	return address->bytes[0] == 0xff;
}

bool address_is_loopback(const struct address *address)
{
	static const struct address loopback = {{[15] = 1}};

	if (address_is_ipv4(address))
		return address->bytes[sizeof(ipv4_mapped)] == 127;
	return address_equal(address, &loopback);
}

bool address_is_link_local(const struct address *address)
{
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_compare(a, b) == 0;
}

bool address_same_family(const struct address *a, const struct address *b)
{
	return address_is_ipv4(a) == address_is_ipv4(b);
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

unsigned address_bits(const struct address *address)
{
	return address_is_ipv4(address) ? 32 : 128;
}

/* The address with each bit behind the prefix set, or not. */
static struct address with_host_bits(const struct address *prefix, unsigned length, bool set)
{
	struct address address = *prefix;
	unsigned all = 8 * sizeof(address.bytes), skipped = all - address_bits(prefix);

	for (unsigned bit = skipped + length; bit < all; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);
		if (set)
			address.bytes[bit / 8] |= mask;
		else
			address.bytes[bit / 8] &= (uint8_t)~mask;
	}
	return address;
}

struct address address_first_of(const struct address *prefix, unsigned length)
{
	return with_host_bits(prefix, length, false);
}

struct address address_last_of(const struct address *prefix, unsigned length)
{
	return with_host_bits(prefix, length, true);
}

struct address address_from_ipv4(uint32_t be_ipv4)
{
	struct address address;

	memcpy(address.bytes, ipv4_mapped, sizeof(ipv4_mapped));
	memcpy(address.bytes + sizeof(ipv4_mapped), &be_ipv4, sizeof(be_ipv4));
	return address;
}

uint32_t address_to_ipv4(const struct address *address)
{
	uint32_t be_ipv4;

	memcpy(&be_ipv4, address->bytes + sizeof(ipv4_mapped), sizeof(be_ipv4));
	return be_ipv4;
}

bool address_in_prefix(const struct address *address, const struct address *prefix, unsigned length)
{
	struct address a = address_first_of(address, length), b = address_first_of(prefix, length);

	return address_same_family(address, prefix) && address_equal(&a, &b);
}
