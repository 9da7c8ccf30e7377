/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/address.h"

#include <arpa/inet.h>
#include <errno.h>
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

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, ipv4_mapped, sizeof(ipv4_mapped)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
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
