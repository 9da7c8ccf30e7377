/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/read.h"

#include "controlplane/array.h"
#include "controlplane/neighbours/resolver.h"
#include "controlplane/netlink/attributes.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* IFA_PROTO came with Linux 5.18, later than some headers. */
#define ATTRIBUTE_IFA_PROTO 11

static int on_link(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	struct network_link link, *links;

	if (!link_read(message, &link))
		return MNL_CB_OK;
	links = array_grow(network->links, network->link_count, &network->link_room,
			   sizeof(*links));
	if (links == NULL)
		return MNL_CB_OK;
	network->links = links;
	links[network->link_count++] = link;
	return MNL_CB_OK;
}

/* No packet comes to it from a network. Addresses of 127.0.0.0/8 may be routed here all the same.
 */
static bool is_ipv6_loopback(const struct address *address)
{
	return !address_is_ipv4(address) && address_is_loopback(address);
}

static int on_address(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[ATTRIBUTE_IFA_PROTO + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWADDR || !netlink_is_internet(info->ifa_family))
		return MNL_CB_OK;
	attributes_read(message, sizeof(*info), items, ATTRIBUTE_IFA_PROTO);

	/* The host's own; IPv6 names it so only where the other end has one too. */
	const struct nlattr *own = items[IFA_LOCAL] != NULL ? items[IFA_LOCAL] : items[IFA_ADDRESS];
	struct address address = attribute_address(own);

	if (address_is_missing(&address) || is_ipv6_loopback(&address))
		return MNL_CB_OK;

	struct network_address *rows = array_grow(network->addresses, network->address_count,
						  &network->address_room, sizeof(*rows));

	if (rows == NULL)
		return MNL_CB_OK;
	network->addresses = rows;
	rows[network->address_count++] = (struct network_address){
		.interface = info->ifa_index,
		.address = address,
		.length = info->ifa_prefixlen,
		.protocol = items[ATTRIBUTE_IFA_PROTO] == NULL
				    ? 0
				    : mnl_attr_get_u8(items[ATTRIBUTE_IFA_PROTO])};
	return MNL_CB_OK;
}

static bool neighbour_is_sent_to(void *context, const struct neighbour *row)
{
	const struct network *network = context;

	return resolver_wants(network->resolver, row->interface, &row->address);
}

/* Multicast and broadcast; and nobody's. */
static bool is_group(const uint8_t *mac)
{
	static const uint8_t nobody[6];

	return mac == NULL || (mac[0] & 1) || memcmp(mac, nobody, sizeof(nobody)) == 0;
}

bool read_neighbour_message(struct network *network, const struct nlmsghdr *message)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[NDA_LLADDR + 1] = {NULL};

	if (!netlink_is_internet(info->ndm_family) ||
	    !network_is_ours(network, (uint32_t)info->ndm_ifindex))
		return false;
	attributes_read(message, sizeof(*info), items, NDA_LLADDR);

	struct neighbour_news news = {.interface = (uint32_t)info->ndm_ifindex,
				      .address = attribute_address(items[NDA_DST]),
				      .state = info->ndm_state,
				      .mac = attribute_mac(items[NDA_LLADDR])};

	/* Linux has entries for groups too; one for a host is somebody's doing (nud noarp). */
	if (address_is_missing(&news.address) || ((news.state & NUD_NOARP) && is_group(news.mac)))
		return false;
	news.is_sent_to = resolver_wants(network->resolver, news.interface, &news.address);
	if (message->nlmsg_type == RTM_NEWNEIGH)
		return neighbour_table_update(&network->neighbours, &news);
	if (message->nlmsg_type == RTM_DELNEIGH)
		return neighbour_table_forget(&network->neighbours, news.interface, &news.address,
					      news.is_sent_to);
	return false;
}

static int on_neighbour(const struct nlmsghdr *message, void *context)
{
	read_neighbour_message(context, message);
	return MNL_CB_OK;
}

int read_links(struct network *network)
{
	int error = netlink_dump(network->netlink, RTM_GETLINK, sizeof(struct ifinfomsg), on_link,
				 network, &network->link_count);

	links_sort(network->links, network->link_count);
	return error;
}

int read_addresses(struct network *network)
{
	return netlink_dump(network->netlink, RTM_GETADDR, sizeof(struct ifaddrmsg), on_address,
			    network, &network->address_count);
}

int read_neighbours(struct network *network)
{
	neighbour_table_begin(&network->neighbours);

	int error = netlink_dump(network->netlink, RTM_GETNEIGH, sizeof(struct ndmsg), on_neighbour,
				 network, NULL);

	neighbour_table_end(&network->neighbours, neighbour_is_sent_to, network);
	return error;
}
