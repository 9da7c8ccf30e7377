/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/read.h"

#include "controlplane/array.h"
#include "controlplane/neighbours/resolver.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* IFA_PROTO came with Linux 5.18, later than some headers. */
#define ATTRIBUTE_IFA_PROTO 11

/* Dumps that change under their reading are read again; a busy machine settles within a few. */
#define READ_ATTEMPTS 5

/* The attributes of one message by their type; those out of range are left out. */
struct attributes {
	const struct nlattr **items;
	unsigned maximum;
};

static int attribute_collect(const struct nlattr *attribute, void *context)
{
	const struct attributes *attributes = context;
	unsigned type = mnl_attr_get_type(attribute);

	if (type <= attributes->maximum)
		attributes->items[type] = attribute;
	return MNL_CB_OK;
}

#define COLLECT(message, offset, items, last)              \
	mnl_attr_parse(message, offset, attribute_collect, \
		       &(struct attributes){.items = (items), .maximum = (last)})

static uint32_t attribute_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;

	if (attribute != NULL && mnl_attr_get_payload_len(attribute) >= sizeof(value))
		memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return value;
}

static const uint8_t *attribute_mac(const struct nlattr *attribute)
{
	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != 6)
		return NULL;
	return mnl_attr_get_payload(attribute);
}

static int on_link(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[IFLA_MTU + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	COLLECT(message, sizeof(*info), items, IFLA_MTU);
	if (items[IFLA_IFNAME] == NULL)
		return MNL_CB_OK;

	struct network_link *links = array_grow(network->links, network->link_count,
						&network->link_room, sizeof(*links));

	if (links == NULL)
		return MNL_CB_OK;
	network->links = links;

	uint32_t mtu = attribute_u32(items[IFLA_MTU]);
	struct network_link *link = &links[network->link_count++];

	*link = (struct network_link){.index = (uint32_t)info->ifi_index,
				      .mtu = mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu,
				      .up = info->ifi_flags & IFF_UP};
	strncpy(link->name, mnl_attr_get_str(items[IFLA_IFNAME]), sizeof(link->name) - 1);
	if (attribute_mac(items[IFLA_ADDRESS]) != NULL)
		memcpy(link->mac, attribute_mac(items[IFLA_ADDRESS]), sizeof(link->mac));
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[ATTRIBUTE_IFA_PROTO + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWADDR || info->ifa_family != AF_INET)
		return MNL_CB_OK;
	COLLECT(message, sizeof(*info), items, ATTRIBUTE_IFA_PROTO);

	struct network_address *rows = array_grow(network->addresses, network->address_count,
						  &network->address_room, sizeof(*rows));

	if (rows == NULL || items[IFA_LOCAL] == NULL)
		return MNL_CB_OK;
	network->addresses = rows;
	rows[network->address_count++] = (struct network_address){
		.interface = info->ifa_index,
		.be_address = attribute_u32(items[IFA_LOCAL]),
		.length = info->ifa_prefixlen,
		.protocol = items[ATTRIBUTE_IFA_PROTO] == NULL
				    ? 0
				    : mnl_attr_get_u8(items[ATTRIBUTE_IFA_PROTO])};
	return MNL_CB_OK;
}

/* Of a route with several next hops the first that leads through a port is taken. */
static bool route_first_hop(const struct network *network, const struct nlattr *multipath,
			    struct network_route *route)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		const struct nlattr *items[RTA_GATEWAY + 1] = {NULL};

		if (network_find_port(network, (uint32_t)hop->rtnh_ifindex) >= 0 &&
		    !(hop->rtnh_flags & RTNH_F_DEAD)) {
			mnl_attr_parse_payload(
				(const char *)hop + sizeof(*hop), hop->rtnh_len - sizeof(*hop),
				attribute_collect,
				&(struct attributes){.items = items, .maximum = RTA_GATEWAY});
			route->interface = (uint32_t)hop->rtnh_ifindex;
			route->be_gateway = attribute_u32(items[RTA_GATEWAY]);
			return true;
		}

		size_t step = (size_t)RTNH_ALIGN(hop->rtnh_len);

		left -= step < left ? step : left;
		hop = (const struct rtnexthop *)(const void *)((const char *)hop + step);
	}
	return false;
}

static int on_route(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[RTA_VIA + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWROUTE || info->rtm_family != AF_INET ||
	    info->rtm_type != RTN_UNICAST || info->rtm_table != RT_TABLE_MAIN ||
	    info->rtm_tos != 0 || (info->rtm_flags & RTNH_F_DEAD))
		return MNL_CB_OK;
	COLLECT(message, sizeof(*info), items, RTA_VIA);
	if (items[RTA_VIA] != NULL) /* an IPv6 gateway of an IPv4 route */
		return MNL_CB_OK;

	struct network_route route = {.be_prefix = attribute_u32(items[RTA_DST]),
				      .length = info->rtm_dst_len,
				      .interface = attribute_u32(items[RTA_OIF]),
				      .be_gateway = attribute_u32(items[RTA_GATEWAY]),
				      .metric = attribute_u32(items[RTA_PRIORITY])};

	if (items[RTA_MULTIPATH] != NULL && !route_first_hop(network, items[RTA_MULTIPATH], &route))
		return MNL_CB_OK;
	if (network_find_port(network, route.interface) < 0 ||
	    network->route_count >= ABI_MAX_ROUTES)
		return MNL_CB_OK;

	struct network_route *rows = array_grow(network->routes, network->route_count,
						&network->route_room, sizeof(*rows));

	if (rows == NULL)
		return MNL_CB_OK;
	network->routes = rows;
	rows[network->route_count++] = route;
	return MNL_CB_OK;
}

static int compare_routes(const void *left, const void *right)
{
	const struct network_route *a = left, *b = right;

	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;
	if (a->be_prefix != b->be_prefix)
		return a->be_prefix < b->be_prefix ? -1 : 1;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

/* Of several routes to one prefix Linux takes the one with the lowest metric. */
static void routes_keep_best(struct network *network)
{
	size_t kept = 0;

	if (network->route_count == 0)
		return;
	qsort(network->routes, network->route_count, sizeof(network->routes[0]), compare_routes);
	for (size_t i = 0; i < network->route_count; i++) {
		const struct network_route *route = &network->routes[i];

		if (kept > 0 && network->routes[kept - 1].be_prefix == route->be_prefix &&
		    network->routes[kept - 1].length == route->length)
			continue;
		network->routes[kept++] = *route;
	}
	network->route_count = kept;
}

static bool neighbour_is_sent_to(void *context, const struct neighbour *row)
{
	const struct network *network = context;

	return resolver_wants(network->resolver, row->interface, row->be_address);
}

bool read_neighbour_message(struct network *network, const struct nlmsghdr *message)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[NDA_LLADDR + 1] = {NULL};

	if (info->ndm_family != AF_INET ||
	    network_find_port(network, (uint32_t)info->ndm_ifindex) < 0)
		return false;
	COLLECT(message, sizeof(*info), items, NDA_LLADDR);

	struct neighbour_news news = {.interface = (uint32_t)info->ndm_ifindex,
				      .be_address = attribute_u32(items[NDA_DST]),
				      .state = info->ndm_state,
				      .mac = attribute_mac(items[NDA_LLADDR])};

	if (news.state & NUD_NOARP) /* multicast and broadcast are nobody's MAC */
		return false;
	if (message->nlmsg_type == RTM_NEWNEIGH)
		return neighbour_table_update(&network->neighbours, &news);
	if (message->nlmsg_type == RTM_DELNEIGH)
		return neighbour_table_forget(
			&network->neighbours, news.interface, news.be_address,
			resolver_wants(network->resolver, news.interface, news.be_address));
	return false;
}

static int on_neighbour(const struct nlmsghdr *message, void *context)
{
	read_neighbour_message(context, message);
	return MNL_CB_OK;
}

/* A dump of everything of one type; `header_size` bytes behind the message head are zero but the
 * family. */
static int dump(struct network *network, uint16_t type, size_t header_size, uint8_t family,
		mnl_cb_t on_message, size_t *count)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	int error = -EINTR;

	for (int i = 0; i < READ_ATTEMPTS && error == -EINTR; i++) {
		struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
		uint8_t *header = mnl_nlmsg_put_extra_header(request, header_size);

		request->nlmsg_type = type;
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		header[0] = family; /* ifi_family, ifa_family, rtm_family, ndm_family */
		if (count != NULL)
			*count = 0;
		error = netlink_request(network->netlink, request, on_message, network);
	}
	return error == -EINTR ? 0 : error; /* what was read is nearly right; news will follow */
}

int read_links(struct network *network)
{
	return dump(network, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, on_link,
		    &network->link_count);
}

int read_addresses(struct network *network)
{
	return dump(network, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_INET, on_address,
		    &network->address_count);
}

int read_routes(struct network *network)
{
	int error = dump(network, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, on_route,
			 &network->route_count);

	routes_keep_best(network);
	return error;
}

int read_neighbours(struct network *network)
{
	neighbour_table_begin(&network->neighbours);

	int error = dump(network, RTM_GETNEIGH, sizeof(struct ndmsg), AF_INET, on_neighbour, NULL);

	neighbour_table_end(&network->neighbours, neighbour_is_sent_to, network);
	return error;
}
