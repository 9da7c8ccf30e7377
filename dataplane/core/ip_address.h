/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * An address of either family, as `tables` hold them: 16 bytes, network order,
 * IPv4 as ::ffff:a.b.c.d. What is asked once a flow takes these; what is done
 * with every packet takes a family's own bytes.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ip_address {
	uint64_t be_words[2];
};

/* ::, which nobody has: an empty place in a table. */
static inline bool ip_address_is_zero(const struct ip_address *address)
{
	return (address->be_words[0] | address->be_words[1]) == 0;
}

static inline struct ip_address ip_address_load(const uint8_t bytes[16])
{
	struct ip_address address;

	memcpy(&address, bytes, sizeof(address));
	return address;
}

static inline struct ip_address ip_address_of_ipv4(uint32_t be_ipv4)
{
	uint32_t be_halves[2] = {htobe32(0xffff), be_ipv4};
	struct ip_address address = {{0, 0}};

	memcpy(&address.be_words[1], be_halves, sizeof(be_halves));
	return address;
}

static inline bool ip_address_is_ipv4(const struct ip_address *address)
{
	return address->be_words[0] == 0 && be64toh(address->be_words[1]) >> 32 == 0xffff;
}

static inline bool ip_address_is_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->be_words[0] == b->be_words[0] && a->be_words[1] == b->be_words[1];
}

/* Not multicast, nor one that means no machine or this one. */
static inline bool ip_address_is_answerable(const struct ip_address *address)
{
	uint8_t first;

	if (!ip_address_is_ipv4(address)) {
		/* Nothing of ::/64 either, where :: and ::1 are. */
		memcpy(&first, address, 1);
		return first != 0xff && address->be_words[0] != 0;
	}
	first = (uint8_t)(be64toh(address->be_words[1]) >> 24);
	return first != 0 && first != 127 && first < 224;
}

/* Below, equal, above: less than, equal to, more than 0, in the order of the bytes. */
static inline int ip_address_compare(const struct ip_address *a, const struct ip_address *b)
{
	return memcmp(a, b, sizeof(*a));
}
