/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/fence.h"

#include "dataplane/core/tags.h"

#define ETHERNET_TYPE_ARP 0x0806
#define ARP_SIZE          28
#define ARP_TARGET        24

#define SOLICITATION_SIZE   24
#define SOLICITATION_TYPE   135
#define SOLICITATION_TARGET 8

uint64_t fence_groups(const struct abi_lease *lease, uint64_t groups, uint64_t now,
		      uint64_t *first_end)
{
	uint64_t fenced = 0;

	*first_end = UINT64_MAX;
	if (lease == NULL)
		return groups;
	for (uint64_t left = groups; left != 0; left &= left - 1) {
		unsigned group = (unsigned)__builtin_ctzll(left);
		uint64_t until = __atomic_load_n(&lease->until[group], __ATOMIC_ACQUIRE);

		if (until <= now)
			fenced |= 1ull << group;
		else if (until < *first_end)
			*first_end = until;
	}
	return fenced;
}

bool fence_closes(const struct snapshot *snapshot, uint64_t fenced,
		  const struct ip_address *address)
{
	return fenced >> snapshot_find_group(snapshot, address) & 1;
}

static bool find_ipv4(const uint8_t *ip, uint32_t length, struct ip_address *address)
{
	if (length < IPV4_SIZE)
		return false;
	*address = ip_address_of_ipv4(wire_load32(ip + IPV4_DESTINATION));
	return true;
}

static bool find_arp(const uint8_t *arp, uint32_t length, struct ip_address *address)
{
	if (length < ARP_SIZE)
		return false;
	*address = ip_address_of_ipv4(wire_load32(arp + ARP_TARGET));
	return true;
}

/* Of a solicitation the address that is asked for: it is sent to a group, or to who has it. */
static bool find_ipv6(const uint8_t *ip, uint32_t length, struct ip_address *address)
{
	if (length < IPV6_SIZE)
		return false;
	*address = ip_address_load(ip + IPV6_DESTINATION);
	if (ip[IPV6_NEXT_HEADER] == PROTOCOL_ICMPV6 && length >= IPV6_SIZE + SOLICITATION_SIZE &&
	    ip[IPV6_SIZE] == SOLICITATION_TYPE)
		*address = ip_address_load(ip + IPV6_SIZE + SOLICITATION_TARGET);
	return true;
}

bool fence_closes_frame(const struct snapshot *snapshot, uint64_t fenced, const uint8_t *frame,
			uint32_t length)
{
	struct ip_address address;
	uint32_t tags;
	bool found = false;

	if (length < ETHERNET_SIZE)
		return false;
	tags = tags_length(frame, length);
	frame += tags;
	length -= tags + ETHERNET_SIZE;
	switch (wire_read16(frame + ETHERNET_TYPE)) {
	case ETHERNET_TYPE_IPV4:
		found = find_ipv4(frame + ETHERNET_SIZE, length, &address);
		break;
	case ETHERNET_TYPE_IPV6:
		found = find_ipv6(frame + ETHERNET_SIZE, length, &address);
		break;
	case ETHERNET_TYPE_ARP:
		found = find_arp(frame + ETHERNET_SIZE, length, &address);
		break;
	default:
		break;
	}
	return found && fence_closes(snapshot, fenced, &address);
}
