/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/links.h"

#include "controlplane/netlink/attributes.h"
#include "dataplane/abi/tables.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* VLAN numbers there are; 0 is a priority only. */
#define VLAN_LAST 4094

static uint16_t read16(const struct nlattr *attribute)
{
	return attribute != NULL && mnl_attr_get_payload_len(attribute) >= sizeof(uint16_t)
		       ? mnl_attr_get_u16(attribute)
		       : 0;
}

static void read_nested(const struct nlattr *attribute, const struct nlattr **items, unsigned last)
{
	if (attribute != NULL)
		attributes_read_bytes(mnl_attr_get_payload(attribute),
				      mnl_attr_get_payload_len(attribute), items, last);
}

static bool is_text(const struct nlattr *attribute, const char *text)
{
	return attribute != NULL && mnl_attr_validate(attribute, MNL_TYPE_STRING) == 0 &&
	       strncmp(mnl_attr_get_str(attribute), text, mnl_attr_get_payload_len(attribute)) == 0;
}

/* IFLA_LINKINFO of a VLAN interface. Others have an IFLA_LINK as well: of a veth it is its peer. */
static void read_vlan(const struct nlattr *const *items, struct network_link *link)
{
	const struct nlattr *info[IFLA_INFO_DATA + 1] = {NULL};
	const struct nlattr *vlan[IFLA_VLAN_PROTOCOL + 1] = {NULL};
	uint16_t be_protocol;

	read_nested(items[IFLA_LINKINFO], info, IFLA_INFO_DATA);
	if (!is_text(info[IFLA_INFO_KIND], "vlan") || items[IFLA_LINK_NETNSID] != NULL)
		return;
	read_nested(info[IFLA_INFO_DATA], vlan, IFLA_VLAN_PROTOCOL);
	be_protocol = read16(vlan[IFLA_VLAN_PROTOCOL]);
	link->vlan = read16(vlan[IFLA_VLAN_ID]);
	link->is_8021ad = be_protocol == htobe16(ETH_P_8021AD);
	/* A kernel that does not tell knows 802.1Q only. */
	if (link->is_8021ad || be_protocol == htobe16(ETH_P_8021Q) || be_protocol == 0)
		link->lower = attribute_u32(items[IFLA_LINK]);
}

bool link_read(const struct nlmsghdr *message, struct network_link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[IFLA_LINK_NETNSID + 1] = {NULL};
	uint32_t mtu;

	if (message->nlmsg_type != RTM_NEWLINK)
		return false;
	attributes_read(message, sizeof(*info), items, IFLA_LINK_NETNSID);
	if (items[IFLA_IFNAME] == NULL)
		return false;
	mtu = attribute_u32(items[IFLA_MTU]);
	*link = (struct network_link){.index = (uint32_t)info->ifi_index,
				      .mtu = mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu,
				      .up = info->ifi_flags & IFF_UP,
				      .port = -ENOENT};
	strncpy(link->name, mnl_attr_get_str(items[IFLA_IFNAME]), sizeof(link->name) - 1);
	if (attribute_mac(items[IFLA_ADDRESS]) != NULL)
		memcpy(link->mac, attribute_mac(items[IFLA_ADDRESS]), sizeof(link->mac));
	read_vlan(items, link);
	return true;
}

static int compare_links(const void *left, const void *right)
{
	const struct network_link *a = left, *b = right;

	return a->index < b->index ? -1 : a->index > b->index;
}

void links_sort(struct network_link *links, size_t count)
{
	if (count > 0)
		qsort(links, count, sizeof(links[0]), compare_links);
}

const struct network_link *links_find(const struct network_link *links, size_t count,
				      uint32_t index)
{
	const struct network_link key = {.index = index};

	return count == 0 ? NULL : bsearch(&key, links, count, sizeof(key), compare_links);
}

static int find_port(const uint32_t *ports, size_t port_count, uint32_t interface)
{
	for (size_t i = 0; interface != 0 && i < port_count; i++)
		if (ports[i] == interface)
			return (int)i;
	return -ENOENT;
}

static bool is_vlan(const struct network_link *link)
{
	return link->lower != 0 && link->vlan > 0 && link->vlan <= VLAN_LAST;
}

/* One tag. Of 802.1ad alone it is an outer one with nothing inside. */
static void place_one(struct network_link *link)
{
	link->tag = link->is_8021ad ? 0 : link->vlan;
	link->outer_tag = link->is_8021ad ? link->vlan : 0;
}

/* Two; the inner one is of 802.1Q. */
static void place_two(struct network_link *link, const struct network_link *outer)
{
	link->tag = link->vlan;
	link->outer_tag = outer->is_8021ad ? outer->vlan : outer->vlan | ABI_OUTER_8021Q;
}

/* By the interfaces below it, two at most: who lies in a circle, which no kernel makes, ends too.
 */
static void place(struct network_link *link, const struct network_link *links, size_t count,
		  const uint32_t *ports, size_t port_count)
{
	const struct network_link *lower;

	link->port = find_port(ports, port_count, link->index);
	if (link->port >= 0 || !is_vlan(link))
		return;
	link->port = find_port(ports, port_count, link->lower);
	if (link->port >= 0) {
		place_one(link);
		return;
	}
	lower = links_find(links, count, link->lower);
	if (lower == NULL || !is_vlan(lower) || link->is_8021ad)
		return;
	link->port = find_port(ports, port_count, lower->lower);
	if (link->port >= 0)
		place_two(link, lower);
}

void links_place(struct network_link *links, size_t count, const uint32_t *ports, size_t port_count)
{
	for (size_t i = 0; i < count; i++) {
		links[i].tag = links[i].outer_tag = 0;
		links[i].has_uppers = false;
		place(&links[i], links, count, ports, port_count);
	}
	for (size_t i = 0; i < count; i++) {
		size_t at;
		const struct network_link *lower = links_find(links, count, links[i].lower);

		if (lower == NULL)
			continue;
		at = (size_t)(lower - links);
		links[at].has_uppers = true;
	}
}
