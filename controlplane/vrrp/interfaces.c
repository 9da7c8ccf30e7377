/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/interfaces.h"

#include "controlplane/addresses/protocols.h"
#include "controlplane/netlink/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* IFA_PROTO came with Linux 5.18, later than some headers. */
#define ATTRIBUTE_IFA_PROTO 11

/* Addresses that come and go by the hundred are read so often at most. */
#define SETTLE 50000000ull /* ns */

int interfaces_open(struct interfaces *interfaces, struct netlink *netlink)
{
	int size = 1024 * 1024;

	interfaces->netlink = netlink;
	interfaces->monitor = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (interfaces->monitor == NULL ||
	    mnl_socket_bind(interfaces->monitor,
			    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			    MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	setsockopt(interfaces_descriptor(interfaces), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
	return 0;
}

int interfaces_descriptor(const struct interfaces *interfaces)
{
	return mnl_socket_get_fd(interfaces->monitor);
}

void interfaces_begin(struct interfaces *interfaces)
{
	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		interfaces->rows[i].is_wanted = false;
}

void interfaces_keep(struct interfaces *interfaces)
{
	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		interfaces->rows[i].is_wanted = true;
}

struct interface *interfaces_want(struct interfaces *interfaces, const char *name)
{
	struct interface *vacant = NULL;

	for (uint32_t i = 0; i < INTERFACES_MAX; i++) {
		struct interface *row = &interfaces->rows[i];

		if (row->name[0] == '\0') {
			vacant = vacant == NULL ? row : vacant;
		} else if (strncmp(row->name, name, sizeof(row->name)) == 0) {
			row->is_wanted = true;
			return row;
		}
	}
	if (vacant != NULL) {
		*vacant = (struct interface){.is_wanted = true};
		memcpy(vacant->name, name, sizeof(vacant->name));
		vacant->name[sizeof(vacant->name) - 1] = '\0';
	}
	return vacant;
}

static bool forwards_ipv6(const char *name)
{
	char path[80], value = '0';
	int descriptor;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", name);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor >= 0) {
		if (read(descriptor, &value, 1) != 1)
			value = '0';
		close(descriptor);
	}
	return value == '1';
}

static struct interface *find_index(struct interfaces *interfaces, uint32_t index)
{
	for (uint32_t i = 0; i < INTERFACES_MAX; i++) {
		if (interfaces->rows[i].index == index && interfaces->rows[i].name[0] != '\0')
			return &interfaces->rows[i];
	}
	return NULL;
}

static struct interface *find_name(struct interfaces *interfaces, const char *name)
{
	for (uint32_t i = 0; i < INTERFACES_MAX; i++) {
		if (interfaces->rows[i].name[0] != '\0' &&
		    strncmp(interfaces->rows[i].name, name, PLAN_INTERFACE_SIZE) == 0)
			return &interfaces->rows[i];
	}
	return NULL;
}

static void lose(struct interface *row)
{
	struct interface gone = {.is_wanted = row->is_wanted, .losses = row->losses + 1};

	memcpy(gone.name, row->name, sizeof(gone.name));
	*row = gone;
}

/* Its addresses are of another message. */
static void take_link(struct interfaces *interfaces, struct interface *row,
		      const struct ifinfomsg *info, const uint8_t *mac)
{
	if (row->index != (uint32_t)info->ifi_index) {
		lose(row);
		interfaces->is_stale = true;
	}
	row->index = (uint32_t)info->ifi_index;
	row->is_seen = true;
	row->is_loopback = info->ifi_flags & IFF_LOOPBACK;
	row->is_up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
	row->is_router = forwards_ipv6(row->name);
	if (mac != NULL)
		memcpy(row->mac, mac, sizeof(row->mac));
}

static int on_link(const struct nlmsghdr *message, void *context)
{
	struct interfaces *interfaces = context;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct interface *known = find_index(interfaces, (uint32_t)info->ifi_index);
	const struct nlattr *items[IFLA_IFNAME + 1] = {NULL};
	struct interface *named;

	attributes_read(message, sizeof(*info), items, IFLA_IFNAME);
	if (items[IFLA_IFNAME] == NULL || info->ifi_family != AF_UNSPEC)
		return MNL_CB_OK; /* news of a bridge's ports have a family */
	named = find_name(interfaces, mnl_attr_get_str(items[IFLA_IFNAME]));
	if (known != NULL && (known != named || message->nlmsg_type == RTM_DELLINK))
		lose(known); /* removed, or renamed */
	if (named != NULL && message->nlmsg_type == RTM_NEWLINK)
		take_link(interfaces, named, info, attribute_mac(items[IFLA_ADDRESS]));
	return MNL_CB_OK;
}

static bool is_empty(const uint8_t address[16])
{
	static const uint8_t none[16];

	return memcmp(address, none, sizeof(none)) == 0;
}

/* Each once: a dump that was interrupted begins anew. */
static void add_source(struct sources *sources, const struct address *address)
{
	for (uint32_t i = 0; i < sources->count; i++) {
		if (memcmp(sources->any[i], address->bytes, 16) == 0)
			return;
	}
	if (sources->count < SOURCES_MAX)
		memcpy(sources->any[sources->count++], address->bytes, 16);
}

/* A /32 or /128 is a virtual address, ours or keepalived's. */
static void take_source(struct interface *row, const struct address *address, uint8_t length)
{
	struct sources *next = &row->next_sources;
	uint8_t *place = address_is_ipv4(address)         ? next->ipv4
			 : address_is_link_local(address) ? next->link_local
							  : next->global;

	if (length == address_bits(address))
		return;
	if (is_empty(place))
		memcpy(place, address->bytes, 16);
	add_source(next, address);
}

struct address_news {
	struct address address;
	uint32_t index, flags;
	uint8_t length, protocol;
};

static struct address_news read_address(const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[ATTRIBUTE_IFA_PROTO + 1] = {NULL};
	struct address_news news = {
		.index = info->ifa_index, .length = info->ifa_prefixlen, .flags = info->ifa_flags};

	attributes_read(message, sizeof(*info), items, ATTRIBUTE_IFA_PROTO);
	news.address =
		attribute_address(items[IFA_LOCAL] != NULL ? items[IFA_LOCAL] : items[IFA_ADDRESS]);
	if (items[IFA_FLAGS] != NULL)
		news.flags = attribute_u32(items[IFA_FLAGS]);
	if (items[ATTRIBUTE_IFA_PROTO] != NULL)
		news.protocol = mnl_attr_get_u8(items[ATTRIBUTE_IFA_PROTO]);
	return news;
}

static int on_address(const struct nlmsghdr *message, void *context)
{
	struct interfaces *interfaces = context;
	struct address_news news = read_address(message);
	struct interface *row = find_index(interfaces, news.index);

	if (row != NULL && news.protocol != VRRP_PROTOCOL && news.protocol != PLACEMENT_PROTOCOL &&
	    !(news.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		take_source(row, &news.address, news.length);
	return MNL_CB_OK;
}

/* What was known stays until all of the new is. */
static int read_addresses(struct interfaces *interfaces)
{
	int error;

	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		memset(&interfaces->rows[i].next_sources, 0, sizeof(struct sources));
	error = netlink_dump(interfaces->netlink, RTM_GETADDR, sizeof(struct ifaddrmsg), on_address,
			     interfaces, NULL);
	for (uint32_t i = 0; error == 0 && i < INTERFACES_MAX; i++)
		interfaces->rows[i].sources = interfaces->rows[i].next_sources;
	interfaces->is_stale = error < 0;
	return error;
}

static void read_all(struct interfaces *interfaces)
{
	int error;

	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		interfaces->rows[i].is_seen = false;
	error = netlink_dump(interfaces->netlink, RTM_GETLINK, sizeof(struct ifinfomsg), on_link,
			     interfaces, NULL);
	for (uint32_t i = 0; error == 0 && i < INTERFACES_MAX; i++) {
		if (!interfaces->rows[i].is_seen)
			lose(&interfaces->rows[i]);
	}
	if (error == 0)
		error = read_addresses(interfaces);
	interfaces->must_reread = error < 0;
}

void interfaces_end(struct interfaces *interfaces, uint64_t now)
{
	for (uint32_t i = 0; i < INTERFACES_MAX; i++) {
		if (!interfaces->rows[i].is_wanted)
			interfaces->rows[i].name[0] = '\0';
	}
	read_all(interfaces);
	interfaces->read_at = now;
}

static void take_address_news(struct interfaces *interfaces, const struct nlmsghdr *message)
{
	struct address_news news = read_address(message);

	if (news.protocol != VRRP_PROTOCOL)
		interfaces->is_stale = true;
	if (message->nlmsg_type == RTM_DELADDR) {
		struct lost_address lost = {.index = news.index};

		memcpy(lost.address, news.address.bytes, 16);
		interfaces->on_lost(interfaces->context, &lost);
	}
}

static int on_news(const struct nlmsghdr *message, void *context)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return on_link(message, context);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		take_address_news(context, message);
		return MNL_CB_OK;
	default:
		return MNL_CB_OK;
	}
}

static void miss_news(struct interfaces *interfaces)
{
	interfaces->must_reread = true;
	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		interfaces->rows[i].losses++;
	interfaces->on_lost(interfaces->context, NULL);
}

bool interfaces_read(struct interfaces *interfaces)
{
	char buffer[8192] __attribute__((aligned(8)));
	bool has_changed = false;

	for (;;) {
		ssize_t length = mnl_socket_recvfrom(interfaces->monitor, buffer, sizeof(buffer));

		if (length < 0 && errno == ENOBUFS)
			miss_news(interfaces);
		else if (length <= 0)
			return has_changed;
		else
			mnl_cb_run(buffer, (size_t)length, 0, 0, on_news, interfaces);
		has_changed = true;
	}
}

uint64_t interfaces_deadline(const struct interfaces *interfaces)
{
	return interfaces->is_stale || interfaces->must_reread ? interfaces->read_at + SETTLE
							       : UINT64_MAX;
}

bool interfaces_tick(struct interfaces *interfaces, uint64_t now)
{
	if (now < interfaces_deadline(interfaces))
		return false;
	if (interfaces->must_reread)
		read_all(interfaces);
	else
		read_addresses(interfaces);
	interfaces->read_at = now;
	return true;
}
