/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/holdings.h"

#include "controlplane/addresses/protocols.h"
#include "controlplane/netlink/attributes.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE_IFA_PROTO 11

static struct nlmsghdr *put_request(char *buffer, uint16_t type, uint32_t index,
				    const uint8_t bytes[16])
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	struct address address;

	memcpy(address.bytes, bytes, 16);
	request->nlmsg_type = type;
	info->ifa_family = netlink_family(&address);
	info->ifa_prefixlen = (uint8_t)address_bits(&address);
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = index;
	netlink_put_address(request, IFA_LOCAL, &address);
	netlink_put_address(request, IFA_ADDRESS, &address);
	return request;
}

static int put_address(struct netlink *netlink, uint32_t index, const uint8_t address[16])
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = put_request(buffer, RTM_NEWADDR, index, address);
	struct ifa_cacheinfo life = {.ifa_prefered = 0, .ifa_valid = UINT32_MAX};

	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_u32(
		request, IFA_FLAGS,
		IFA_F_NOPREFIXROUTE | IFA_F_PERMANENT |
			(((struct ifaddrmsg *)mnl_nlmsg_get_payload(request))->ifa_family ==
					 AF_INET6
				 ? IFA_F_NODAD
				 : 0));
	mnl_attr_put(request, IFA_CACHEINFO, sizeof(life), &life);
	mnl_attr_put_u8(request, ATTRIBUTE_IFA_PROTO, VRRP_PROTOCOL);
	return netlink_request(netlink, request, NULL, NULL);
}

static int remove_address(struct netlink *netlink, uint32_t index, const uint8_t address[16])
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = put_request(buffer, RTM_DELADDR, index, address);

	return netlink_request(netlink, request, NULL, NULL);
}

static struct holding *find(struct holdings *holdings, const uint8_t address[16],
			    const struct interface *interface)
{
	for (uint32_t i = 0; i < holdings->count; i++) {
		if (holdings->rows[i].interface == interface &&
		    memcmp(holdings->rows[i].address, address, 16) == 0)
			return &holdings->rows[i];
	}
	return NULL;
}

/* Linux answers ARP for an address of the loopback interface on every link, but no neighbour
 * solicitation. */
static struct interface *link_of(struct interface *interface, struct interface *instance_link)
{
	return strcmp(interface->name, "lo") == 0 ? instance_link : interface;
}

static int add_planned(struct holdings *next, const struct holdings_source *source,
		       struct interfaces *interfaces)
{
	for (uint32_t i = 0; i < source->count; i++) {
		const struct plan_address *address = &source->addresses[i];
		struct interface *interface = interfaces_want(interfaces, address->interface);
		struct holding *row = &next->rows[next->count];

		if (interface == NULL)
			return -ENOSPC;
		if (find(next, address->address, interface) != NULL)
			continue;
		*row = (struct holding){.interface = interface,
					.announced_on = link_of(interface, source->link),
					.is_planned = true};
		memcpy(row->address, address->address, 16);
		next->count++;
	}
	return 0;
}

int holdings_plan(struct holdings *holdings, const struct holdings_source *sources, uint32_t count,
		  struct interfaces *interfaces)
{
	struct holdings next = {.are_wanted = holdings->are_wanted};
	uint32_t room = holdings->count + 1;
	int error = 0;

	for (uint32_t i = 0; i < count; i++)
		room += sources[i].count;
	next.rows = calloc(room, sizeof(next.rows[0]));
	if (next.rows == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; error == 0 && i < count; i++)
		error = add_planned(&next, &sources[i], interfaces);
	if (error < 0) {
		free(next.rows);
		return error;
	}
	next.planned = next.count;
	for (uint32_t i = 0; i < holdings->count; i++) {
		const struct holding *row = &holdings->rows[i];
		struct holding *same = find(&next, row->address, row->interface);

		if (row->index == 0 && !row->is_ours)
			continue;
		next.held += row->index != 0;
		if (same == NULL) {
			next.rows[next.count] = *row;
			next.rows[next.count++].is_planned = false;
			interfaces_want(interfaces, row->interface->name);
		} else {
			same->index = row->index;
			same->is_ours = row->is_ours;
		}
	}
	free(holdings->rows);
	*holdings = next;
	return 0;
}

void holdings_free(struct holdings *holdings)
{
	free(holdings->rows);
	*holdings = (struct holdings){0};
}

void holdings_want(struct holdings *holdings, bool are_wanted)
{
	holdings->are_wanted = are_wanted;
	holdings_again(holdings);
}

bool holdings_lack(const struct holdings *holdings)
{
	for (uint32_t i = 0; holdings->are_wanted && i < holdings->planned; i++) {
		if (holdings->rows[i].index == 0)
			return true;
	}
	return false;
}

void holdings_again(struct holdings *holdings)
{
	holdings->is_settled = false;
	holdings->next = 0;
}

static void take(struct holdings *holdings, struct holding *row, struct netlink *netlink)
{
	uint32_t index = row->interface->index;
	int error = index == 0 ? -ENODEV : put_address(netlink, index, row->address);

	if (error < 0 && error != -EEXIST) {
		holdings->error = error;
		return;
	}
	/* What we have put there may be missed by mistake: news of our own removing it before. */
	row->is_ours |= error == 0;
	row->index = index;
	holdings->held++;
}

static void drop(struct holdings *holdings, struct holding *row, struct netlink *netlink)
{
	uint32_t index = row->index != 0 ? row->index : row->interface->index;
	int error = row->is_ours && index != 0 ? remove_address(netlink, index, row->address) : 0;

	if (error < 0 && error != -EADDRNOTAVAIL && error != -ENODEV)
		holdings->error = error;
	holdings->held -= row->index != 0;
	row->index = 0;
	row->is_ours = false;
}

bool holdings_step(struct holdings *holdings, struct netlink *netlink)
{
	uint32_t done = 0;

	if (holdings->is_settled)
		return false;
	for (; holdings->next < holdings->count; holdings->next++) {
		struct holding *row = &holdings->rows[holdings->next];
		bool is_wanted = holdings->are_wanted && row->is_planned;
		bool is_done = is_wanted ? row->index != 0 : row->index == 0 && !row->is_ours;

		if (is_done)
			continue;
		if (done++ == HOLDINGS_STEP)
			return true;
		if (is_wanted)
			take(holdings, row, netlink);
		else
			drop(holdings, row, netlink);
	}
	holdings->is_settled = true;
	return false;
}

void holdings_lost(struct holdings *holdings, const struct lost_address *lost)
{
	for (uint32_t i = 0; i < holdings->count; i++) {
		struct holding *row = &holdings->rows[i];

		if (row->index == 0)
			continue;
		if (lost != NULL &&
		    (row->index != lost->index || memcmp(row->address, lost->address, 16) != 0))
			continue;
		row->index = 0;
		holdings->held--;
		holdings_again(holdings);
	}
}

/* What is found while it is read; another round finds the rest. */
struct leftovers {
	struct lost_address rows[256];
	uint32_t count;
};

static int on_address(const struct nlmsghdr *message, void *context)
{
	struct leftovers *left = context;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[ATTRIBUTE_IFA_PROTO + 1] = {NULL};

	attributes_read(message, sizeof(*info), items, ATTRIBUTE_IFA_PROTO);
	if (items[ATTRIBUTE_IFA_PROTO] == NULL ||
	    mnl_attr_get_u8(items[ATTRIBUTE_IFA_PROTO]) != VRRP_PROTOCOL ||
	    left->count == sizeof(left->rows) / sizeof(left->rows[0]))
		return MNL_CB_OK;

	struct lost_address *row = &left->rows[left->count++];
	struct address address =
		attribute_address(items[IFA_LOCAL] != NULL ? items[IFA_LOCAL] : items[IFA_ADDRESS]);

	row->index = info->ifa_index;
	memcpy(row->address, address.bytes, 16);
	return MNL_CB_OK;
}

int holdings_clear(struct netlink *netlink)
{
	struct leftovers left;

	do {
		int error;

		left.count = 0;
		error = netlink_dump(netlink, RTM_GETADDR, sizeof(struct ifaddrmsg), on_address,
				     &left, NULL);
		for (uint32_t i = 0; error == 0 && i < left.count; i++) {
			error = remove_address(netlink, left.rows[i].index, left.rows[i].address);
			if (error == -EADDRNOTAVAIL || error == -ENODEV)
				error = 0;
		}
		if (error < 0)
			return error;
	} while (left.count > 0);
	return 0;
}
