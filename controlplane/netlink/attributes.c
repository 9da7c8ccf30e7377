/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/netlink/attributes.h"

#include <linux/rtnetlink.h>
#include <string.h>

/* Those out of range are left out. */
struct attributes {
	const struct nlattr **items;
	unsigned last;
};

static int collect(const struct nlattr *attribute, void *context)
{
	const struct attributes *attributes = context;
	unsigned type = mnl_attr_get_type(attribute);

	if (type <= attributes->last)
		attributes->items[type] = attribute;
	return MNL_CB_OK;
}

void attributes_read(const struct nlmsghdr *message, size_t offset, const struct nlattr **items,
		     unsigned last)
{
	struct attributes attributes = {items, last};

	mnl_attr_parse(message, (unsigned)offset, collect, &attributes);
}

void attributes_read_bytes(const void *bytes, size_t length, const struct nlattr **items,
			   unsigned last)
{
	struct attributes attributes = {items, last};

	mnl_attr_parse_payload(bytes, length, collect, &attributes);
}

uint32_t attribute_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;

	if (attribute != NULL && mnl_attr_get_payload_len(attribute) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return value;
}

const uint8_t *attribute_mac(const struct nlattr *attribute)
{
	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != 6)
		return NULL;
	return mnl_attr_get_payload(attribute);
}

struct address attribute_address(const struct nlattr *attribute)
{
	size_t length = attribute == NULL ? 0 : mnl_attr_get_payload_len(attribute);
	struct address address = {{0}};
	uint32_t be_ipv4;

	if (length == sizeof(address.bytes)) {
		memcpy(address.bytes, mnl_attr_get_payload(attribute), length);
	} else if (length == sizeof(be_ipv4)) {
		memcpy(&be_ipv4, mnl_attr_get_payload(attribute), length);
		address = address_from_ipv4(be_ipv4);
	}
	return address;
}

/* RTA_VIA: a family, and an address of it behind: the IPv6 gateway of an IPv4 route (RFC 5549). */
struct address attributes_gateway(const struct nlattr *const *items)
{
	const struct nlattr *via = items[RTA_VIA];
	const struct rtvia *payload;
	struct address gateway;

	if (via == NULL ||
	    mnl_attr_get_payload_len(via) != sizeof(*payload) + sizeof(gateway.bytes))
		return attribute_address(items[RTA_GATEWAY]);
	payload = mnl_attr_get_payload(via);
	memcpy(gateway.bytes, payload->rtvia_addr, sizeof(gateway.bytes));
	return gateway;
}
